"""`likelihand train`: train a network from a run file."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from likelihand.cli.parsing import BUNDLED, Extend, Namespace, Parser, as_list, command_parser

if TYPE_CHECKING:
    from torch import nn

    from likelihand.data.selection import LeftOut


def parser() -> Parser:
    """Describe the command's options; PyTorch is imported, since the run file names its classes."""
    from torch import nn

    from likelihand.data.dataset import Dataset, TrainingData
    from likelihand.training import TrainConfig

    p = command_parser(
        "train", "Train a network from a run file; any value can be overridden, e.g. --train.epochs 3."
    )
    p.add_argument("--config", action="config", help="the run file (YAML)")
    for name, example, kind, required in (
        ("network", "likelihand.SequentialHeatmapNetwork", nn.Module, True),
        ("loss", "likelihand.ResidualLogLikelihood", nn.Module, True),
        ("train_data", "likelihand.data.CocoHands", TrainingData, True),
        ("validation_data", "likelihand.data.CocoHands", Dataset | None, False),
    ):
        p.add_argument(
            f"--{name}", type=kind, required=required, help=f"class_path, e.g. {example}, and its init_args"
        )
    p.add_argument(
        "--train",
        type=TrainConfig,
        default=TrainConfig(),
        help="schedule and settings",
    )
    p.add_argument("--out", type=Path, default=Path("runs/latest"), help="output folder of the run")
    p.add_argument(
        "--start",
        type=Path | None,
        help="start from the weights of this checkpoint or run folder; `bundled` for the bundled model",
    )
    p.add_argument(
        "--leave-out",
        nargs="*",
        action=Extend,
        default=[],
        metavar="CSV",
        help="leave out the training hands listed in this file, e.g. audit's suspects.csv; may be repeated",
    )
    p.add_argument(
        "--parts", nargs="*", metavar="PART", help="parts to take with --start, e.g. backbone; by default all"
    )
    p.add_argument("--resume", action="store_true", help="resume from the last checkpoint in the output folder")
    return p


def run(arguments: Namespace) -> int:
    """Build what the run file describes, its random weights by the run's seed, and train it.

    An interrupted run gives 130; `--resume` goes on with it.
    """
    import torch

    from likelihand.training import train
    from likelihand.training.memory import keep_freed_memory
    from likelihand.training.run import LAST
    from likelihand.utils import distributed

    keep_freed_memory()
    torch.manual_seed(arguments.train.seed)
    built = parser().instantiate(arguments)
    if built.leave_out:
        built.train_data = _leave_out(built)
    if built.start is not None and not (built.resume and (built.out / LAST).exists()):
        _start(built)
    result = train(
        built.network,
        built.loss,
        built.train_data,
        built.validation_data,
        built.train,
        out=built.out,
        resume=built.resume,
    )
    distributed.leave()
    return 0 if result.finished else 130


def _leave_out(built: Namespace) -> "LeftOut":
    from likelihand.data.selection import leave_out, read_keys

    kept = leave_out(built.train_data, {file: read_keys(file) for file in as_list(built.leave_out)})
    told = ", ".join(f"{count} of {name}" for name, count in kept.left_out.items())
    _say(f"leaving out {len(built.train_data) - len(kept)} of {len(built.train_data)} hands: {told}")
    return kept


def _start(built: Namespace) -> None:
    from likelihand.inference import bundled, model_file
    from likelihand.models import as_network
    from likelihand.models.checkpoint import start_from

    if str(built.start) == BUNDLED:
        file = bundled().with_name(f"{as_network(built.network).kind}.safetensors")
    else:
        file = model_file(built.start)
    if file.suffix.lower() == ".onnx":
        raise ValueError(
            f"--start {file}: an exported file cannot be trained; give the checkpoint or run folder that it was "
            "exported from, or bundled for the package's own"
        )
    taken = start_from(file, built.network, built.loss, built.parts)
    fresh = ", ".join([*taken.fresh, *([] if taken.loss else ["loss"])])
    _say(f"starting from {file}{' with fresh ' if fresh else ''}{fresh}")


def _say(text: str) -> None:
    """Print a line on standard error, once however many processes a launcher started."""
    if os.environ.get("RANK", "0") == "0":
        print(text, file=sys.stderr)


def network_of(run_file: Path) -> "nn.Module":
    """Build the network of a run file, and nothing else of it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no run file.
    """
    from torch import nn

    if not run_file.is_file():
        raise FileNotFoundError(f"run file {run_file} does not exist; give a YAML file as in configs/")
    arguments = parser().parse_args(["--config", str(run_file)])
    small = command_parser("info", "")
    small.add_argument("--network", type=nn.Module)
    network: nn.Module = small.instantiate(small.parse_object({"network": arguments.network})).network
    return network
