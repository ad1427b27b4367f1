"""Radial distributions: maps from distances to probabilities, and their densities."""

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike

from likelihand.uncertainty.plane import FloatArray, determinant, mahalanobis, principal_variances

ONE_SIGMA: Final = 0.6827
"""Share of a region that covers as much as one standard deviation does of a normal variable."""
UNIT: Final = math.sqrt(-2 * math.log(1 - ONE_SIGMA))
"""Distance within which a Gaussian in the plane holds `ONE_SIGMA`: every calibrated map does so too."""
LONGEST_TABLE: Final = 1000

_ANGLES: Final = (np.arange(12) + 0.5) * (math.pi / 12)
_POINT: Final = 1e-24
_COS2, _SIN2 = np.cos(_ANGLES) ** 2, np.sin(_ANGLES) ** 2


class Radial(Protocol):
    """How probability is spread over distances d = sqrt(e^T C^-1 e)."""

    def level(self, distance: ArrayLike, /) -> FloatArray:
        """Return the probability in 0..1 of a smaller distance."""

    def radius(self, level: ArrayLike, /) -> FloatArray:
        """Return the distance that contains a probability in 0..1: the inverse of `level`."""

    def log_density(self, distance: ArrayLike, /) -> FloatArray:
        """Return the logarithm of the density, per unit area where C is the identity."""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """The map of a Gaussian in the plane: 1 - exp(-d^2 / 2).

    Example:
        >>> float(Gaussian().level(UNIT).round(4))
        0.6827
    """

    def level(self, distance: ArrayLike, /) -> FloatArray:
        """Return the probability in 0..1 of a smaller distance."""
        return np.asarray(-np.expm1(-0.5 * np.square(np.asarray(distance, np.float64))))

    def radius(self, level: ArrayLike, /) -> FloatArray:
        """Return the distance that contains a probability in 0..1."""
        return np.asarray(np.sqrt(-2.0 * np.log1p(-_checked_level(level))))

    def log_density(self, distance: ArrayLike, /) -> FloatArray:
        """Return the logarithm of the density, per unit area where C is the identity."""
        return np.asarray(-0.5 * np.square(np.asarray(distance, np.float64)) - math.log(2 * math.pi))


@dataclass(frozen=True, slots=True)
class RadialTable:
    """An empirical map: quantiles, linear in the squared distance between them, a power law beyond the last.

    Linear in the squared distance means a constant density over each ring, so that `log_density` is a density that
    integrates to 1 over the plane.

    Attributes:
        levels: growing probabilities, the first 0, the last below 1.
        radii: growing distances that hold them, the first 0.
        tail: a > 0; beyond the last radius R the chance of a larger distance d is (1 - level) (d / R)^(-2 a).

    Raises:
        ValueError: the table is not growing, starts or ends elsewhere, or the tail is not positive.

    Example:
        >>> table = RadialTable((0.0, 0.5, 0.9), (0.0, 1.0, 2.0), 1.0)
        >>> float(table.level(1.0)), float(table.radius(0.975).round(6))
        (0.5, 4.0)
    """

    levels: tuple[float, ...]
    radii: tuple[float, ...]
    tail: float

    def __post_init__(self) -> None:
        levels, radii = np.asarray(self.levels, np.float64), np.asarray(self.radii, np.float64)
        good = levels.shape == radii.shape and levels.ndim == 1 and 2 <= len(levels) <= LONGEST_TABLE
        good = good and levels[0] == 0 == radii[0] and levels[-1] < 1 and bool(np.isfinite(radii).all())
        if not (good and (np.diff(levels) > 0).all() and (np.diff(radii) > 0).all() and 0 < self.tail < np.inf):
            raise ValueError(
                "calibration table does not grow from (0, 0) to a level below 1 with a positive tail; "
                "calibrate the model again"
            )

    def level(self, distance: ArrayLike, /) -> FloatArray:
        """Return the probability in 0..1 of a smaller distance."""
        squared = np.square(np.asarray(distance, np.float64))
        last = self.radii[-1] ** 2
        inside = np.interp(squared, np.square(self.radii), self.levels)
        beyond = (1 - self.levels[-1]) * (np.maximum(squared, last) / last) ** -self.tail
        return np.asarray(np.where(squared <= last, inside, 1 - beyond))

    def radius(self, level: ArrayLike, /) -> FloatArray:
        """Return the distance that contains a probability in 0..1."""
        array = _checked_level(level)
        inside = np.interp(array, self.levels, np.square(self.radii))
        ratio = (1 - self.levels[-1]) / (1 - np.maximum(array, self.levels[-1]))
        return np.asarray(np.sqrt(np.where(array <= self.levels[-1], inside, inside * ratio ** (1 / self.tail))))

    def log_density(self, distance: ArrayLike, /) -> FloatArray:
        """Return the logarithm of the density, per unit area where C is the identity."""
        squared, knots = np.square(np.asarray(distance, np.float64)), np.square(self.radii)
        rings = np.diff(self.levels) / np.diff(knots)
        ring = np.clip(np.searchsorted(knots, squared, side="left") - 1, 0, len(rings) - 1)
        beyond = (1 - self.levels[-1]) * self.tail / knots[-1]
        fall = -(self.tail + 1) * np.log(np.maximum(squared, knots[-1]) / knots[-1])
        logarithm = np.where(squared <= knots[-1], np.log(rings)[ring], math.log(beyond) + fall)
        return np.asarray(logarithm - math.log(math.pi))


GAUSSIAN: Final = Gaussian()


def _checked_level(level: ArrayLike) -> FloatArray:
    array = np.asarray(level, np.float64)
    if not bool(((array >= 0) & (array < 1)).all()):
        raise ValueError(f"level {level!r} is not a probability from 0 to below 1; give say 0.9")
    return array


def log_density(residual: ArrayLike, covariance: ArrayLike, radial: Radial = GAUSSIAN) -> FloatArray:
    """Compute the logarithm of the density at deviations (..., 2), per square unit.

    Example:
        >>> float(log_density([0.0, 0.0], np.eye(2)).round(4))
        -1.8379
    """
    c = np.asarray(covariance, np.float64)
    return np.asarray(radial.log_density(mahalanobis(residual, c)) - 0.5 * np.log(determinant(c)))


def chance_within(distance: ArrayLike, covariance: ArrayLike, radial: Radial = GAUSSIAN) -> FloatArray:
    r"""Compute the probability that a deviation is no longer than a distance, whatever its direction.

    In the direction of angle t in the covariance's own axes, a deviation of length R has the Mahalanobis distance
    :math:`R / \sqrt{\lambda_1 \cos^2 t + \lambda_2 \sin^2 t}`, with t uniform in whitened space; the chances of
    those distances are averaged over twelve angles.

    Args:
        distance: (...) or a number, in the unit of the covariance's root.
        covariance: (..., 2, 2).
        radial: the map.

    Returns:
        (...) float64 in 0..1; 1 where the covariance is 0. Grows with the distance, falls as the covariance grows.

    Example:
        >>> float(chance_within(UNIT, np.eye(2)).round(4))
        0.6827
    """
    large, small = principal_variances(np.asarray(covariance, np.float64))
    length = np.asarray(distance, np.float64)[..., None]
    along = np.maximum(large[..., None] * _COS2 + small[..., None] * _SIN2, _POINT)
    return np.asarray(radial.level(length / np.sqrt(along)).mean(-1))
