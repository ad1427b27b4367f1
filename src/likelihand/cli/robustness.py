"""`likelihand robustness`: accuracy on degraded pictures, compared with another tool if installed."""

import hashlib
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.cli.plain import MODEL_HELP, THREADS_HELP

if TYPE_CHECKING:
    from likelihand.data.dataset import Dataset
    from likelihand.evaluation.robustness import Condition, Outcome, Report, Tool
    from likelihand.inference import Predictor

EXAMPLES: Final = 2
"""Hands on the sheet of examples."""


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser(
        "robustness",
        "Measure accuracy under bad light, noise, compression and truncation; interrupted work is resumed.",
    )
    add_data_options(p, "--data")
    p.add_argument("--model", type=Path | None, help=MODEL_HELP)
    p.add_argument("--peer", action="append", default=[], help="another tool to compare with: mediapipe")
    p.add_argument(
        "--boxes",
        action="store_true",
        help="use the labelled boxes; by default hands are detected in whole pictures",
    )
    p.add_argument(
        "--only", nargs="*", default=[], metavar="CONDITION", help="only these conditions, e.g. 'dark' 'JPEG 8'"
    )
    p.add_argument(
        "--tta", type=int, default=4, help="test-time augmentation: rotated and mirrored crops per hand"
    )
    p.add_argument("--calibration", type=str | None, help="calibration to use: photos or rendered")
    p.add_argument("--seed", type=int, default=0, help="random seed of the corruptions")
    p.add_argument("--limit", type=int | None, help="use at most this many hands, spread evenly")
    p.add_argument("--threads", type=int | None, help=THREADS_HELP)
    p.add_argument("--json", type=Path | None, help="also write the scores to this JSON file")
    p.add_argument("--out", type=Path, default=Path("robustness"), help="output folder")
    return p


def run(arguments: Namespace) -> int:
    """Measure, print the table and write everything."""
    from likelihand.evaluation import evenly
    from likelihand.evaluation.robustness import Own, chosen, peer

    _check(arguments)
    dataset, conditions = data_of(arguments), chosen(arguments.only)
    indices = evenly(len(dataset), arguments.limit)
    predict = _predictor(arguments)
    tools: list[Tool] = [Own(predict), *map(peer, arguments.peer)]
    settings, own = _settings(arguments, dataset), _of_model(arguments, predict)
    outcomes = _measured(arguments, dataset, conditions, indices, tools, settings, own)
    report = _report(arguments, settings | own, conditions, indices, outcomes)
    print(report)
    _write(arguments, report)
    _draw(arguments, report, dataset, indices, tools[0])
    print(f"-> {arguments.out}", file=sys.stderr)
    return 0


def _measured(
    arguments: Namespace,
    dataset: "Dataset",
    conditions: "Sequence[Condition]",
    indices: Sequence[int],
    tools: "Sequence[Tool]",
    settings: dict[str, Any],
    own: dict[str, Any],
) -> "list[Outcome]":
    """Measure what is not on the disk yet; return all there is."""
    from likelihand.evaluation.robustness import Journal, measure

    said = [settings | own, *([settings] * (len(tools) - 1))]
    with ExitStack() as stack:
        journals = {
            tool.name: stack.enter_context(Journal(arguments.out, tool.name, its))
            for tool, its in zip(tools, said, strict=True)
        }
        for outcome in measure(
            tools,
            dataset,
            conditions,
            seed=arguments.seed,
            boxes=arguments.boxes,
            indices=indices,
            done={o.key for journal in journals.values() for o in journal.outcomes},
            progress=sys.stderr.isatty(),
        ):
            journals[outcome.tool].add(outcome)
        return [o for journal in journals.values() for o in journal.outcomes]


def _check(arguments: Namespace) -> None:
    from likelihand.utils.validation import check_least

    check_least("--limit", arguments.limit, 1)
    check_least("--seed", arguments.seed, 0)
    if arguments.boxes and arguments.peer:
        raise ValueError(f"--peer {arguments.peer[0]} detects hands itself; leave out --boxes")


def _predictor(arguments: Namespace) -> "Predictor":
    from likelihand.inference import load

    return load(
        arguments.model,
        threads=arguments.threads,
        detector=not arguments.boxes,
        tta=arguments.tta,
        calibration=arguments.calibration,
    )


def _settings(arguments: Namespace, dataset: "Dataset") -> dict[str, Any]:
    """Say what must be the same for outcomes to belong together."""
    from likelihand.evaluation.robustness import CONDITIONS

    name = arguments.data.name if isinstance(arguments.data, Path) else type(dataset).__name__
    return {
        "data": " ".join([name, *arguments.where]),
        "hands": len(dataset),
        "box": arguments.box or "",
        "boxes": arguments.boxes,
        "seed": arguments.seed,
        "conditions": {c.name: c.level for c in CONDITIONS},
    }


def _of_model(arguments: Namespace, predict: "Predictor") -> dict[str, Any]:
    """Say which model was measured and how it looked."""
    from likelihand.inference import bundled, model_file

    file = bundled() if arguments.model is None else model_file(arguments.model)
    known = predict.calibration
    return {
        "model": file.name,
        "model_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "tta": arguments.tta,
        "calibration": "none" if known is None else f"{known.name} ({known.source})",
    }


def _report(
    arguments: Namespace,
    settings: dict[str, Any],
    conditions: "Sequence[Condition]",
    indices: Sequence[int],
    outcomes: "Sequence[Outcome]",
) -> "Report":
    from likelihand.evaluation.robustness import Report

    names, asked = {c.name for c in conditions}, set(indices)
    kept = [o for o in outcomes if o.condition in names and o.index in asked]
    hands = len({o.index for o in kept})
    road = "given boxes" if arguments.boxes else "whole pictures"
    looks = "1 look" if arguments.tta == 1 else f"{arguments.tta} looks"
    title = (
        f"{hands} hands of {settings['data']}, {road}, {looks}, seed {arguments.seed}; "
        f"calibration: {settings['calibration']}"
    )
    return Report.of(title, settings, conditions, kept)


def _write(arguments: Namespace, report: "Report") -> None:
    from likelihand.utils.files import write_atomically, write_json

    for file in (arguments.out / "robustness.json", arguments.json):
        if file is not None:
            write_json(file, report.to_json())
    write_atomically(arguments.out / "robustness.csv", report.csv().encode())
    write_atomically(arguments.out / "robustness.md", report.markdown().encode())


def _draw(
    arguments: Namespace, report: "Report", dataset: "Dataset", indices: Sequence[int], tool: "Tool"
) -> None:
    """Write the bars, where matplotlib is installed, and the sheet of examples."""
    from likelihand.evaluation import evenly
    from likelihand.evaluation.robustness.picture import plot, sheet
    from likelihand.visualization.drawing import Drawing

    if find_spec("matplotlib") is None:
        print("likelihand: no bars, for matplotlib is missing: pip install 'likelihand[plots]'", file=sys.stderr)
    else:
        plot(report.rows).savefig(arguments.out / "robustness.png")
    shown = [indices[i] for i in evenly(len(indices), EXAMPLES)]
    picture = sheet(dataset, report.conditions, shown, None if arguments.boxes else tool, arguments.seed)
    Drawing(picture).save(arguments.out / "examples.jpg")
