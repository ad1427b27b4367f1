"""What accuracy costs: one or two models with one to four looks each, boxes given, against one thread's time.

    python -m experiments.sizes_study hand.onnx [other.onnx] --data LABELLED/annotations.json --where subset=core \
        --box keypoints

Two models are joined keypoint by keypoint by inverse covariance. Time is the median of a call on one hand, in
units of one look of the first model, measured in turns so that other work on the machine slows all alike.
"""

import time
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import command_parser
from likelihand.data import Dataset
from likelihand.geometry import box_length
from likelihand.inference import Predictor, load
from likelihand.structures import Hand, Record
from likelihand.utils.tables import markdown

LOOKS = (1, 2, 4)
ROUNDS = 30
GROSS = 0.15

Floats = NDArray[np.float64]


def joined(hands: list[Hand]) -> Floats:
    """Average points (21, 2) of the same hand by the inverses of their covariances."""
    inverse = np.linalg.inv([hand.covariance for hand in hands])
    points = np.array([hand.points for hand in hands])
    weighted = (inverse @ points[..., None]).sum(0)
    return np.asarray(np.linalg.solve(inverse.sum(0), weighted)[..., 0])


def error_of(points: Floats, record: Record) -> float:
    """Compute the mean distance of labelled keypoints over the longer side of the box."""
    labelled = record.visibility > 0
    return float(np.linalg.norm(points - record.points, axis=1)[labelled].mean() / box_length(record.box))


def choices(models: list[Path]) -> dict[str, list[Predictor]]:
    """List what is compared, by its name."""
    each = {(m.stem, n): load(m, detector=False, tta=n, threads=1) for m in models for n in LOOKS}
    found = {f"{name}, {n} look{'s' * (n > 1)}": [predictor] for (name, n), predictor in each.items()}
    if len(models) == 2:
        pairs = [(m.stem, n) for n in LOOKS for m in models]
        for one, other in zip(pairs[::2], pairs[1::2], strict=True):
            found[f"both, {one[1]} look{'s' * (one[1] > 1)} each"] = [each[one], each[other]]
    return found


def times_of(compared: dict[str, list[Predictor]], record: Record) -> dict[str, float]:
    """Measure each choice on one hand, in units of the first."""
    image, spent = record.read(), {name: [0.0] * ROUNDS for name in compared}
    for i in range(ROUNDS):
        for name, predictors in compared.items():
            begun = time.process_time()
            for predict in predictors:
                predict(image, [record.box])
            spent[name][i] = time.process_time() - begun
    one = median(next(iter(spent.values())))
    return {name: median(values) / one for name, values in spent.items()}


def table(models: list[Path], data: Dataset) -> str:
    """Make the table."""
    records, compared = [data.record(i) for i in range(len(data))], choices(models)
    errors: dict[str, list[float]] = {name: [] for name in compared}
    for record in records:
        image = record.read()
        for name, predictors in compared.items():
            hands = [predict(image, [record.box])[0] for predict in predictors]
            errors[name].append(error_of(joined(hands), record))
    times = times_of(compared, records[0])
    rows = [
        [
            name,
            f"{np.mean(e):.4f} ({np.median(e):.4f})",
            f"{(np.array(e) > GROSS).mean():.1%}",
            f"{times[name]:.2f}",
        ]
        for name, e in errors.items()
    ]
    return f"{len(records)} hands\n\n" + markdown(["", "NME (median)", f"above {GROSS}", "time"], rows)


def main() -> None:
    parser = command_parser("sizes_study", (__doc__ or "").splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+")
    add_data_options(parser, "--data")
    arguments = parser.parse_args()
    if len(arguments.models) > 2:
        raise SystemExit(f"{len(arguments.models)} models are given; give one or two")
    print(table(arguments.models, data_of(arguments)))


if __name__ == "__main__":
    main()
