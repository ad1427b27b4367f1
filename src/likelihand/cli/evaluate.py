"""`likelihand evaluate`: a model, a data set and a protocol become scores."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli.detectors import detector_of, judge
from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.cli.plain import DEVICE_HELP

if TYPE_CHECKING:
    from likelihand.calibration import Observations
    from likelihand.data.dataset import Dataset
    from likelihand.evaluation import PredictCrops
    from likelihand.uncertainty import Calibration


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser("evaluate", "Score a model on a labelled data set.")
    p.add_argument("model", type=Path, help=".onnx file, .safetensors checkpoint or run folder")
    add_data_options(p, "--data")
    p.add_argument("--protocol", default="paper", help="paper, mmpose or box")
    p.add_argument("--json", type=Path | None, help="write the report here as JSON too")
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument(
        "--padding", type=float | None, help="side of the crop over the box's; the model's where absent"
    )
    p.add_argument("--limit", type=int | None, help="score so many samples, spread evenly")
    p.add_argument("--threshold", type=float | None, help="least score of a hand detector's find; the model's own")
    p.add_argument("--threads", type=int | None, help="threads of one prediction")
    p.add_argument("--device", type=str | None, help=DEVICE_HELP)
    p.add_argument("--workers", type=int, default=0, help="threads that read pictures")
    p.add_argument("--uncertainty", action="store_true", help="score its uncertainty too, beside baselines")
    p.add_argument("--tta", type=int, default=1, help="looks at a hand whose uncertainty is scored, 1 to 4")
    p.add_argument("--calibration", type=str | None, help="photos or rendered; photos where the model has it")
    p.add_argument("--worst", type=Path | None, help="draw the 20 worst hands, label beside estimate, as this PNG")
    p.add_argument("--plots", type=Path | None, help="folder for reliability and risk-coverage plots")
    return p


def run(arguments: Namespace) -> int:
    """Evaluate and print the report; the first process alone speaks."""
    if (runtime := detector_of(arguments.model, arguments.threads, arguments.device)) is not None:
        return judge(runtime, arguments)
    from likelihand.evaluation import evaluate, evenly
    from likelihand.utils import distributed

    protocol = _protocol(arguments.protocol)
    dataset = data_of(arguments)
    if arguments.limit is not None and arguments.limit < 1:
        raise ValueError(f"--limit is {arguments.limit}; give 1 or more")
    predict_crops, size, padding = _model(arguments)
    with _processes():
        report = evaluate(
            predict_crops,
            dataset,
            protocol,
            size=size,
            batch_size=arguments.batch_size,
            padding=padding if arguments.padding is None else arguments.padding,
            split=" ".join(map(str, [arguments.data, *arguments.where]))
            if isinstance(arguments.data, Path)
            else "",
            indices=evenly(len(dataset), arguments.limit),
            workers=arguments.workers,
            progress=sys.stderr.isatty(),
        )
        if distributed.rank() == 0:
            print(report)
            if arguments.json is not None:
                report.save(arguments.json)
            if arguments.uncertainty or arguments.plots is not None or arguments.worst is not None:
                _look_closer(arguments, dataset)
    return 0


def _look_closer(arguments: Namespace, dataset: "Dataset") -> None:
    """Run the model's estimates with their regions: score these, draw the worst hands."""
    from likelihand.audit import write_worst
    from likelihand.calibration import join, observe_looks
    from likelihand.evaluation import evenly
    from likelihand.inference import load, model_file
    from likelihand.inference.tta import LOOKS

    file = model_file(arguments.model)
    predict = load(
        file,
        threads=arguments.threads,
        device=arguments.device,
        detector=False,
        tta=arguments.tta,
        calibration=arguments.calibration,
    )
    runtime, calibration = predict.runtime, predict.calibration
    looks = observe_looks(
        runtime,
        dataset,
        LOOKS[: arguments.tta],
        evenly(len(dataset), arguments.limit),
        batch_size=arguments.batch_size,
        padding=arguments.padding,
        progress=sys.stderr.isatty(),
    )
    seen = join(looks, calibration)
    if arguments.worst is not None:
        write_worst(arguments.worst, seen, dataset, calibration)
    if arguments.uncertainty or arguments.plots is not None:
        _uncertainty(arguments, seen, calibration, file)


def _uncertainty(
    arguments: Namespace, seen: "Observations", calibration: "Calibration | None", file: Path
) -> None:
    """Print the scores of the model's uncertainty, add them to the JSON, draw the plots."""
    from likelihand.calibration import compare
    from likelihand.calibration.flow import learned_density

    density = learned_density(file) if file.suffix.lower() == ".safetensors" else None
    comparison = compare(seen, calibration, density)
    print(f"\n{comparison}")
    if arguments.json is not None:
        content = json.loads(arguments.json.read_text("utf-8")) | {"uncertainty": comparison.to_json()}
        arguments.json.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if arguments.plots is not None:
        from likelihand.visualization.plots import save_plots

        save_plots(comparison.statements, comparison.error, arguments.plots)


def _protocol(name: str) -> Any:  # noqa: ANN401
    from likelihand.metrics import BOX, MMPOSE, PAPER

    protocols = {p.name: p for p in (PAPER, MMPOSE, BOX)}
    if name not in protocols:
        raise ValueError(f"protocol {name!r} is not known; give one of {', '.join(protocols)}")
    return protocols[name]


def _model(arguments: Namespace) -> "tuple[PredictCrops, tuple[int, int], float]":
    """Return what runs crops, the crop's size and the padding; a checkpoint runs all its stages."""
    from likelihand.inference import model_file

    file = model_file(arguments.model)
    if file.suffix.lower() == ".safetensors":
        import torch

        from likelihand.evaluation import predict_crops_of
        from likelihand.inference.runtimes import torch_device
        from likelihand.models.checkpoint import load_checkpoint

        if arguments.threads is not None:
            torch.set_num_threads(arguments.threads)
        network, info = load_checkpoint(file)
        return predict_crops_of(network.to(torch_device(arguments.device))), info.size, info.padding
    from likelihand.inference import load

    runtime = load(file, threads=arguments.threads, device=arguments.device, detector=False).runtime
    return lambda crops: runtime(crops)["points"], runtime.metadata.size, runtime.metadata.padding


@contextmanager
def _processes() -> Iterator[None]:
    """Join the other processes where a launcher such as torchrun started several."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    import torch.distributed

    from likelihand.utils import distributed

    torch.distributed.init_process_group("gloo")
    try:
        yield
    finally:
        distributed.leave()
