"""From predictions to a calibration: three numbers by least squares, and a table of quantiles."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.evaluation import Predictions
from likelihand.geometry import FloatArray
from likelihand.uncertainty import (
    GAUSSIAN,
    ONE_SIGMA,
    UNIT,
    Calibration,
    Radial,
    RadialTable,
    look_covariance,
    mahalanobis,
)

FEWEST: Final = 200
"""Labelled keypoints below which nothing is fitted."""
LEVELS: Final = tuple(sorted({*(i / 20 for i in range(20)), ONE_SIGMA, 0.975, 0.99}))
SMALLEST: Final = 1e-4
"""Added to every error, as a share of the crop, before its logarithm is taken: an exact hit has none."""
FLAT: Final = 0.03
"""A scale or spread whose logarithm varies less than this says nothing of single keypoints, and is not used."""
_ONE: Final = RadialTable((0.0, ONE_SIGMA), (0.0, UNIT), 1.0)


def fit(
    predictions: Predictions, *, scale: float | None = None, spread: float | None = None, source: str = ""
) -> Calibration:
    """Fit a calibration to a model's predictions on labelled hands.

    The logarithm of a deviation's length, in units of the shape's ellipse, is regressed on the logarithms of scale
    and spread; then the quantiles of what remains make the table. The exponents are kept from being negative, so
    that a larger scale or spread never makes a smaller region.

    Args:
        predictions: of hands that the model was not trained on.
        scale: fixes the exponent of the scale; fitted where None.
        spread: fixes the exponent of the spread; fitted where None, 0 where the model gives no spread.
        source: the data in words, kept with the result.

    Raises:
        ValueError: fewer than 200 keypoints are labelled.

    Example:
        >>> from likelihand.evaluation.calibration import simulated
        >>> calibration = fit(simulated(300))
        >>> 0.8 < calibration.scale < 1.2
        True
    """
    mask = enough_labelled(predictions)
    if spread == 0:
        predictions = replace(predictions, spread=None)
    fixed = [scale, 0.0 if predictions.spread is None else spread]
    exponents, offset = _exponents(predictions, fixed)
    calibration = Calibration(exponents[0], exponents[1], offset, _ONE, source)
    unit, table = table_of(distances(predictions, calibration)[mask])
    shifted = replace(calibration, offset=offset + math.log(unit), radial=table)
    return Calibration.from_json(shifted.to_json())


def enough_labelled(predictions: Predictions) -> NDArray[np.bool_]:
    """Return which keypoints are labelled (N, K), after checking that they are enough to fit to.

    Raises:
        ValueError: they are fewer than 200.
    """
    mask = predictions.labelled
    if mask.sum() < FEWEST:
        raise ValueError(
            f"{int(mask.sum())} labelled keypoints are too few to calibrate on; give {FEWEST} or more"
        )
    return mask


_APART: Final = 2e-5
"""Share by which each radius exceeds the one before: a file's six digits keep equal quantiles apart."""


def table_of(distance: FloatArray, weight: FloatArray | None = None) -> tuple[float, RadialTable]:
    """Make the radial table of Mahalanobis distances (M,), each counted with its weight.

    Returns the factor by which the covariances' roots are to grow for the table to be normed, and the table.

    Example:
        >>> factor, table = table_of(np.sqrt(np.random.default_rng(0).chisquare(2, 20000)))
        >>> round(factor, 1), round(float(table.level(UNIT)), 3)
        (1.0, 0.683)
    """
    weights = np.ones_like(distance) if weight is None else weight
    radii = weighted_quantiles(distance, weights, LEVELS)
    radii[0] = 0.0
    unit = float(radii[LEVELS.index(ONE_SIGMA)] / UNIT)
    steps = np.arange(len(radii))
    apart = 1 + _APART * (steps - LEVELS.index(ONE_SIGMA))
    radii = np.maximum.accumulate(radii / unit) * apart + 1e-9 * steps
    start = float(weighted_quantiles(distance, weights, [0.9])[0])
    far = np.average(np.log(distance[distance > start] / start), weights=weights[distance > start])
    return unit, RadialTable(LEVELS, tuple(map(float, radii)), float(np.clip(0.5 / max(far, 1e-3), 0.5, 50.0)))


