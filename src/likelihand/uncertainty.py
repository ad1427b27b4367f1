"""What a predicted spread is worth: covariances, regions and chances that hold what they say.

NumPy alone. The deviation of a keypoint from its estimate is modelled as elliptical: a covariance C gives shape
and size, and a monotone map, the same for every keypoint, takes the distance d = sqrt(e^T C^-1 e) of a deviation e
to the probability of a smaller one. `likelihand.calibration` fits both; the model's file carries them as JSON.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]

ONE_SIGMA: Final = 0.6827
"""Share of a region that covers as much as one standard deviation does of a normal variable."""
UNIT: Final = math.sqrt(-2 * math.log(1 - ONE_SIGMA))
"""Distance within which a Gaussian in the plane holds `ONE_SIGMA`: every calibrated map does so too."""
REACH: Final = 0.1
"""Confidence is the chance of an error of at most this share of the hand's size."""
NARROWEST: Final = 1e-3
"""Standard deviation added to heatmaps, in shares of the crop's longer side: a single cell has a shape too."""
LONGEST_TABLE: Final = 1000

_ANGLES: Final = (np.arange(12) + 0.5) * (math.pi / 12)
_POINT: Final = 1e-24
_COS2, _SIN2 = np.cos(_ANGLES) ** 2, np.sin(_ANGLES) ** 2


class Radial(Protocol):
    """How probability is spread over distances d = sqrt(e^T C^-1 e)."""

    def level(self, distance: ArrayLike, /) -> FloatArray:
        """Give the probability in 0..1 of a smaller distance."""

    def radius(self, level: ArrayLike, /) -> FloatArray:
        """Give the distance that holds a probability in 0..1: the inverse of `level`."""

    def log_density(self, distance: ArrayLike, /) -> FloatArray:
        """Give the logarithm of the density, per unit area where C is the identity."""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """The map of a Gaussian in the plane: 1 - exp(-d^2 / 2).

    Example:
        >>> float(Gaussian().level(UNIT).round(4))
        0.6827
    """

    def level(self, distance: ArrayLike, /) -> FloatArray:
        """Give the probability in 0..1 of a smaller distance."""
        return np.asarray(-np.expm1(-0.5 * np.square(np.asarray(distance, np.float64))))

    def radius(self, level: ArrayLike, /) -> FloatArray:
        """Give the distance that holds a probability in 0..1."""
        return np.asarray(np.sqrt(-2.0 * np.log1p(-_checked_level(level))))

    def log_density(self, distance: ArrayLike, /) -> FloatArray:
        """Give the logarithm of the density, per unit area where C is the identity."""
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
        """Give the probability in 0..1 of a smaller distance."""
        squared = np.square(np.asarray(distance, np.float64))
        last = self.radii[-1] ** 2
        inside = np.interp(squared, np.square(self.radii), self.levels)
        beyond = (1 - self.levels[-1]) * (np.maximum(squared, last) / last) ** -self.tail
        return np.asarray(np.where(squared <= last, inside, 1 - beyond))

    def radius(self, level: ArrayLike, /) -> FloatArray:
        """Give the distance that holds a probability in 0..1."""
        array = _checked_level(level)
        inside = np.interp(array, self.levels, np.square(self.radii))
        ratio = (1 - self.levels[-1]) / (1 - np.maximum(array, self.levels[-1]))
        return np.asarray(np.sqrt(np.where(array <= self.levels[-1], inside, inside * ratio ** (1 / self.tail))))

    def log_density(self, distance: ArrayLike, /) -> FloatArray:
        """Give the logarithm of the density, per unit area where C is the identity."""
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


