"""`likelihand calibrate`: labelled hands that a model was not trained on make its uncertainty honest."""

import sys
from pathlib import Path

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import Namespace, Parser, command_parser


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser(
        "calibrate",
        "Fit what turns a model's scale into regions that hold what they say, and store it in the model's file.",
    )
    p.add_argument("model", type=Path, help=".onnx file, .safetensors checkpoint or run folder")
    add_data_options(p, "--data")
    p.add_argument(
        "--out", type=Path | None, help="write the calibrated model here; into its own file where absent"
    )
    p.add_argument("--test-share", type=float, default=0.3, help="share of the groups kept for the check")
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--threads", type=int | None, help="threads of one prediction")
    return p


def run(arguments: Namespace) -> int:
    """Fit on one part of the hands, print the coverage before and after on the other, and store."""
    from likelihand.calibration import compare, fit, halves, observe, store
    from likelihand.predictor import load, model_file

    file = model_file(arguments.model)
    if not 0 < arguments.test_share < 1:
        raise ValueError(f"--test-share is {arguments.test_share}; give a share between 0 and 1, say 0.3")
    dataset = data_of(arguments)
    runtime = load(file, threads=arguments.threads, detector=False).runtime
    seen = observe(runtime, dataset, batch_size=arguments.batch_size, progress=sys.stderr.isatty())
    checked = halves(seen, arguments.test_share)
    fitted_on = seen.take(~checked)
    calibration = fit(fitted_on, source=f"{len(fitted_on)} hands of {', '.join(sorted(set(seen.dataset)))}")
    print(f"fitted on {len(fitted_on)} hands; checked on {int(checked.sum())} others:")
    print(compare(seen.take(checked), calibration))
    print(f"{store(file, calibration, arguments.out)}: {calibration.source}")
    return 0
