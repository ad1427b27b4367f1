"""`likelihand evaluate`: a model, a data set and a protocol become scores."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli.detectors import detector_of, judge
from likelihand.cli.parsing import Namespace, Parser, command_parser

if TYPE_CHECKING:
    from likelihand.data.dataset import Dataset
    from likelihand.evaluation import PredictCrops


def parser() -> Parser:
    """Describe the command's options."""
    from likelihand.data.dataset import Dataset

    p = command_parser("evaluate", "Score a model on a labelled data set.")
    p.add_argument("model", type=Path, help=".onnx file, .safetensors checkpoint or run folder")
    p.add_argument(
        "--data",
        type=Dataset | Path,
        required=True,
        help="folder or file, YAML file or options with class_path and init_args",
    )
    p.add_argument("--where", nargs="*", default=[], metavar="FIELD=VALUE", help="which hands of a COCO file")
    p.add_argument(
        "--box",
        choices=["annotation", "keypoints"],
        help="whose box of a COCO file: the file's own, or the tight one of its keypoints",
    )
    p.add_argument("--protocol", default="paper", help="paper, mmpose or box")
    p.add_argument("--json", type=Path | None, help="write the report here as JSON too")
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument(
        "--padding", type=float | None, help="side of the crop over the box's; the model's where absent"
    )
    p.add_argument("--limit", type=int | None, help="score so many samples, spread evenly")
    p.add_argument("--threshold", type=float | None, help="least score of a hand detector's find; the model's own")
    p.add_argument("--threads", type=int | None, help="threads of one prediction")
    p.add_argument("--workers", type=int, default=0, help="threads that read pictures")
    p.add_argument("--uncertainty", action="store_true", help="score its uncertainty too, beside baselines")
    p.add_argument("--plots", type=Path | None, help="folder for reliability and risk-coverage plots")
    return p


def run(arguments: Namespace) -> int:
    """Evaluate and print the report; the first process alone speaks."""
    if (runtime := detector_of(arguments.model, arguments.threads)) is not None:
        return judge(runtime, arguments, data_of)
    from likelihand import distributed
    from likelihand.evaluation import evaluate, evenly

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
            if arguments.uncertainty or arguments.plots is not None:
                _uncertainty(arguments, dataset)
    return 0


def _uncertainty(arguments: Namespace, dataset: "Dataset") -> None:
    """Print the scores of the model's uncertainty, add them to the JSON, draw the plots."""
    from likelihand.calibration import compare, observe
    from likelihand.calibration.flow import learned_density
    from likelihand.evaluation import evenly
    from likelihand.predictor import load, model_file

    file = model_file(arguments.model)
    runtime = load(file, threads=arguments.threads, detector=False).runtime
    seen = observe(
        runtime,
        dataset,
        evenly(len(dataset), arguments.limit),
        batch_size=arguments.batch_size,
        padding=arguments.padding,
        progress=sys.stderr.isatty(),
    )
    density = learned_density(file) if file.suffix.lower() == ".safetensors" else None
    comparison = compare(seen, runtime.metadata.calibration, density)
    print(f"\n{comparison}")
    if arguments.json is not None:
        content = json.loads(arguments.json.read_text("utf-8")) | {"uncertainty": comparison.to_json()}
        arguments.json.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if arguments.plots is not None:
        from likelihand.plots import save_plots

        save_plots(comparison.statements, comparison.error, arguments.plots)


def _protocol(name: str) -> Any:  # noqa: ANN401
    from likelihand.metrics import BOX, MMPOSE, PAPER

    protocols = {p.name: p for p in (PAPER, MMPOSE, BOX)}
    if name not in protocols:
        raise ValueError(f"protocol {name!r} is not known; give one of {', '.join(protocols)}")
    return protocols[name]


def data_of(arguments: Namespace) -> "Dataset":
    """Open the data set that `--data`, `--where` and `--box` describe."""
    options = _options(arguments)
    if not isinstance(arguments.data, Path):
        if options:
            raise ValueError(f"--{next(iter(options))} goes with a path; a class takes it as --data.init_args")
        return _built(arguments.data)
    if arguments.data.suffix in {".yaml", ".yml"} and arguments.data.is_file() and not options:
        import yaml

        return _built(yaml.safe_load(arguments.data.read_text(encoding="utf-8")))
    from likelihand.data.check import detect

    try:
        return detect(arguments.data, **options)
    except TypeError as error:
        raise ValueError(f"{arguments.data}: --where and --box are for COCO files alone ({error})") from error


def _built(description: object) -> "Dataset":
    """Build a data set of its class_path and init_args."""
    from likelihand.data.dataset import Dataset

    alone = command_parser("evaluate", "")
    alone.add_argument("--data", type=Dataset)
    dataset: Dataset = alone.instantiate(alone.parse_object({"data": description})).data
    return dataset


def _options(arguments: Namespace) -> dict[str, Any]:
    """Give what the options say to the reader of a COCO file."""
    pairs = [text.partition("=") for text in arguments.where]
    if wrong := [field for field, equals, _ in pairs if not (field and equals)]:
        raise ValueError(f"--where {wrong[0]!r} is not FIELD=VALUE; give say subset=core")
    where = {field: value for field, _, value in pairs}
    return ({"where": where} if where else {}) | ({"box": arguments.box} if arguments.box else {})


def _model(arguments: Namespace) -> "tuple[PredictCrops, tuple[int, int], float]":
    """Give what runs crops, the crop's size and the padding; a checkpoint answers with all its stages."""
    from likelihand.predictor import model_file

    file = model_file(arguments.model)
    if file.suffix.lower() == ".safetensors":
        import torch

        from likelihand.checkpoint import load_checkpoint
        from likelihand.evaluation import predict_crops_of

        if arguments.threads is not None:
            torch.set_num_threads(arguments.threads)
        network, info = load_checkpoint(file)
        return predict_crops_of(network), info.size, info.padding
    from likelihand.predictor import load

    runtime = load(file, threads=arguments.threads, detector=False).runtime
    return lambda crops: runtime(crops)["points"], runtime.metadata.size, runtime.metadata.padding


@contextmanager
def _processes() -> Iterator[None]:
    """Join the other processes where a launcher such as torchrun started several."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    import torch.distributed

    torch.distributed.init_process_group("gloo")
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()
