"""Measure the speed of the parts, side by side in one run.

Absolute times belong to a machine and an hour; ratios of things timed in turns, round after round, travel.
"""

import io
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from likelihand.data.images import decode_image
from likelihand.geometry import crop_matrix, warp_image
from likelihand.inference.devices import DeviceError
from likelihand.inference.runtimes import OnnxRuntime, torch_device
from likelihand.utils.tables import aligned
from likelihand.utils.validation import check_least, one_line

if TYPE_CHECKING:
    from torch import Tensor, nn

    from likelihand.losses import StageLoss
    from likelihand.models import SequentialHeatmapNetwork
    from likelihand.ops.heatmaps import Prediction

Task: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: what was measured.
        value: the figure.
        unit: its unit.
        note: what it was measured on.
    """

    name: str
    value: float
    unit: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What to measure on.

    Attributes:
        backbone: timm name of the backbone.
        stages: stages of the network.
        size: side of the crop in pixels.
        batch: crops in a batch.
        threads: threads of one call.
        rounds: how often each thing is timed; the median counts.
        device: of the bundled models on ONNX Runtime, and of the network on PyTorch.
    """

    backbone: str = "resnet50"
    stages: int = 5
    size: int = 256
    batch: int = 8
    threads: int = 1
    rounds: int = 7
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("stages", "size", "batch", "threads", "rounds"):
            check_least(f"bench option {name}", getattr(self, name), 1)


def interleaved(tasks: Mapping[str, Task], rounds: int) -> dict[str, float]:
    """Time tasks in turns, so that a slow phase of the machine affects them all; return medians in seconds.

    Each runs once more, untimed, before.

    Example:
        >>> sorted(interleaved({"a": lambda: None, "b": lambda: sum(range(9))}, rounds=3))
        ['a', 'b']
    """
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def bench(options: BenchOptions) -> list[Row]:
    """Measure everything in one run; a part that cannot be measured gets a row with the reason.

    Sets the number of threads of PyTorch for the whole process.

    Raises:
        ValueError: neither ONNX Runtime nor PyTorch has the device, or the backbone is not known.
    """
    devices, problem = list(_devices(options)), _torch_problem(options.device)
    if problem is not None and not all(np.isfinite(row.value) for row in devices):
        raise DeviceError(f"{devices[0].note}; {problem}")
    network = _network(options) if problem is None else [_not_measured("network", "ms", problem)]
    return [*_reading(options), *devices, *network, *_rendering(options)]


def _torch_problem(device: str) -> Exception | None:
    """Return why PyTorch cannot run on a device, None where it can."""
    try:
        torch_device(device)
    except (ImportError, DeviceError) as error:
        return error
    return None


def _not_measured(name: str, unit: str, error: Exception) -> Row:
    return Row(name, math.nan, unit, f"not measured: {one_line(error)}")


def _devices(options: BenchOptions) -> Iterator[Row]:
    """Time the bundled models on ONNX Runtime's CPU and on the device, in turns, and compare their outputs."""
    from likelihand.inference import bundled

    for name, file in (("hand model", bundled()), ("detector", bundled().with_name("detect.onnx"))):
        try:
            there = OnnxRuntime(file, options.threads, device=options.device)
        except DeviceError as error:
            yield _not_measured(name, "ms", error)
            return
        here = there if options.device == "cpu" else OnnxRuntime(file, options.threads)
        for count in sorted({1, options.batch}):
            yield from _on_devices(name, {here.device: here, there.device: there}, count, options)


def _on_devices(
    name: str, runtimes: Mapping[str, OnnxRuntime], count: int, options: BenchOptions
) -> Iterator[Row]:
    (cpu, *_), last = runtimes.values(), [*runtimes.values()][-1]
    shape = (count, *cpu.metadata.size, 3)
    crops = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    seconds = interleaved({k: partial(run, crops) for k, run in runtimes.items()}, options.rounds)
    for device, value in seconds.items():
        yield Row(f"{name}, {device}", 1e3 * value, "ms", f"batch {count}, {options.threads} threads of the CPU")
    if last is not cpu:
        ratio = seconds[last.device] / seconds[cpu.device]
        yield Row(f"{name}, {last.device} / CPU", ratio, "x", f"batch {count}")
        output = "points" if cpu.metadata.kind == "hand" else "boxes"
        difference = np.abs(last(crops)[output] - cpu(crops)[output]).max()
        yield Row(
            f"{name}, {last.device} against CPU", float(difference), "px", f"greatest difference of {output}"
        )


