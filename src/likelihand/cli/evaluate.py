"""`likelihand evaluate`: score a model on a data set under a protocol."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli.labelled import add_data_options, data_of, opened, where_of
from likelihand.cli.parsing import BUNDLED, Namespace, Parser, command_parser
from likelihand.cli.plain import DEVICE_HELP, MODEL_HELP, THREADS_HELP
from likelihand.utils.files import made_ready

if TYPE_CHECKING:
    from collections.abc import Sequence

    from likelihand.data.dataset import Dataset
    from likelihand.data.scenes import Scenes
    from likelihand.evaluation import Predictions
    from likelihand.inference.runtimes import Runtime
    from likelihand.uncertainty import Calibration


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser("evaluate", "Score a model on a labelled data set.")
    p.add_argument(
        "model",
        type=Path,
        help=f"{MODEL_HELP}; `bundled` for the bundled model",
    )
    add_data_options(p, "--data")
    p.add_argument("--protocol", default="paper", help="paper, mmpose or box")
    p.add_argument("--json", type=Path | None, help="also write the report to this JSON file")
    p.add_argument("--batch-size", type=int, default=32, help="crops in a batch")
    p.add_argument(
        "--padding", type=float | None, help="side of the crop, relative to the box; by default the model's"
    )
    p.add_argument("--limit", type=int | None, help="score at most this many samples, spread evenly")
    p.add_argument(
        "--threshold",
        type=float | None,
        help="minimum score of a detection, for a hand detector; by default the model's",
    )
    p.add_argument("--threads", type=int | None, help=THREADS_HELP)
    p.add_argument("--device", type=str | None, help=DEVICE_HELP)
    p.add_argument("--workers", type=int, default=0, help="threads that read images")
    p.add_argument(
        "--uncertainty", action="store_true", help="also score the uncertainty, and compare it with baselines"
    )
    p.add_argument(
        "--tta",
        type=int,
        default=1,
        help="test-time augmentations per hand when the uncertainty is scored, 1 to 4",
    )
    p.add_argument(
        "--calibration",
        type=str | None,
        help="calibration to use: photos or rendered; by default photos if the model has it",
    )
    p.add_argument(
        "--worst", type=Path | None, help="draw the 20 worst hands, label next to prediction, to this PNG file"
    )
    p.add_argument("--plots", type=Path | None, help="folder for reliability and risk-coverage plots")
    return p


def run(arguments: Namespace) -> int:
    """Evaluate and print the report; of several processes the first one alone prints and writes."""
    if str(arguments.model) == BUNDLED:
        from likelihand.inference import bundled

        arguments.model = bundled()
    with _processes(arguments.device):
        runtime = detector_of(arguments.model, arguments.threads, arguments.device)
        return _score_points(arguments) if runtime is None else judge(runtime, arguments)


def _score_points(arguments: Namespace) -> int:
    from likelihand.evaluation import predictions_by_look, score
    from likelihand.evaluation.keypoints import evenly
    from likelihand.inference.tta import LOOKS
    from likelihand.utils import distributed

    protocol, dataset = _protocol(arguments.protocol), data_of(arguments)
    _check(arguments, len(LOOKS))
    model, calibration = _model(arguments)
    looks = predictions_by_look(
        model,
        dataset,
        LOOKS[: arguments.tta if _wants_regions(arguments) else 1],
        evenly(len(dataset), arguments.limit),
        batch_size=arguments.batch_size,
        padding=arguments.padding,
        beyond=0.0,
        workers=arguments.workers,
        progress=sys.stderr.isatty(),
    )
    if distributed.rank() == 0:
        report = score(looks[0], protocol, _split(arguments, dataset))
        print(report)
        if arguments.json is not None:
            report.save(arguments.json)
        if _wants_regions(arguments):
            _look_closer(arguments, dataset, looks, calibration)
    return 0


def _check(arguments: Namespace, most: int) -> None:
    from likelihand.utils.validation import check_least

    check_least("--limit", arguments.limit, 1)
    if not 1 <= arguments.tta <= most:
        raise ValueError(f"--tta is {arguments.tta}; give 1 to {most}")
    if arguments.tta > 1 and not _wants_regions(arguments):
        raise ValueError(f"--tta is {arguments.tta}, but points are scored on one look; add --uncertainty")
    made_ready(arguments.json, arguments.worst)
    if arguments.plots is not None:
        import matplotlib  # noqa: F401  (says that it is missing before any work is done)

        arguments.plots.mkdir(parents=True, exist_ok=True)


def _wants_regions(arguments: Namespace) -> bool:
    return bool(arguments.uncertainty or arguments.plots is not None or arguments.worst is not None)


def _split(arguments: Namespace, dataset: "Dataset") -> str:
    from likelihand.data.abilities import name_of

    if isinstance(arguments.data, Path):
        return " ".join(map(str, [arguments.data, *arguments.where]))
    return name_of(dataset)


def _look_closer(
    arguments: Namespace,
    dataset: "Dataset",
    looks: "Sequence[Predictions]",
    calibration: "Calibration | None",
) -> None:
    """Score the model's regions, draw the worst hands."""
    from likelihand.evaluation.audit import write_worst
    from likelihand.evaluation.calibration import join

    seen = join([look.sized() for look in looks], calibration)
    if arguments.worst is not None:
        write_worst(arguments.worst, seen, dataset, calibration)
    if arguments.uncertainty or arguments.plots is not None:
        _uncertainty(arguments, seen, calibration)


