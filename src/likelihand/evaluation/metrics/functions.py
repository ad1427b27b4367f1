"""EPE, NME, PCK, its curve and the area under it, as functions of arrays.

A keypoint that was not found has a point that is not finite: a *miss*. Its distance is infinite: it counts as
wrong in PCK and is left out of EPE and NME.
"""

from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Counted: TypeAlias = NDArray[np.bool_]
_CELLS: Final = 1_000_000


class Average(StrEnum):
    """Over what a score is averaged.

    POOLED: over all counted keypoints. HAND: over the keypoints of a hand, then over hands (the paper).
    KEYPOINT: over the hands for each keypoint, then over keypoints (mmpose's PCK).
    """

    POOLED = "pooled"
    HAND = "hand"
    KEYPOINT = "keypoint"


def distance(points: ArrayLike, target: ArrayLike) -> FloatArray:
    """Measure the Euclidean distance of points from their targets; infinite where a point is not finite.

    Args:
        points: (..., K, 2) (x, y).
        target: (..., K, 2), same unit.

    Returns:
        (..., K) float64 in that unit.

    Example:
        >>> distance([[3.0, 4.0], [np.nan, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
        array([ 5., inf])
    """
    difference = np.asarray(points, np.float64) - np.asarray(target, np.float64)
    length = np.hypot(difference[..., 0], difference[..., 1])
    return np.asarray(np.where(np.isfinite(length), length, np.inf))


def average(values: ArrayLike, counted: ArrayLike, over: Average = Average.POOLED) -> FloatArray:
    """Average (N, K) values where `counted`; NaN where nothing is.

    Args:
        values: (..., N, K), finite wherever counted.
        counted: (..., N, K) booleans, broadcast against `values`.
        over: the order of averaging.

    Returns:
        (...) float64.

    Example:
        >>> values, counted = [[1.0, 0.0], [2.0, 6.0]], [[True, False], [True, True]]
        >>> [float(average(values, counted, over)) for over in Average]
        [3.0, 2.5, 3.75]
    """
    mask = np.asarray(counted, bool)
    array = np.where(mask, np.asarray(values, np.float64), 0.0)
    mask = np.broadcast_to(mask, array.shape)
    if over is Average.POOLED:
        return _ratio(array.sum((-2, -1)), mask.sum((-2, -1)))
    axis = -1 if over is Average.HAND else -2
    parts, numbers = _ratio(array.sum(axis), mask.sum(axis)), mask.any(axis)
    return _ratio(np.where(numbers, parts, 0.0).sum(-1), numbers.sum(-1))


def _ratio(total: ArrayLike, count: ArrayLike) -> FloatArray:
    """Divide; NaN where the count is 0."""
    number = np.asarray(count, np.float64)
    return np.asarray(
        np.where(number > 0, np.asarray(total, np.float64) / np.where(number > 0, number, 1), np.nan)
    )


def epe(distances: ArrayLike, counted: ArrayLike, over: Average = Average.POOLED) -> FloatArray:
    """Average the end-point error over counted keypoints that were found.

    Args:
        distances: (..., N, K) in pixels; infinite = missed.
        counted: (..., N, K) booleans.
        over: the order of averaging.

    Returns:
        (...) float64 in pixels; NaN where no keypoint is left.

    Example:
        >>> float(epe([[1.0, 3.0, np.inf]], [[True, True, True]]))
        2.0
    """
    array = np.asarray(distances, np.float64)
    return average(array, np.asarray(counted, bool) & np.isfinite(array), over)


def nme(distances: ArrayLike, counted: ArrayLike, lengths: ArrayLike, over: Average = Average.HAND) -> FloatArray:
    """Average the error in units of each hand's own length (the paper's eq. 9).

    Eq. 9 puts K under the norm; this is the mean over the labelled keypoints of a hand, then over hands, as
    everybody means it.

    Args:
        distances: (..., N, K) in pixels; infinite = missed and left out.
        counted: (..., N, K) booleans.
        lengths: (N,) > 0, in pixels.
        over: the order of averaging.

    Returns:
        (...) float64, a fraction of the length.

    Example:
        >>> float(nme([[1.0, 3.0]], [[True, True]], [10.0]))
        0.2
    """
    return epe(np.asarray(distances, np.float64) / np.asarray(lengths, np.float64)[:, None], counted, over)


def pck(
    distances: ArrayLike,
    counted: ArrayLike,
    lengths: ArrayLike,
    thresholds: ArrayLike,
    *,
    strict: bool = False,
    over: Average = Average.HAND,
) -> FloatArray:
    """Return the share of correct keypoints: those within threshold x length (the paper's eq. 8).

    Args:
        distances: (N, K) in pixels; infinite = missed, and wrong.
        counted: (N, K) booleans.
        lengths: (N,) > 0, in pixels.
        thresholds: (M,) fractions of the length.
        strict: asks for "<" rather than eq. 8's "<=".
        over: the order of averaging.

    Returns:
        (M,) float64 in 0..1: the PCK curve.

    Example:
        >>> pck([[1.0, 3.0]], [[True, True]], [10.0], [0.05, 0.1, 0.3])
        array([0. , 0.5, 1. ])
    """
    normalised = np.asarray(distances, np.float64) / np.asarray(lengths, np.float64)[:, None]
    limits = np.atleast_1d(np.asarray(thresholds, np.float64))[:, None, None]
    within = np.less if strict else np.less_equal
    step = max(1, _CELLS // max(1, normalised.size))
    parts = (within(normalised, limits[i : i + step]) for i in range(0, len(limits), step))
    return np.concatenate([average(part, counted, over) for part in parts])


def area_under_curve(thresholds: ArrayLike, curve: ArrayLike) -> FloatArray:
    """Return the mean height of a curve: its area by the trapezoidal rule over the width.

    Args:
        thresholds: (M,) growing, M >= 2.
        curve: (..., M).

    Returns:
        (...) float64.

    Example:
        >>> float(area_under_curve([0.0, 1.0, 2.0], [0.0, 1.0, 1.0]))
        0.75
    """
    x, y = np.asarray(thresholds, np.float64), np.asarray(curve, np.float64)
    return np.asarray(((y[..., 1:] + y[..., :-1]) / 2 * np.diff(x)).sum(-1) / (x[-1] - x[0]))