@dataclass(frozen=True, slots=True)
class Calibration:
    r"""Three numbers and a table that turn what a model says into a predictive density.

    With s the geometric mean of a keypoint's scale along x and y, h the same of its heatmap's spread (the fourth
    root of the determinant of the softmax's covariance H), both as shares of the crop's longer side,

    .. math:: C = e^{2c}\, s^{2a}\, h^{2b}\; H / \sqrt{\det H}

    and the radial table gives the chance of every distance. A model without the output `spread` has b = 0 and, for
    the shape, the diagonal of its squared scales instead of H.

    Attributes:
        scale: the exponent a.
        spread: the exponent b.
        offset: c, so that C is in square shares of the crop's longer side.
        radial: distances to probabilities; holds `ONE_SIGMA` within `UNIT`.
        source: the data that it was fitted on, in words.
    """

    scale: float
    spread: float
    offset: float
    radial: RadialTable
    source: str = ""

    def covariance(self, scale: ArrayLike, spread: ArrayLike | None, side: float) -> FloatArray:
        """Compute the calibrated covariance of keypoints in a crop.

        Args:
            scale: (..., 2) crop pixels, along x and y.
            spread: (..., 2, 2) covariance of the heatmap in square crop pixels; None where the model gives none.
            side: the crop's longer side in pixels.

        Returns:
            (..., 2, 2) float64 square crop pixels.

        Raises:
            ValueError: the calibration needs the spread, and there is none.

        Example:
            >>> calibration = Calibration(1.0, 0.0, math.log(2), RadialTable((0.0, ONE_SIGMA), (0.0, UNIT), 1.0))
            >>> calibration.covariance([[3.0, 1.0]], None, 96.0).round(9)
            array([[[36.,  0.],
                    [ 0.,  4.]]])
        """
        if spread is None and self.spread:
            raise ValueError("the calibration uses the heatmaps' spread, which this model does not give")
        scales = np.asarray(scale, np.float64)
        shape: FloatArray = diagonal(scales**2) if spread is None else np.add(spread, _narrowest(side))
        constant = math.exp(2 * self.offset + (2 - 2 * self.scale - 2 * self.spread) * math.log(side))
        area = scales[..., 0] * scales[..., 1]
        size = area**self.scale * determinant(shape) ** ((self.spread - 1) / 2) * constant
        return np.asarray(shape * size[..., None, None])

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values, six significant digits each."""
        return {
            **{name: _short(getattr(self, name)) for name in ("scale", "spread", "offset")},
            "levels": [_short(v) for v in self.radial.levels],
            "radii": [_short(v) for v in self.radial.radii],
            "tail": _short(self.radial.tail),
            "source": self.source,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Calibration":
        """Read what `to_json` gave.

        Raises:
            ValueError: a part is missing or of a wrong kind.

        Example:
            >>> Calibration.from_json({})
            Traceback (most recent call last):
            ValueError: calibration lacks 'scale'; calibrate the model again
        """
        try:
            numbers = [float(values[name]) for name in ("scale", "spread", "offset", "tail")]
            levels, radii = (tuple(map(float, values[name])) for name in ("levels", "radii"))
        except KeyError as error:
            raise ValueError(f"calibration lacks {error}; calibrate the model again") from error
        except (TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"calibration is malformed ({error}); calibrate the model again") from error
        if not all(math.isfinite(v) and abs(v) < 100 for v in numbers):
            raise ValueError(f"calibration holds {numbers}, beyond 100; calibrate the model again")
        table = RadialTable(levels, radii, numbers[3])
        return cls(numbers[0], numbers[1], numbers[2], table, str(values.get("source", "")))


def predicted_density(
    calibration: Calibration | None, scale: ArrayLike, spread: ArrayLike | None, side: float
) -> tuple[FloatArray, Radial]:
    """Give the covariances (..., 2, 2) in square crop pixels and the radial map of what a model answered.

    Without a calibration the scale is taken for the standard deviation of a Gaussian, which it need not be.

    Args:
        calibration: the model's, if it has one.
        scale: (..., 2) crop pixels.
        spread: (..., 2, 2), see `Calibration.covariance`; None where the model gives none.
        side: the crop's longer side in pixels.

    Example:
        >>> predicted_density(None, [3.0, 1.0], None, 96.0)[0]
        array([[9., 0.],
               [0., 1.]])
    """
    if calibration is None:
        return diagonal(np.square(np.asarray(scale, np.float64))), GAUSSIAN
    return calibration.covariance(scale, spread if calibration.spread else None, side), calibration.radial


@lru_cache(maxsize=8)
def _narrowest(side: float) -> FloatArray:
    """Give the covariance (2, 2) that is added to a heatmap's, in square crop pixels."""
    return (NARROWEST * side) ** 2 * np.eye(2)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def diagonal(variances: ArrayLike) -> FloatArray:
    """Make (..., 2, 2) diagonal matrices of (..., 2) variances."""
    return np.asarray(np.asarray(variances, np.float64)[..., None] * np.eye(2))