def _uncertainty(arguments: Namespace, seen: "Predictions", calibration: "Calibration | None") -> None:
    """Print the scores of the model's uncertainty, add them to the JSON, draw the plots."""
    from likelihand.evaluation.calibration import compare
    from likelihand.evaluation.calibration.flow import learned_density
    from likelihand.inference import model_file

    file = model_file(arguments.model)
    density = learned_density(file) if file.suffix.lower() == ".safetensors" else None
    comparison = compare(seen, calibration, density)
    print(f"\n{comparison}")
    if arguments.json is not None:
        content = json.loads(arguments.json.read_text("utf-8")) | {"uncertainty": comparison.to_json()}
        arguments.json.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if arguments.plots is not None:
        from likelihand.evaluation.plots import save_plots

        save_plots(comparison.statements, comparison.error, arguments.plots)


def _protocol(name: str) -> Any:  # noqa: ANN401
    from likelihand.evaluation.metrics import BOX, MMPOSE, PAPER

    protocols = {p.name: p for p in (PAPER, MMPOSE, BOX)}
    if name not in protocols:
        raise ValueError(f"protocol {name!r} is not known; give one of {', '.join(protocols)}")
    return protocols[name]


def _model(arguments: Namespace) -> "tuple[Runtime, Calibration | None]":
    """Open the model, a checkpoint with all its stages, and choose its calibration."""
    from likelihand.inference import load, metadata_of, model_file

    file = model_file(arguments.model)
    options = {"threads": arguments.threads, "device": arguments.device, "detector": False}
    if file.suffix.lower() != ".safetensors":
        predict = load(file, **options, tta=arguments.tta, calibration=arguments.calibration)
        return predict.runtime, predict.calibration
    import torch

    from likelihand.evaluation import EveryStage
    from likelihand.inference import Predictor
    from likelihand.inference.runtimes import torch_device
    from likelihand.models.checkpoint import load_checkpoint

    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    network, info = load_checkpoint(file)
    model = EveryStage(network.to(torch_device(arguments.device)), metadata_of(network, info))
    return model, Predictor(model, tta=arguments.tta, calibration=arguments.calibration).calibration


@contextmanager
def _processes(device: str | None) -> Iterator[None]:
    """Join the other processes where a launcher such as torchrun or `accelerate launch` started several."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    from accelerate import PartialState

    from likelihand.utils import distributed

    PartialState(cpu=device in (None, "cpu"))
    try:
        yield
    finally:
        distributed.leave()


def detector_of(model: Path, threads: int | None, device: str | None = None) -> "Runtime | None":
    """Open a model if it is a hand detector."""
    from likelihand.inference import metadata_of, model_file
    from likelihand.inference.runtimes import OnnxRuntime, TorchRuntime, torch_device

    file = model_file(model)
    if file.suffix.lower() == ".safetensors":
        from likelihand.models.checkpoint import load_checkpoint, read_info

        if (read_info(file).network or {}).get("class") != "DetectionNetwork":
            return None
        network, info = load_checkpoint(file)
        return TorchRuntime(network.deploy().to(torch_device(device)), metadata_of(network, info), threads)
    if file.suffix.lower() != ".onnx":
        return None
    runtime = OnnxRuntime(file, threads, device=device)
    return runtime if runtime.metadata.kind == "detect" else None


def judge(runtime: "Runtime", arguments: Namespace) -> int:
    """Count missed hands and false detections by source, and print the table."""
    from likelihand.evaluation import evenly
    from likelihand.evaluation.boxes import count_detections, format_counts
    from likelihand.inference.detection import Detector
    from likelihand.utils import distributed

    scenes = _scenes(arguments)
    detector = Detector(runtime, arguments.threshold)
    indices = evenly(len(scenes), arguments.limit)
    counts = count_detections(detector, scenes, indices, workers=arguments.workers, progress=sys.stderr.isatty())
    if distributed.rank():
        return 0
    print(f"score at least {detector.threshold:g}")
    print(format_counts(counts))
    if arguments.json is not None:
        content = {name: asdict(each) for name, each in counts.items()}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _scenes(arguments: Namespace) -> "Scenes":
    """Open whole pictures: a COCO file, a folder of photos without hands, or a mix that a YAML file describes."""
    from likelihand.data import CocoScenes, EmptyScenes, SceneMix

    data = arguments.data
    if isinstance(data, Path) and data.is_dir():
        return EmptyScenes(data)
    if isinstance(data, Path) and data.suffix == ".json":
        return CocoScenes(data, where=where_of(arguments))
    built = opened(arguments)
    if not isinstance(built, SceneMix):
        raise ValueError(f"{type(built).__name__} holds no whole pictures; give a hand detector a SceneMix")
    return built