def _reading(options: BenchOptions, side: int = 224, count: int = 32) -> Iterator[Row]:
    """Compare decoding and warping with decoding alone, on JPEG pictures of FreiHAND's size."""
    rng = np.random.default_rng(0)
    files = [_jpeg(rng.integers(0, 256, (8, 8, 3), np.uint8), side) for _ in range(count)]
    boxes = [(x, y, x + side / 2, y + side / 2) for x, y in rng.uniform(0, side / 2, (count, 2))]
    matrices = [crop_matrix(box, (options.size, options.size)) for box in boxes]

    def decode() -> None:
        for file in files:
            decode_image(file)

    def decode_and_warp() -> None:
        for file, matrix in zip(files, matrices, strict=True):
            warp_image(decode_image(file), matrix, (options.size, options.size))

    seconds = interleaved({"decode": decode, "both": decode_and_warp}, options.rounds)
    note = f"{side} px JPEG -> {options.size} px crop"
    yield Row("decode", count / seconds["decode"], "images/s", note)
    yield Row("decode + warp", count / seconds["both"], "images/s", note)
    yield Row("decode + warp / decode", seconds["decode"] / seconds["both"], "of its speed", note)


def _jpeg(colours: NDArray[np.uint8], side: int) -> bytes:
    """Write a JPEG of a few colours that flow into each other."""
    import PIL.Image

    data = io.BytesIO()
    PIL.Image.fromarray(colours).resize((side, side), PIL.Image.Resampling.BICUBIC).save(data, "JPEG", quality=95)
    return data.getvalue()


def _network(options: BenchOptions) -> Iterator[Row]:
    """Time the network of the options on PyTorch."""
    import torch

    torch.set_num_threads(options.threads)
    from likelihand.losses import ResidualLogLikelihood
    from likelihand.models import SequentialHeatmapNetwork, TimmBackbone

    network = SequentialHeatmapNetwork(TimmBackbone(options.backbone), stages=options.stages).to(options.device)
    bare = TimmBackbone(options.backbone).to(options.device)
    loss = ResidualLogLikelihood(stages=options.stages).to(options.device)
    shape = (options.batch, options.size, options.size, 3)
    crops = torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, np.uint8)).to(options.device)
    yield from _steps(options, network, bare, loss, crops)
    if options.device == "cpu":
        yield from _runtimes(options, network, crops)


def _steps(
    options: BenchOptions, network: "nn.Module", bare: "nn.Module", loss: "StageLoss", crops: "Tensor"
) -> Iterator[Row]:
    """Time forward passes and training steps of the network and of its backbone alone, and the loss by itself."""
    import torch

    plain = (crops.permute(0, 3, 1, 2) / 255 - 0.5) / 0.25
    target = torch.rand(options.batch, 21, 2, device=crops.device) * options.size
    weight = torch.ones(options.batch, 21, device=crops.device)
    with torch.no_grad():
        predictions = [p._replace(mean=p.mean.clone(), log_scale=p.log_scale.clone()) for p in network(crops)]
    for prediction in predictions:
        for tensor in (prediction.mean, prediction.log_scale):
            tensor.requires_grad_()

    def objective(of: "list[Prediction]") -> "Tensor":
        return loss.of_predictions(of, target, weight).mean()

    tasks = {
        "forward": _inference(network, crops),
        "forward bare": _inference(bare, plain),
        "step": _step([network, loss], lambda: objective(network(crops))),
        "step bare": _step([bare], lambda: bare(plain).square().mean()),
        "loss": lambda: objective(predictions).backward(),  # type: ignore[no-untyped-call]
    }
    seconds = interleaved({name: _awaited(task, options.device) for name, task in tasks.items()}, options.rounds)
    note = f"{options.backbone}, {options.stages} stages, {options.size} px, batch {options.batch}"
    for name in ("forward", "step"):
        yield Row(f"{name}, network", 1e3 * seconds[name], "ms", note)
        yield Row(f"{name}, bare backbone", 1e3 * seconds[f"{name} bare"], "ms", note)
        yield Row(f"{name}, network / bare backbone", seconds[name] / seconds[f"{name} bare"], "x", note)
    yield Row("loss and flows, forward and backward", 1e3 * seconds["loss"], "ms", note)
    yield Row("loss and flows / training step", 100 * seconds["loss"] / seconds["step"], "%", note)