def weighted_quantiles(values: FloatArray, weights: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Compute quantiles of weighted values (M,): each stands in the middle of its own weight.

    Example:
        >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), [0.5])
        array([2.])
    """
    order = np.argsort(values)
    below = np.cumsum(weights[order]) - 0.5 * weights[order]
    return np.asarray(np.interp(levels, below / weights.sum(), values[order]))


def distances(predictions: Predictions, calibration: Calibration) -> FloatArray:
    """Return the Mahalanobis distance (N, K) of the truth from the estimate under a calibration."""
    return mahalanobis(predictions.residual, covariance_of(predictions, calibration))


def covariance_of(predictions: Predictions, calibration: Calibration) -> FloatArray:
    """Return the covariances (N, K, 2, 2) in square crop pixels that a calibration states."""
    o = predictions
    return calibration.stated(looks_covariance(o, calibration), o.size[:, None], o.nearness)


def density_of(predictions: Predictions, calibration: Calibration | None) -> tuple[FloatArray, Radial]:
    """Return the covariances (N, K, 2, 2) that are stated, in square crop pixels, and their radial map.

    Without a calibration the scale is taken for the standard deviation of a Gaussian, which it need not be.
    """
    if calibration is None:
        return looks_covariance(predictions, None), GAUSSIAN
    return covariance_of(predictions, calibration), calibration.radial


def looks_covariance(predictions: Predictions, calibration: Calibration | None) -> FloatArray:
    """Return the uncalibrated covariances (N, K, 2, 2) of one view, or of several together."""
    if predictions.covariance is not None:
        return predictions.covariance
    return look_covariance(calibration, predictions.scale, predictions.spread, predictions.side)


def _exponents(predictions: Predictions, fixed: list[float | None]) -> tuple[list[float], float]:
    """Regress the logarithm of the error on those of scale and spread; give exponents and intercept."""
    mask = predictions.labelled
    shape = Calibration(0.0, 0.0, 0.0, _ONE).covariance(predictions.scale, predictions.spread, predictions.side)
    residual = np.log(mahalanobis(predictions.residual, shape)[mask] + SMALLEST)
    columns = [_log_size(predictions.scale / predictions.side)[mask], _spread_column(predictions)[mask]]
    chosen = [value if value is not None or columns[i].std() > FLAT else 0.0 for i, value in enumerate(fixed)]
    while True:
        free = [i for i, value in enumerate(chosen) if value is None]
        rest = residual - sum(float(v) * columns[i] for i, v in enumerate(chosen) if v is not None)
        matrix = np.stack([*(columns[i] for i in free), np.ones_like(residual)], -1)
        found = np.linalg.lstsq(matrix, rest, rcond=None)[0]
        negative = [i for i, value in zip(free, found, strict=False) if value < 0]
        if not negative:
            break
        chosen[negative[0]] = 0.0
    for i, value in zip(free, found, strict=False):
        chosen[i] = float(value)
    return [float(v or 0.0) for v in chosen], float(found[-1])


def _log_size(deviations: FloatArray) -> FloatArray:
    return np.asarray(0.5 * np.log(deviations.prod(-1)))


def _spread_column(predictions: Predictions) -> FloatArray:
    """Return the logarithm of the spread's size as a share of the crop, 0 where there is none."""
    if predictions.spread is None:
        return np.zeros(predictions.labelled.shape)
    one = Calibration(0.0, 1.0, 0.0, _ONE).covariance(predictions.scale, predictions.spread, predictions.side)
    return np.asarray(0.25 * np.log(np.linalg.det(one)) - math.log(predictions.side))
