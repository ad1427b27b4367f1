"""`likelihand study`: the paper's experiments, rebuilt."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from likelihand.cli.parsing import Namespace, Parser, command_parser

if TYPE_CHECKING:
    from likelihand.data.dataset import Dataset
    from likelihand.study import Figure, Hands

ALL: Final = "all"


def parser() -> Parser:
    """Describe the command's options; PyTorch is imported, since the settings are those of training."""
    from likelihand.data.dataset import Dataset
    from likelihand.study import Figure, Pictures, Setting

    p = command_parser("study", "Rebuild the paper's experiments; interrupted work goes on where it stopped.")
    p.add_argument("figure", choices=[*(figure.value for figure in Figure), ALL], help="what to answer")
    p.add_argument("--config", action="config", help="settings from a YAML file, as in configs/")
    p.add_argument("--data", type=Path | None, help="folder of FreiHAND or RHD; rendered hands where absent")
    p.add_argument("--train_data", type=Dataset | None, default=None, help="class_path and init_args")
    p.add_argument("--test_data", type=Dataset | None, default=None, help="class_path and init_args")
    p.add_argument("--pictures", type=Pictures, default=Pictures(), help="what is rendered without --data")
    p.add_argument("--real", type=Path | None, help="COCO JSON of labelled photos: a further test set")
    p.add_argument("--real_where", nargs="*", default=[], metavar="FIELD=VALUE", help="which hands of it")
    p.add_argument("--setting", type=Setting, default=Setting(), help="sizes, steps, seeds, amounts")
    p.add_argument("--out", type=Path, default=Path("runs/study"), help="folder of pictures, runs and report")
    p.add_argument("--jobs", type=int, default=1, help="runs at a time, of one thread each")
    p.add_argument("--plan", action="store_true", help="say what would be run and for how long, and stop")
    return p


def run(arguments: Namespace) -> int:
    """Run the study; 130 where it was interrupted, 1 where a run failed."""
    from likelihand.study import plan, study

    figures = _figures(arguments.figure)
    built = parser().instantiate(arguments)
    if built.jobs < 1:
        raise ValueError(f"--jobs is {built.jobs}; give 1 or more")
    print(plan(figures, built.setting, built.out, built.jobs), flush=True)
    pictures = built.pictures
    if built.data is None and built.train_data is None and pictures.rendered:
        print(f"before that, {pictures.train + pictures.test} pictures of {pictures.size} px are rendered, once")
    if built.plan:
        return 0
    command = shlex.join(["likelihand", *sys.argv[1:]])
    result = study(figures, built.setting, _hands(built), built.out, jobs=built.jobs, command=command)
    if result.report is not None:
        print(result.report)
    if not result.finished:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 1 if result.failures else 0


def _figures(name: str) -> "list[Figure]":
    from likelihand.study import PAPER, Figure

    return list(PAPER) if name == ALL else [Figure(name)]


def _hands(built: Namespace) -> "Hands":
    from dataclasses import replace

    from likelihand.study import Hands

    if (built.train_data is None) != (built.test_data is None):
        raise ValueError("give --train_data and --test_data together")
    if built.train_data is not None:
        name = f"{len(built.train_data)} hands to train on, {len(built.test_data)} held out"
        hands = Hands(built.train_data, built.test_data, name=name)
    elif built.data is not None:
        hands = _published(built.data)
    else:
        hands = built.pictures.make(built.out / "pictures", built.jobs)
    return replace(hands, real=_real(built.real, built.real_where))


def _published(path: Path) -> "Hands":
    """Open both splits of FreiHAND or RHD, or split a COCO file."""
    from likelihand.data import RHD, FreiHAND, detect, split
    from likelihand.study import Hands

    if (path / "training_K.json").exists():
        parts: tuple[Dataset, Dataset] = FreiHAND(path, "training"), FreiHAND(path, "evaluation")
        title = "FreiHAND"
    elif (path / "training" / "anno_training.pickle").exists():
        parts, title = (RHD(path, "training"), RHD(path, "evaluation")), "RHD"
    else:
        parts, title = split(detect(path), 0.1), f"{path.name}, a tenth of its pictures held out"
    return Hands(*parts, name=f"{title}: {len(parts[0])} hands to train on, {len(parts[1])} held out")


def _real(path: Path | None, where: list[str]) -> "Dataset | None":
    if path is None:
        return None
    from likelihand.data import CocoHands

    pairs = [text.partition("=") for text in where]
    if wrong := [field for field, equals, _ in pairs if not (field and equals)]:
        raise ValueError(f"--real_where {wrong[0]!r} is not FIELD=VALUE; give say subset=core")
    return CocoHands(path, where={field: value for field, _, value in pairs}, box="keypoints")
