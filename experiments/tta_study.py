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
from likelihand.data.dataset import Dataset, Subset
from likelihand.inference import Predictor, load
from likelihand.inference.tta import LOOKS
from likelihand.metrics.accumulator import Accumulator
from likelihand.metrics.protocol import PAPER
from likelihand.utils.tables import markdown

LEVELS = (0.5, 0.6827, 0.9, 0.95)


def row(predict: Predictor, hands: Dataset) -> list[str]:
    """Score one number of looks."""
    accumulator, distances = Accumulator(PAPER), []
    for index in range(len(hands)):
        record = hands.record(index)
        (hand,) = predict(record.read(), [record.box])
        accumulator.add(
            index=[index],
            points=hand.points[None],
            target=record.points[None],
            visibility=record.visibility[None],
            box=record.box[None],
            dataset=[record.dataset],
        )
        away = (record.points - hand.points)[record.visibility > 0]
        precision = np.linalg.inv(hand.covariance[record.visibility > 0])
        distances.append(np.sqrt(np.einsum("ki,kij,kj->k", away, precision, away)))
    scores, reached = accumulator.breakdown().total, hand.radial.level(np.concatenate(distances))
    held = ", ".join(f"{(reached <= level).mean():.1%}" for level in LEVELS)
    pck = [f"{scores.pck[threshold]:.3f}" for threshold in (0.1, 0.2)]
    return [str(predict.tta), f"{scores.nme:.4f} ({scores.nme_median:.4f})", *pck, held]


def table(model: Path | None, hands: Dataset, name: str) -> str:
    """Make the table of one set of hands."""
    head = ["looks", "NME (median)", "PCK@0.1", "PCK@0.2", "regions of 50, 68, 90, 95 % hold"]
    rows = [row(load(model, detector=False, tta=n), hands) for n in range(1, len(LOOKS) + 1)]
    return f"{name}, {len(hands)} hands:\n\n{markdown(head, rows)}\n"


def main() -> None:
    parser = command_parser("tta_study", (__doc__ or "").splitlines()[0])
    add_data_options(parser, "--data")
    parser.add_argument("--model", type=Path | None)
    arguments = parser.parse_args()
    hands = data_of(arguments)
    sources = [hands.record(index).dataset for index in range(len(hands))]
    largest, count = Counter(sources).most_common(1)[0]
    print(table(arguments.model, hands, "all"))
    if count < len(hands):
        for name, kept in ((largest, True), ("all others", False)):
            chosen = [i for i, source in enumerate(sources) if (source == largest) == kept]
            print(table(arguments.model, Subset(hands, chosen), name))


if __name__ == "__main__":
    main()