def _inference(network: "nn.Module", images: "Tensor") -> Task:
    import torch

    def run() -> None:
        network.eval()
        with torch.inference_mode():
            network(images)

    return run


def _step(modules: "list[nn.Module]", objective: "Callable[[], Tensor]") -> Task:
    """Make one training step: forward, backward, Adam."""
    import torch

    optimiser = torch.optim.Adam([p for m in modules for p in m.parameters()], lr=1e-5)

    def run() -> None:
        for module in modules:
            module.train()
        optimiser.zero_grad()
        objective().backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return run


def _awaited(task: Task, device: str) -> Task:
    """Make a task wait for the accelerator, which works on after the call has returned."""
    if device == "cpu":
        return task
    import torch

    def run() -> None:
        task()
        torch.cuda.synchronize()

    return run


def _runtimes(options: BenchOptions, network: "SequentialHeatmapNetwork", crops: "Tensor") -> Iterator[Row]:
    """Compare PyTorch with ONNX Runtime on the deployed network, one crop at a time and by the batch."""
    from likelihand.inference.export import export
    from likelihand.inference.metadata import ModelMetadata
    from likelihand.inference.runtimes import TorchRuntime

    metadata = ModelMetadata(size=(options.size, options.size), stages=options.stages)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        difference = export(network, file, metadata)
        ours, theirs = TorchRuntime(network.deploy(), metadata), OnnxRuntime(file, options.threads)
    arrays = crops.numpy()
    for count in sorted({1, options.batch}):
        part = arrays[:count]
        seconds = interleaved(
            {"torch": lambda part=part: ours(part), "onnx": lambda part=part: theirs(part)},  # type: ignore[misc]
            options.rounds,
        )
        note = f"batch {count}, {options.threads} threads"
        yield Row("predict, PyTorch", 1e3 * seconds["torch"], "ms", note)
        yield Row("predict, ONNX Runtime", 1e3 * seconds["onnx"], "ms", note)
        yield Row("predict, ONNX Runtime / PyTorch", seconds["onnx"] / seconds["torch"], "x", note)
    yield Row("ONNX Runtime against PyTorch", difference, "px", "greatest difference found at export")


def _rendering(options: BenchOptions, count: int = 16, side: int = 160) -> Iterator[Row]:
    """Time rendered hands, where the extra that renders them is installed."""
    try:
        from likelihand.data.rendered import Synthetic

        Synthetic(1, size=side).record(0).read()
    except ImportError as error:
        yield _not_measured("rendered hands", "images/s", error)
        return
    hands = Synthetic(count * (options.rounds + 1), size=side)
    position = iter(range(len(hands)))

    def render() -> None:
        for _ in range(count):
            hands.record(next(position)).read()

    seconds = interleaved({"render": render}, options.rounds)
    yield Row("rendered hands", count / seconds["render"], "images/s", f"{side} px, one process")


def table(rows: list[Row]) -> str:
    """Lay out rows as text.

    Example:
        >>> print(table([Row("decode", 1234.5, "images/s", "224 px"), Row("ratio", 0.5, "x")]))
        decode  1234  images/s  224 px
        ratio    0.5  x
    """
    return aligned([(row.name, f"{row.value:.4g}", row.unit, row.note) for row in rows], left=(0, 2, 3))


def to_json(options: BenchOptions, rows: list[Row]) -> dict[str, Any]:
    """Return the table and what it was measured on as JSON values, null where a part was not measured."""
    values = [asdict(row) | {"value": row.value if np.isfinite(row.value) else None} for row in rows]
    return {"options": asdict(options), "rows": values}
