"""`likelihand calibrate`: labelled hands that a model was not trained on make its uncertainty honest."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import Namespace, Parser, command_parser

if TYPE_CHECKING:
    from likelihand.calibration import Observations
    from likelihand.uncertainty import Calibration, Calibrations


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser(
        "calibrate",
        "Fit what turns a model's scale into regions that hold what they say, and store it in the model's file.",
    )
    p.add_argument("model", type=Path, help=".onnx file, .safetensors checkpoint or run folder")
    add_data_options(p, "--data")
    p.add_argument(
        "--name",
        type=str | None,
        help="kind of pictures that it is for; rendered where all of them are, else photos",
    )
    p.add_argument(
        "--looks", type=int, nargs="*", default=[1], metavar="N", help="numbers of looks, a calibration each: 1 4"
    )
    p.add_argument("--added-noise", action="store_true", help="fit what labels differ by whatever the model knows")
    p.add_argument(
        "--balance",
        choices=["dataset"],
        help="count each source alike, fit on all of them, and check on each by leaving it out",
    )
    p.add_argument(
        "--out", type=Path | None, help="write the calibrated model here; into its own file where absent"
    )
    p.add_argument("--test-share", type=float, default=0.3, help="share of the groups kept for the check")
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--threads", type=int | None, help="threads of one prediction")
    return p


def run(arguments: Namespace) -> int:
    """Fit for each number of looks, print how it holds on hands left out, and store all."""
    from likelihand.calibration import observe_looks, store
    from likelihand.predictor import load, model_file
    from likelihand.predictor.looks import LOOKS

    file = model_file(arguments.model)
    _check(arguments, len(LOOKS))
    dataset = data_of(arguments)
    runtime = load(file, threads=arguments.threads, detector=False).runtime
    seen = observe_looks(
        runtime,
        dataset,
        LOOKS[: max(arguments.looks)],
        batch_size=arguments.batch_size,
        progress=sys.stderr.isatty(),
    )
    known = runtime.metadata.calibrations
    for calibration in _calibrations(arguments, seen, known):
        known = known.put(calibration)
        print(f"calibrated {calibration.name}, {_looks(calibration.looks)}: {calibration.source}\n")
    print(store(file, known, arguments.out))
    return 0


def _check(arguments: Namespace, most: int) -> None:
    if not 0 < arguments.test_share < 1:
        raise ValueError(f"--test-share is {arguments.test_share}; give a share between 0 and 1, say 0.3")
    if not arguments.looks or not all(1 <= looks <= most for looks in arguments.looks):
        raise ValueError(f"--looks is {arguments.looks}; give numbers from 1 to {most}")


def _calibrations(
    arguments: Namespace, seen: "Sequence[Observations]", known: "Calibrations"
) -> "list[Calibration]":
    """Fit a calibration for each number of looks, and print its check."""
    from likelihand.calibration import adjust, balanced, fit, halves, join
    from likelihand.uncertainty import PHOTOS, RENDERED

    rendered = set(seen[0].dataset) == {"synthetic"}
    name = arguments.name or (RENDERED if rendered else PHOTOS)
    checked = None if arguments.balance else halves(seen[0], arguments.test_share)
    told = [look if checked is None else look.take(~checked) for look in seen]
    own = name == RENDERED or RENDERED not in known.names
    base = fit(told[0]) if own else known.choose(RENDERED)
    assert base is not None
    found = []
    for looks in sorted(set(arguments.looks)):
        together = join(seen[:looks], base)
        words = {"name": name, "looks": looks, "source": _source(told[0])}

        def fitted(o: "Observations", words: "dict[str, object]" = words) -> "Calibration":
            weight = balanced(o) if arguments.balance else None
            return adjust(o, base, added_noise=arguments.added_noise, weight=weight, **words)  # type: ignore[arg-type]

        calibration = fitted(together if checked is None else together.take(~checked))
        print(_scores(together, calibration, checked, fitted))
        found.append(calibration)
    return found


def _scores(
    o: "Observations", calibration: "Calibration", checked: object, fitted: "Callable[[Observations], Calibration]"
) -> str:
    """Say how a calibration holds: on the hands kept for it, or on each source when it is fitted on the others."""
    from likelihand.calibration import compare, leave_one_out

    head = f"{calibration.name}, {_looks(calibration.looks)}"
    numbers = f"factor {calibration.factor:.2f}, added noise {calibration.added:.2%} of the hand's size"
    if checked is None:
        return f"{head}: {numbers}; each source scored by a fit on the others:\n{leave_one_out(o, fitted)}"
    rest = o.take(checked)  # type: ignore[arg-type]
    return f"{head}: {numbers}; checked on {len(rest)} other hands:\n{compare(rest, calibration)}"


def _looks(count: int) -> str:
    return f"{count} look" + "s" * (count > 1)


def _source(o: "Observations") -> str:
    from likelihand.calibration import source_of

    names = sorted({source_of(str(name)) for name in o.dataset})
    return f"{len(o)} hands of {', '.join(names)}"