def determinant(covariance: FloatArray) -> FloatArray:
    """Give the determinants (...) of symmetric matrices (..., 2, 2)."""
    across = covariance[..., 0, 1]
    return np.asarray(covariance[..., 0, 0] * covariance[..., 1, 1] - across * across)


def mahalanobis(residual: ArrayLike, covariance: ArrayLike) -> FloatArray:
    r"""Compute the distance :math:`\sqrt{e^T C^{-1} e}` of deviations.

    Args:
        residual: (..., 2).
        covariance: (..., 2, 2) in square units of the residual, positive definite.

    Returns:
        (...) float64, no unit.

    Example:
        >>> mahalanobis([3.0, 4.0], 4 * np.eye(2))
        array(2.5)
    """
    e, c = np.asarray(residual, np.float64), np.asarray(covariance, np.float64)
    form = c[..., 1, 1] * e[..., 0] ** 2 + c[..., 0, 0] * e[..., 1] ** 2 - 2 * c[..., 0, 1] * e[..., 0] * e[..., 1]
    return np.asarray(np.sqrt(np.maximum(form / determinant(c), 0.0)))


def log_density(residual: ArrayLike, covariance: ArrayLike, radial: Radial = GAUSSIAN) -> FloatArray:
    """Compute the logarithm of the density at deviations (..., 2), per square unit.

    Example:
        >>> float(log_density([0.0, 0.0], np.eye(2)).round(4))
        -1.8379
    """
    c = np.asarray(covariance, np.float64)
    return np.asarray(radial.log_density(mahalanobis(residual, c)) - 0.5 * np.log(determinant(c)))


def principal_variances(covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the larger and the smaller eigenvalue, (...) each, of symmetric matrices (..., 2, 2)."""
    middle = 0.5 * (covariance[..., 0, 0] + covariance[..., 1, 1])
    half = np.hypot(0.5 * (covariance[..., 0, 0] - covariance[..., 1, 1]), covariance[..., 0, 1])
    return middle + half, np.maximum(middle - half, 0.0)


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


class Ellipses(NamedTuple):
    """Regions in the plane.

    Attributes:
        centre: (..., 2) (x, y).
        axes: (..., 2) the larger and the smaller semi-axis, in the unit of the centre.
        angle: (...) radians of the larger one, clockwise from x as seen on the screen (y points down).
    """

    centre: FloatArray
    axes: FloatArray
    angle: FloatArray


def ellipses(centre: ArrayLike, covariance: ArrayLike, radius: float) -> Ellipses:
    """Describe the regions within a Mahalanobis distance of their centres.

    Example:
        >>> region = ellipses([[5.0, 5.0]], [[[1.0, 0.0], [0.0, 4.0]]], 2.0)
        >>> region.axes, region.angle.round(4)
        (array([[4., 2.]]), array([1.5708]))
    """
    c = np.asarray(covariance, np.float64)
    axes = radius * np.sqrt(np.stack(principal_variances(c), -1))
    angle = 0.5 * np.arctan2(2 * c[..., 0, 1], c[..., 0, 0] - c[..., 1, 1])
    return Ellipses(np.asarray(centre, np.float64), axes, np.asarray(angle))


def size_of_hand(points: ArrayLike) -> FloatArray:
    """Give max(width, height) of the tight box of points (..., 21, 2), shape (...): the unit of confidence.

    Example:
        >>> float(size_of_hand([[0.0, 0.0], [30.0, 40.0]]))
        40.0
    """
    array = np.asarray(points, np.float64)
    return np.asarray((array.max(-2) - array.min(-2)).max(-1))
