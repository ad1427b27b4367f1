"""`likelihand calibrate`: calibrate a model's uncertainty on labelled hands that it was not trained on."""

import sys
from pathlib import Path

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.cli.plain import MODEL_HELP, THREADS_HELP


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser(
        "calibrate",
        "Calibrate a model's uncertainty on labelled hands, and store the calibration in the model file.",
    )
    p.add_argument("model", type=Path, help=MODEL_HELP)
    add_data_options(p, "--data")
    p.add_argument(
        "--name",
        type=str | None,
        help="name of the calibration: photos or rendered; by default chosen from the data",
    )
    p.add_argument(
        "--tta",
        type=int,
        nargs="*",
        default=[1],
        metavar="N",
        help="numbers of test-time augmentations, e.g. 1 4; each gets its own calibration",
    )
    p.add_argument("--added-noise", action="store_true", help="also fit a constant label noise")
    p.add_argument(
        "--cut-off",
        type=float,
        nargs="*",
        default=[],
        metavar="SHARE",
        help="also fit the error near the edge, on the hands truncated by these shares, e.g. 0 0.15 0.3 0.5",
    )
    p.add_argument(
        "--balance",
        choices=["dataset"],
        help="weight all sources equally, and validate by leaving each one out",
    )
    p.add_argument("--out", type=Path | None, help="file to write; by default the model file itself is updated")
    p.add_argument("--test-share", type=float, default=0.3, help="share of the groups held out for validation")
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--threads", type=int | None, help=THREADS_HELP)
    return p


def run(arguments: Namespace) -> int:
    """Fit a calibration for each number of views, print its validation on held-out hands, and store all."""
    from likelihand.data.wrapped import CutOff
    from likelihand.evaluation import predictions_by_look
    from likelihand.evaluation.calibration import Recipe, calibrate, store
    from likelihand.evaluation.calibration.store import checked_target
    from likelihand.inference import load, model_file
    from likelihand.inference.tta import LOOKS

    file = model_file(arguments.model)
    _check(arguments, len(LOOKS))
    checked_target(file, arguments.out)
    dataset = data_of(arguments)
    runtime = load(file, threads=arguments.threads, detector=False).runtime
    how = {"batch_size": arguments.batch_size, "progress": sys.stderr.isatty()}
    looks = LOOKS[: max(arguments.tta)]
    seen = [each.sized() for each in predictions_by_look(runtime, dataset, looks, **how)]
    reduced = CutOff(dataset, arguments.cut_off) if arguments.cut_off else None
    cut = [] if reduced is None else [each.sized() for each in predictions_by_look(runtime, reduced, looks, **how)]
    known = runtime.metadata.calibrations
    recipe = Recipe(
        arguments.name,
        tuple(arguments.tta),
        arguments.added_noise,
        arguments.balance is not None,
        arguments.test_share,
    )
    for calibration, report in calibrate(recipe, seen, cut, known):
        known = known.put(calibration)
        print(f"{report}\ncalibrated {calibration.name} on {calibration.source}\n")
    print(store(file, known, arguments.out))
    return 0


def _check(arguments: Namespace, most: int) -> None:
    if not 0 < arguments.test_share < 1:
        raise ValueError(f"--test-share is {arguments.test_share}; give a share between 0 and 1, say 0.3")
    if not arguments.tta or not all(1 <= looks <= most for looks in arguments.tta):
        raise ValueError(f"--tta is {arguments.tta}; give numbers from 1 to {most}")
