"""`likelihand audit`: find labels that are unlikely under a model."""

import sys
from pathlib import Path

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.cli.plain import MODEL_HELP, THREADS_HELP


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser(
        "audit", "Rank the labels of a data set by how unlikely they are under a model, and say what may be wrong."
    )
    add_data_options(p, "data")
    p.add_argument("--model", type=Path | None, help=MODEL_HELP)
    p.add_argument(
        "--folds",
        type=int | None,
        help="cross-validate with this many models; needed on the data that the model was trained on",
    )
    p.add_argument("--steps", type=int, default=300, help="training steps per fold")
    p.add_argument("--out", type=Path, default=Path("audit"), help="output folder")
    p.add_argument("--tiles", type=int, default=40, help="number of labels on the contact sheet")
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--threads", type=int | None, help=THREADS_HELP)
    return p


def run(arguments: Namespace) -> int:
    """Audit and print what was found; the exit code is always 0."""
    from likelihand.evaluation.audit import Sifted, audit, predict_often
    from likelihand.inference import bundled, load, model_file
    from likelihand.utils.validation import check_least

    check_least("--tiles", arguments.tiles, 1)
    dataset = Sifted(data_of(arguments))
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = bundled() if arguments.model is None else model_file(arguments.model)
    if arguments.folds is None:
        runtime = load(file, threads=arguments.threads, detector=False).runtime
        seen, *others = predict_often(
            runtime, dataset, batch_size=arguments.batch_size, progress=sys.stderr.isatty()
        )
        calibration = runtime.metadata.calibrations.choose()
    else:
        if file.suffix.lower() != ".safetensors":
            raise ValueError(
                f"--folds trains, which {file} cannot; give a .safetensors checkpoint or a run folder"
            )
        from likelihand.training.folds import predict_by_folds

        seen = predict_by_folds(
            file, dataset, arguments.folds, arguments.steps, arguments.out / "folds", sys.stderr.isatty()
        )
        others, calibration = [], None
    print(audit(seen, dataset, arguments.out, others=others, calibration=calibration, tiles=arguments.tiles))
    return 0
