"""`likelihand study`: reproduce the paper's experiments."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from likelihand.cli.parsing import Namespace, Parser, command_parser

if TYPE_CHECKING:
    from likelihand.apps.study import Grid, Hands, Setting
    from likelihand.apps.study.plan import Experiment
    from likelihand.data.dataset import Dataset

ALL: Final = "all"
QUICK: Final = "quick"
RATES: Final = "rates"
"""Grids on few pictures, whose runs are kept apart from the others."""
VALIDATION: Final = 0.05
"""Share of published training data that is kept for choosing learning rates."""


def parser() -> Parser:
    """Describe the command's options; PyTorch is imported, since the settings are those of training."""
    from likelihand.apps.study import Grid, Pictures, Setting
    from likelihand.data.dataset import Dataset

    p = command_parser("study", "Reproduce the paper's experiments; interrupted work is resumed.")
    p.add_argument(
        "grid", choices=[*(grid.value for grid in Grid), ALL], help="experiments to run; quick takes half an hour"
    )
    p.add_argument("--config", action="config", help="settings from a YAML file, as in configs/")
    p.add_argument("--data", type=Path | None, help="folder of FreiHAND or RHD; by default hands are rendered")
    p.add_argument("--train_data", type=Dataset | None, default=None, help="class_path and init_args")
    p.add_argument("--test_data", type=Dataset | None, default=None, help="class_path and init_args")
    p.add_argument("--pictures", type=Pictures, default=Pictures(), help="pictures rendered without --data")
    p.add_argument("--real", type=Path | None, help="COCO JSON of labelled photos, as an additional test set")
    p.add_argument(
        "--real_where",
        nargs="*",
        default=[],
        metavar="FIELD=VALUE",
        help="use only its annotations with this field",
    )
    p.add_argument("--setting", type=Setting, default=Setting(), help="sizes, epochs, seeds, learning rates")
    p.add_argument("--out", type=Path, default=Path("runs/study"), help="output folder")
    p.add_argument("--results", type=Path | None, help="folder of finished runs (default: OUT/results)")
    p.add_argument(
        "--only",
        nargs="+",
        default=["*"],
        metavar="RUN",
        help='runs by name, method/labels/seed, with * for anything; "heatmap/*" "*/clean/0"',
    )
    p.add_argument("--jobs", type=int, default=1, help="runs at once, each on one thread")
    p.add_argument("--plan", action="store_true", help="print the planned runs and their duration, and exit")
    return p


def run(arguments: Namespace) -> int:
    """Run the study; 130 where it was interrupted, 1 where a run failed."""
    from likelihand.apps.study import schedule, study

    built = parser().instantiate(arguments)
    if built.jobs < 1:
        raise ValueError(f"--jobs is {built.jobs}; give 1 or more")
    short = {QUICK: 800, RATES: 500}.get(arguments.grid)
    part, setting = (arguments.grid, built.setting.quick(short)) if short else ("", built.setting)
    if short:
        built.pictures = replace(built.pictures, train=min(short, built.pictures.train))
    runs = schedule(_grids(arguments.grid), setting, built.only)
    if built.plan:
        return _plan(built, setting, runs)
    command = shlex.join(["likelihand", *sys.argv[1:]])
    results = (built.results or built.out / "results") / part
    result = study(runs, setting, _hands(built), built.out / part, results, jobs=built.jobs, command=command)
    if result.report is not None:
        print(result.report)
    if not result.finished:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 1 if result.failures else 0


def _grids(name: str) -> "list[Grid]":
    from likelihand.apps.study import Grid

    apart = {Grid.QUICK, Grid.RATES}
    return [grid for grid in Grid if grid not in apart] if name == ALL else [Grid(name)]


def _plan(built: Namespace, setting: "Setting", runs: "list[Experiment]") -> int:
    from likelihand.apps.study import plan

    rendered = built.data is None and built.train_data is None
    known = built.pictures.train if rendered else len(_hands(built).train)
    print(plan(runs, setting, min(known, setting.pictures or known), built.jobs))
    if rendered and built.pictures.rendered:
        count = built.pictures.train + built.pictures.validation + built.pictures.test
        print(f"before that, {count} pictures of {built.pictures.size} px are rendered, once")
    print("finished runs are not done again")
    return 0


def _hands(built: Namespace) -> "Hands":
    from likelihand.data import split

    if (built.train_data is None) != (built.test_data is None):
        raise ValueError("give --train_data and --test_data together")
    if built.train_data is not None:
        hands = _named(*split(built.train_data, VALIDATION), built.test_data, "")
    elif built.data is not None:
        hands = _published(built.data)
    else:
        hands = built.pictures.make(built.out / "pictures", built.jobs)
    return replace(hands, real=_real(built.real, built.real_where))


def _named(train: "Dataset", validation: "Dataset", test: "Dataset", title: str) -> "Hands":
    from likelihand.apps.study import Hands

    name = f"{title}{len(train)} hands to train on, {len(validation)} to choose on, {len(test)} held out"
    return Hands(train, validation, test, name=name)


def _published(path: Path) -> "Hands":
    """Open both splits of FreiHAND or RHD, or split a COCO file."""
    from likelihand.data import RHD, FreiHAND, detect, split

    if (path / "training_K.json").exists():
        parts: tuple[Dataset, Dataset] = FreiHAND(path, "training"), FreiHAND(path, "evaluation")
        title = "FreiHAND: "
    elif (path / "training" / "anno_training.pickle").exists():
        parts, title = (RHD(path, "training"), RHD(path, "evaluation")), "RHD: "
    else:
        parts, title = split(detect(path), 0.1), f"{path.name}, a tenth of its pictures held out: "
    return _named(*split(parts[0], VALIDATION), parts[1], title)


def _real(path: Path | None, where: list[str]) -> "Dataset | None":
    if path is None:
        return None
    from likelihand.data import CocoHands

    pairs = [text.partition("=") for text in where]
    if wrong := [field for field, equals, _ in pairs if not (field and equals)]:
        raise ValueError(f"--real_where {wrong[0]!r} is not FIELD=VALUE; give say subset=core")
    return CocoHands(path, where={field: value for field, _, value in pairs}, box="keypoints")
