"""Scores of uncertainty: calibration of regions and confidence, and risk-coverage.

Functions of flat arrays, one number per keypoint.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

LEVELS: Final = (0.5, 0.68, 0.9, 0.95)
"""Regions whose coverage is reported."""
_GRID: Final = np.arange(1, 20) / 20


def coverage(probability: ArrayLike, levels: ArrayLike) -> FloatArray:
    """Measure the share of truths within regions of given levels.

    `probability` (M,) is, for each truth, the level of the smallest region that holds it. The result (L,) equals
    the levels (L,) where the regions hold what they say.

    Example:
        >>> coverage([0.1, 0.2, 0.3, 0.95], [0.5, 0.9])
        array([0.75, 0.75])
    """
    ordered = np.sort(np.asarray(probability, np.float64))
    return np.searchsorted(ordered, np.atleast_1d(levels), side="right") / max(1, len(ordered))


def region_error(probability: ArrayLike) -> float:
    """Average the gap between coverage and level over the levels 5, 10 ... 95 %: 0 is perfect.

    Example:
        >>> round(region_error((np.arange(1000) + 0.5) / 1000), 6)
        0.0
    """
    return float(np.abs(coverage(probability, _GRID) - _GRID).mean())


def confidence_bins(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> FloatArray:
    """Compare confidence (M,) with correctness (M,) in bins of equal numbers.

    Among equal confidences the order is left to chance: each stands for the mean of them all. A row per bin: mean
    confidence, share correct, number; fewer rows where there are fewer values.

    Example:
        >>> confidence_bins([0.2, 0.4, 0.9, 0.7], [False, True, True, True], bins=2)
        array([[0.3, 0.5, 2. ],
               [0.8, 1. , 2. ]])
    """
    values, right = _by_rank(np.asarray(confidence, np.float64), correct)
    parts = [part for part in np.array_split(np.arange(len(values)), bins) if len(part)]
    return np.array([[values[part].mean(), right[part].mean(), len(part)] for part in parts])


def _by_rank(order: FloatArray, values: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Sort values (M,) by ascending `order` (M,), equals replaced by their mean; return both, sorted."""
    levels, rank = np.unique(order, return_inverse=True)
    means = np.bincount(rank, np.asarray(values, np.float64)) / np.bincount(rank)
    ranks = np.sort(rank)
    return np.asarray(levels[ranks]), np.asarray(means[ranks])


def confidence_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> float:
    """Average the gap between share correct and confidence over bins of equal numbers: expected calibration error.

    Example:
        >>> round(confidence_error([0.5, 0.5], [True, False], bins=1), 6)
        0.0
    """
    rows = confidence_bins(confidence, correct, bins)
    return float((np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]).sum() / rows[:, 2].sum())


def risk_coverage(confidence: ArrayLike, error: ArrayLike) -> FloatArray:
    """Compute the mean error (M,) of the surest 1, 2 ... M, where a larger confidence (M,) is surer.

    Among equal confidences the order is left to chance: each stands for the mean of them all.

    Example:
        >>> risk_coverage([0.9, 0.1, 0.5], [1.0, 4.0, 1.0])
        array([1., 1., 2.])
        >>> risk_coverage([1, 1], [0.0, 2.0])
        array([1., 1.])
    """
    _, ordered = _by_rank(-np.asarray(confidence, np.float64), error)
    return np.asarray(np.cumsum(ordered) / np.arange(1, len(ordered) + 1))


def kept(curve: FloatArray, share: float = 0.5) -> float:
    """Read the mean error of the most certain share off a risk-coverage curve.

    Example:
        >>> kept(np.array([1.0, 2.0, 3.0, 4.0]))
        2.0
    """
    return float(curve[max(1, round(share * len(curve))) - 1])


@dataclass(frozen=True)
class Reliability:
    """Calibration and sharpness of one statement of uncertainty; NaN where a value is not stated.

    Attributes:
        keypoints: how many were counted.
        coverage: level to the share of truths within the region.
        size: mean radius of the 68 % region (of the circle of its area), in shares of the hand's size.
        nll: negative log-likelihood, nats per keypoint in crop pixels.
        region_error: mean gap between coverage and level.
        confidence_error: mean gap between the share within 10 % of the hand's size and confidence.
        aurc: area under the risk-coverage curve, in shares of the hand's size.
        error: mean error in shares of the hand's size.
        error_kept: the same of the surest half.
    """

    keypoints: int
    coverage: dict[float, float]
    size: float
    nll: float
    region_error: float
    confidence_error: float
    aurc: float
    error: float
    error_kept: float

    @property
    def reduction(self) -> float:
        """Relative reduction of the mean error of the most certain half, 0..1."""
        return 1 - self.error_kept / self.error

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values, null where nothing is stated."""
        values: dict[str, Any] = {k: _finite(v) if isinstance(v, float) else v for k, v in vars(self).items()}
        values["coverage"] = {f"{level:g}": _finite(share) for level, share in self.coverage.items()}
        return values | {"reduction": _finite(self.reduction)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def reliability(
    error: ArrayLike,
    confidence: ArrayLike,
    correct: ArrayLike,
    probability: ArrayLike | None = None,
    log_density: ArrayLike | None = None,
    radius: ArrayLike | None = None,
) -> Reliability:
    """Score one statement of uncertainty.

    Args:
        error: (M,) in shares of the hand's size.
        confidence: (M,) in 0..1, of being correct.
        correct: (M,) booleans.
        probability: (M,) of each truth, as `coverage` takes it; None where no region is stated.
        log_density: (M,) nats at the truth; None where no density is stated.
        radius: (M,) of the 68 % region in shares of the hand's size.

    Raises:
        ValueError: nothing is counted.

    Example:
        >>> reliability([0.1, 0.3], [0.9, 0.2], [True, False]).reduction
        0.5
    """
    errors = np.asarray(error, np.float64)
    if not len(errors):
        raise ValueError("no labelled keypoint to score uncertainty on; give at least one")
    curve = risk_coverage(confidence, errors)
    shares = np.full(len(LEVELS), np.nan) if probability is None else coverage(probability, LEVELS)
    return Reliability(
        keypoints=len(errors),
        coverage=dict(zip(LEVELS, map(float, shares), strict=True)),
        size=math.nan if radius is None else float(np.asarray(radius, np.float64).mean()),
        nll=math.nan if log_density is None else float(-np.asarray(log_density, np.float64).mean()),
        region_error=math.nan if probability is None else region_error(probability),
        confidence_error=confidence_error(confidence, correct),
        aurc=float(curve.mean()),
        error=float(errors.mean()),
        error_kept=kept(curve),
    )
