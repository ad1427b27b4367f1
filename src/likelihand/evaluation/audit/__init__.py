"""Rank the labels of a data set by how unlikely they are under a model, and say what may have gone wrong.

Example:
    >>> PATTERNS[0]
    'outlier'
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from likelihand.data.dataset import Dataset
from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.looks import agreed, predict_often
from likelihand.evaluation.audit.patterns import PATTERNS, Suspicion
from likelihand.evaluation.audit.report import Audit, write_clean, write_csv, write_sheet, write_worst
from likelihand.evaluation.audit.sifted import Sifted
from likelihand.evaluation.audit.suspect import suspicions
from likelihand.evaluation.audit.whole_set import Offset, of_whole_set, offsets
from likelihand.evaluation.calibration import density_of
from likelihand.uncertainty import Calibration

__all__ = [
    "PATTERNS",
    "Audit",
    "Offset",
    "Sifted",
    "Suspicion",
    "agreed",
    "audit",
    "of_whole_set",
    "offsets",
    "predict_often",
    "suspicions",
    "write_worst",
]


def audit(
    predictions: Predictions,
    dataset: Dataset,
    out: str | Path,
    *,
    others: Sequence[Predictions] = (),
    calibration: Calibration | None = None,
    tiles: int = 40,
) -> Audit:
    """Find wrong labels in a data set, and write `suspects.csv`, `suspects.png` and `cleaned.json`.

    Args:
        predictions: what a model that was not trained on these hands says of them; see
            `likelihand.evaluation.predictions`, and `Predictions.sized`.
        dataset: the labelled hands; a `Sifted` one lists its impossible labels first.
        out: folder of the results.
        others: further views of the same hands; see `predict_often`, whose first view is `predictions`.
        calibration: the model's own, for the regions on the sheet.
        tiles: how many of the most suspicious labels the sheet shows.

    Raises:
        ValueError: no hand has three labelled keypoints.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    sides = known_sides(dataset, [int(i) for i in predictions.index])
    found = agreed([suspicions(look, sides) for look in (predictions, *others)])
    if isinstance(dataset, Sifted):
        found = [*dataset.suspicions(), *(s for s in found if s.index not in dataset.wrong)]
    if not found:
        raise ValueError("no hand has three labelled keypoints; there is nothing to audit")
    covariance, radial = density_of(predictions, calibration)
    write_csv(folder / "suspects.csv", found, dataset)
    write_sheet(folder / "suspects.png", found[:tiles], dataset, predictions, covariance, radial)
    write_clean(folder / "cleaned.json", dataset, found)
    return Audit(found, offsets(predictions), of_whole_set(predictions), folder)


def known_sides(dataset: Dataset, indices: Sequence[int]) -> np.ndarray:
    """Return 1 for a right hand, 0 for a left one, NaN where the data set does not say."""
    sides = [dataset.record(i).side for i in indices]
    return np.array([math.nan if side is None else float(side == "right") for side in sides])
