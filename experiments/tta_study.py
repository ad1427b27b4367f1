"""What several looks at a hand are worth: scores and coverage for one to four of them, boxes given.

    python -m experiments.tta_study --data LABELLED/annotations.json --where subset=core --box keypoints

NME, its median and PCK by protocol `paper`; coverage of the regions of 50, 68, 90 and 95 %. The
last two tables keep to the hands whose source is the largest, and to all others.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import command_parser
from likelihand.evaluation import Predictions, predictions_by_look, score
from likelihand.evaluation.calibration import join
from likelihand.evaluation.calibration.fit import distances
from likelihand.inference import load
from likelihand.uncertainty import Calibration
from likelihand.utils.tables import markdown

LEVELS = (0.5, 0.6827, 0.9, 0.95)


def row(looks: list[Predictions], calibration: Calibration) -> list[str]:
    """Score some looks together."""
    seen = join(looks, calibration)
    scores = score(seen).scores
    reached = calibration.radial.level(distances(seen, calibration)[seen.labelled])
    held = ", ".join(f"{(reached <= level).mean():.1%}" for level in LEVELS)
    pck = [f"{scores.pck[threshold]:.3f}" for threshold in (0.1, 0.2)]
    return [str(len(looks)), f"{scores.nme:.4f} ({scores.nme_median:.4f})", *pck, held]


def table(model: Path | None, looks: list[Predictions], name: str) -> str:
    """Make the table of one set of hands."""
    head = ["looks", "NME (median)", "PCK@0.1", "PCK@0.2", "regions of 50, 68, 90, 95 % hold"]
    rows = []
    for count in range(1, len(looks) + 1):
        calibration = load(model, detector=False, tta=count).calibration
        if calibration is None:
            raise SystemExit("the model has no calibration: run `likelihand calibrate` first")
        rows.append(row(looks[:count], calibration))
    return f"{name}, {len(looks[0])} hands:\n\n{markdown(head, rows)}\n"


def main() -> None:
    parser = command_parser("tta_study", (__doc__ or "").splitlines()[0])
    add_data_options(parser, "--data")
    parser.add_argument("--model", type=Path | None)
    arguments = parser.parse_args()
    runtime = load(arguments.model, detector=False).runtime
    looks = [each.sized() for each in predictions_by_look(runtime, data_of(arguments))]
    sources = looks[0].dataset
    largest, count = Counter(sources.tolist()).most_common(1)[0]
    print(table(arguments.model, looks, "all"))
    if count < len(sources):
        for name, kept in ((largest, True), ("all others", False)):
            chosen = np.flatnonzero((sources == largest) == kept)
            print(table(arguments.model, [look.take(chosen) for look in looks], name))


if __name__ == "__main__":
    main()
