"""What methods cost: seconds of a training step; parameters, multiply-adds and milliseconds when deployed."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tqdm import tqdm

from likelihand.export import export
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.runtimes import OnnxRuntime
from likelihand.losses import Batch
from likelihand.models import KeypointNetwork, PartComplexity, complexity
from likelihand.ops.heatmaps import soft_argmax
from likelihand.structures import KeypointLabels
from likelihand.study.methods import CPM, INTEGRAL_POSE, MLE, RLE, RLE_DENSITY, SIMPLE_BASELINE, Method
from likelihand.study.setting import Setting
from likelihand.training.state import Trainee, make_optimizer
from likelihand.utils.files import write_json
from likelihand.utils.validation import as_mapping, read_json

SPEED: Final = "speed.json"
COSTS: Final = "costs.json"
_ROUNDS: Final = 15
_PIXELS: Final = 32 * 96**2
"""A CPU is timed on at most so many pixels a step, and larger batches in proportion."""


@dataclass(frozen=True)
class Cost:
    """What one deployed network costs.

    Attributes:
        parameters: how many.
        multiply_adds: of convolutions and linear layers, for one crop.
        milliseconds: for one crop on ONNX Runtime, one thread; the median of rounds taken in turns.
    """

    parameters: int
    multiply_adds: int
    milliseconds: float


def seconds_per_step(methods: Iterable[Method], setting: Setting, file: Path) -> dict[str, float]:
    """Time a training step of every method on this machine, and keep the result for the next time.

    Time of the processor is counted, so that a busy machine gives the same.

    Args:
        methods: to be timed, in one thread or on the GPU; data are left out.
        setting: of the study.
        file: where the seconds are kept.

    Returns:
        Name of the method -> seconds.
    """
    key = {k: v for k, v in setting.to_json().items() if k in {"backbone", "stride", "frozen", "width", "stages"}}
    about = json.loads(json.dumps({**key, "size": setting.train.size, "batch": setting.train.batch_size}))
    known = _known(file)
    seconds: dict[str, float] = known.get("seconds", {}) if known.get("about") == about else {}
    left = [method for method in dict.fromkeys(methods) if method.name not in seconds]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for method in tqdm(left, desc="timing", unit="network", leave=False):
            seconds[method.name] = _step_seconds(method, setting)
    finally:
        torch.set_num_threads(threads)
    if left:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, {"about": about, "seconds": seconds})
    return seconds


def _step_seconds(method: Method, setting: Setting, rounds: int = 2) -> float:
    with torch.random.fork_rng(devices=[]):
        network = method.network(setting)
        trainee = Trainee(network, method.loss(setting)).train()
    device, batch, size = setting.device, setting.train.batch_size, setting.train.size
    optimizer = make_optimizer(trainee.to(device), 1e-3, 1.0, 0.0)
    count = batch if device.type == "cuda" else max(2, min(batch, _PIXELS // size**2))
    crops = torch.zeros(count, size, size, 3, dtype=torch.uint8, device=device)
    target = torch.full((count, network.keypoints, 2), size / 2, device=device)
    weight, traits = torch.ones_like(target[..., 0]), torch.full((count, 2), torch.nan, device=device)
    indices = torch.arange(count)

    def step() -> None:
        values = trainee(Batch(crops, KeypointLabels(target, weight, traits), indices)).values()
        torch.stack(list(values)).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()

    step()
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    return min(_timed(step, clock) for _ in range(rounds)) * batch / count


def _timed(task: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    task()
    return clock() - start


def costs(
    networks: Mapping[str, KeypointNetwork], size: tuple[int, int], file: Path, *, measure: bool = True
) -> dict[str, Cost]:
    """Measure what deployed networks cost, side by side, and keep the result for the next time.

    Nothing else should run meanwhile. All heatmaps are read by the softmax's mean here: reading costs next to
    nothing, and the highest cell of random weights is too close a call for the export's check.

    Args:
        networks: by name; the weights do not matter.
        size: (height, width) of the crops.
        file: where costs are kept; networks that are in it are not measured again.
        measure: whether to measure those that are not in it.

    Returns:
        Name -> cost, of those that are known now.
    """
    known = _known(file)
    left = {name: network for name, network in networks.items() if name not in known}
    if left and measure:
        known |= {name: asdict(cost) for name, cost in _measured(left, size).items()}
        write_json(file, known)
    return {name: Cost(**known[name]) for name in networks if name in known}


def _measured(networks: Mapping[str, KeypointNetwork], size: tuple[int, int]) -> dict[str, Cost]:
    crops = np.zeros((1, *size, 3), np.uint8)
    counted: dict[str, list[PartComplexity]] = {}
    with tempfile.TemporaryDirectory() as folder:
        sessions: dict[str, OnnxRuntime] = {}
        for name, network in tqdm(networks.items(), desc="costs", unit="network", leave=False):
            if network.decoder is not None:
                network.decoder = soft_argmax
            file = Path(folder, f"{len(counted)}.onnx")
            export(network.eval(), file, ModelMetadata(size=size, stages=len(network.stages)))
            counted[name] = complexity(network.deploy(), size)
            sessions[name] = OnnxRuntime(file, threads=1)
        seconds = _in_turns({name: _call(session, crops) for name, session in sessions.items()})
    return {
        name: Cost(sum(p.parameters for p in parts), sum(p.multiply_adds for p in parts), 1e3 * seconds[name])
        for name, parts in counted.items()
    }


def _call(session: OnnxRuntime, crops: np.ndarray[Any, np.dtype[np.uint8]]) -> Callable[[], object]:
    return lambda: session(crops)


def _in_turns(tasks: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Time tasks in turns, so that a slow moment of the machine hits them alike."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(_ROUNDS):
        for name, task in tasks.items():
            times[name].append(_timed(task))
    return {name: statistics.median(values) for name, values in times.items()}


def networks_of(setting: Setting, *, stages: bool, rivals: bool) -> dict[str, KeypointNetwork]:
    """Make the networks whose cost is of interest: the paper's cut after every stage, and the rivals'.

    Args:
        setting: of the study.
        stages: all stages of the paper's network; the last alone where False.
        rivals: the networks of RLE, Integral Pose (which is SimpleBaseline's too) and CPM.

    Returns:
        "stage 1" and so on, and names of methods -> network.
    """
    whole: Any = MLE.network(setting)
    chosen = range(1, setting.stages + 1) if stages else [setting.stages]
    made: dict[str, KeypointNetwork] = {f"stage {t}": whole.deploy(t).network for t in chosen}
    return made | ({m.name: m.network(setting) for m in (RLE, INTEGRAL_POSE, CPM)} if rivals else {})


def cost_name(method: Method, setting: Setting) -> str:
    """Return the network in `networks_of` that a method deploys.

    Example:
        >>> from likelihand.study.methods import HEATMAP, SIMPLE_BASELINE
        >>> cost_name(HEATMAP, Setting()), cost_name(SIMPLE_BASELINE, Setting())
        ('stage 5', 'integral-pose')
    """
    shared = {RLE.name: RLE, RLE_DENSITY.name: RLE, CPM.name: CPM}
    shared |= {INTEGRAL_POSE.name: INTEGRAL_POSE, SIMPLE_BASELINE.name: INTEGRAL_POSE}
    return shared[method.name].name if method.name in shared else f"stage {setting.stages}"


def _known(file: Path) -> dict[str, Any]:
    """Read what was measured before."""
    return as_mapping(read_json(file, "costs of this study"), str(file)) if file.exists() else {}
