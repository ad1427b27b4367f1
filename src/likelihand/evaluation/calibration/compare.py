"""Compare statements of uncertainty on the same hands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration.adjust import adjust
from likelihand.evaluation.calibration.fit import covariance_of, fit
from likelihand.evaluation.calibration.flow import LearnedDensity
from likelihand.evaluation.calibration.sources import halves
from likelihand.evaluation.metrics.reliability import LEVELS, Reliability, reliability
from likelihand.geometry import FloatArray
from likelihand.structures import Visibility
from likelihand.uncertainty import (
    GAUSSIAN,
    ONE_SIGMA,
    UNIT,
    Calibration,
    Radial,
    RadialTable,
    chance_within,
    determinant,
    diagonal,
    log_density,
    mahalanobis,
)
from likelihand.utils.tables import aligned

Statement = Mapping[str, FloatArray]
"""What is said of each labelled keypoint: (M,) arrays as `evaluation.metrics.reliability` takes them."""

PLAIN: Final = "scale as it comes"
JOINED: Final = "looks as they come"
FLOW: Final = "the flow's density"
_ANY: Final = RadialTable((0.0, ONE_SIGMA), (0.0, UNIT), 1.0)
STORED: Final = "calibrated"
OTHER_HALF: Final = "fitted on the other half"
CONSTANT: Final = "constant scale *"
SPREAD: Final = "heatmap's spread *"
RLE: Final = "1 - sigma (RLE)"


@dataclass(frozen=True)
class Comparison:
    """Every statement's scores on the same keypoints.

    Attributes:
        total: name to scores.
        by_dataset: data set to name to scores, of the statements that state regions.
        by_visibility: "visible", "hidden", "outside the picture" to the scores of the best statement there is.
        statements: name to the arrays (M,) behind the scores, for plots.
        error: (M,) in shares of the hand's size: of the box of its 21 estimated points, as confidence has it.
    """

    total: dict[str, Reliability]
    by_dataset: dict[str, dict[str, Reliability]]
    by_visibility: dict[str, Reliability]
    statements: dict[str, Statement]
    error: FloatArray

    def to_json(self) -> dict[str, Any]:
        """Return the scores as JSON values."""
        return {
            "total": {name: r.to_json() for name, r in self.total.items()},
            "by_dataset": {
                dataset: {name: r.to_json() for name, r in part.items()}
                for dataset, part in self.by_dataset.items()
            },
            "by_visibility": {name: r.to_json() for name, r in self.by_visibility.items()},
        }

    def __str__(self) -> str:
        return table(self)


def compare(
    predictions: Predictions, calibration: Calibration | None, density: LearnedDensity | None = None
) -> Comparison:
    """Score the model's predicted uncertainty and compare it with simple baselines.

    The baselines marked with * get the best factor and table that the other half of the same hands (by groups) can
    give them, so that they differ from the calibrated model in what they know alone; "1 - sigma" is the confidence
    that RLE prints, 1 minus the mean scale as a share of the crop.

    Args:
        predictions: of hands on which the calibration was not fitted.
        calibration: the model's own, None where it has none.
        density: the flow's, None where the model's file has none.

    Raises:
        ValueError: there are fewer than two groups of hands.
    """
    o = predictions
    plain = diagonal(o.scale**2) if o.covariance is None else o.covariance
    statements: dict[str, Statement] = {PLAIN if o.covariance is None else JOINED: statement(o, plain, GAUSSIAN)}
    if density is not None and o.covariance is None:
        statements[FLOW] = density.statement(o)
    if calibration is not None:
        statements[STORED] = statement(o, covariance_of(o, calibration), calibration.radial)
    if o.labelled.sum() >= 1000:
        statements[OTHER_HALF] = crossed(o)
        statements[CONSTANT] = crossed(replace(o, scale=np.ones_like(o.scale), spread=None, covariance=None))
        if o.spread is not None and o.covariance is None:
            statements[SPREAD] = crossed(o, scale=0.0, spread=1.0)
    if o.covariance is None:
        sigma = (o.scale.mean(-1) / o.side)[o.labelled]
        statements[RLE] = {"confidence": np.clip(1 - sigma, 0, 1)}
    best = next(name for name in (STORED, OTHER_HALF, *statements) if name in statements)
    everything = np.ones(int(o.labelled.sum()), bool)
    return Comparison(
        total={name: score(o, s, everything) for name, s in statements.items()},
        by_dataset=_by_dataset(o, statements),
        by_visibility=_by_visibility(o, statements[best]),
        statements=statements,
        error=o.error[o.labelled],
    )


def statement(predictions: Predictions, covariance: FloatArray, radial: Radial) -> Statement:
    """Say of each labelled keypoint what an elliptical density with these covariances (N, K, 2, 2) implies."""
    o, mask = predictions, predictions.labelled
    c, residual = covariance[mask], o.residual[mask]
    unit = np.broadcast_to(o.unit, mask.shape)[mask]
    return {
        "probability": radial.level(mahalanobis(residual, c)),
        "log_density": log_density(residual, c, radial),
        "radius": float(radial.radius(ONE_SIGMA)) * determinant(c) ** 0.25 / unit,
        "confidence": chance_within(np.broadcast_to(o.reach, mask.shape)[mask], c, radial),
    }


def crossed(predictions: Predictions, **fixed: float | None) -> Statement:
    """Fit on each half of the groups and state on the other; `fixed` as `fit` takes it."""
    o = predictions
    second = halves(o)
    parts: dict[str, FloatArray] = {}
    for told, asked in ((~second, second), (second, ~second)):
        calibration = _fitted(o.take(told), **fixed)
        part = o.take(asked)
        where = np.broadcast_to(asked[:, None], o.labelled.shape)[o.labelled]
        for name, values in statement(part, covariance_of(part, calibration), calibration.radial).items():
            parts.setdefault(name, np.zeros(int(o.labelled.sum())))[where] = values
    return parts


def _fitted(o: Predictions, **fixed: float | None) -> Calibration:
    if o.covariance is not None:
        return adjust(o, Calibration(1.0, 0.0, 0.0, _ANY))
    return fit(o, **fixed)  # type: ignore[arg-type]


def score(predictions: Predictions, said: Statement, where: np.ndarray) -> Reliability:
    """Score a statement on some of the labelled keypoints, `where` (M,)."""
    mask = predictions.labelled
    return reliability(
        error=predictions.error[mask][where],
        correct=predictions.correct[mask][where],
        **{name: values[where] for name, values in said.items()},
    )


def _by_dataset(o: Predictions, statements: Mapping[str, Statement]) -> dict[str, dict[str, Reliability]]:
    names = np.broadcast_to(o.dataset[:, None], o.labelled.shape)[o.labelled]
    shown = {name: s for name, s in statements.items() if name in (PLAIN, JOINED, STORED, OTHER_HALF)}
    return {
        str(dataset): {name: score(o, s, names == dataset) for name, s in shown.items()}
        for dataset in np.unique(names)
    }


def _by_visibility(o: Predictions, said: Statement) -> dict[str, Reliability]:
    visible = (o.visibility == Visibility.VISIBLE) & o.inside
    parts = {
        "visible": visible,
        "hidden": ~visible & o.inside,
        "outside the picture": ~o.inside,
    }
    return {
        name: score(o, said, part[o.labelled]) for name, part in parts.items() if (part & o.labelled).sum() >= 20
    }


def table(comparison: Comparison) -> str:
    """Lay the scores out in lines."""
    head = ["", *(f"{level:.0%}" for level in LEVELS), "radius", "NLL", "region err", "conf. err", "AURC", "kept"]
    rows = [head, *([name, *cells(r)] for name, r in comparison.total.items())]
    error = next(iter(comparison.total.values()))
    starred = f"* {OTHER_HALF} of these hands; " if any("*" in name for name in comparison.total) else ""
    lines = [
        f"uncertainty of {error.keypoints} keypoints; mean error {error.error:.2%} of the hand's size",
        aligned(rows),
        f"({starred}radius: of the 68 % region, in % of the hand's size; NLL: nats, crop pixels; "
        "kept: error of the surest half)",
    ]
    if len(comparison.by_dataset) > 1:
        lines += [
            "",
            aligned([["coverage by data set", "keypoints", "error", *head[1:6]], *_dataset_rows(comparison)]),
        ]
    if len(comparison.by_visibility) > 1:
        rows = [
            [name, str(r.keypoints), f"{r.error:.2%}", *cells(r)[:5]]
            for name, r in comparison.by_visibility.items()
        ]
        lines += ["", aligned([["by visibility", "keypoints", "error", *head[1:6]], *rows])]
    return "\n".join(lines)


def _dataset_rows(comparison: Comparison) -> list[list[str]]:
    return [
        [f"{dataset[:40]}: {name}", str(r.keypoints), f"{r.error:.2%}", *cells(r)[:5]]
        for dataset, part in comparison.by_dataset.items()
        for name, r in part.items()
    ]


def cells(r: Reliability) -> list[str]:
    """Return a row of the table; a dash where nothing is stated."""
    numbers = [
        *(f"{v:.1%}" for v in r.coverage.values()),
        f"{r.size:.2%}",
        f"{r.nll:.3f}",
        f"{r.region_error:.3f}",
    ]
    numbers += [f"{r.confidence_error:.3f}", f"{r.aurc:.4f}", f"{r.error_kept:.2%} ({-r.reduction:+.0%})"]
    return ["-" if "nan" in number else number for number in numbers]
