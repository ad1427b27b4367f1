"""The predicted densities as the fit sees them: whitened residuals and a smooth heavy tail.

A calibration's radial table is constant over rings, so it has no slope to descend. The fit takes Student's t in
the plane in its place (Lange, Little and Taylor, 1989), whose chance of a larger distance d is
(1 + d^2 / (n q))^(-n/2): the degrees of freedom n are fitted to the table, and q holds the table's 68 %.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.reconstruction.rig import FloatArray
from likelihand.uncertainty import ONE_SIGMA, UNIT, Gaussian, Radial, RadialTable

GAUSSIAN_FREEDOM: Final = 1e6
_FREEDOMS: Final = np.geomspace(1.0, 60.0, 60)
_LEVELS: Final = np.array([0.25, 0.5, 0.75, 0.85, 0.9, 0.95, 0.97, 0.99])


class Tail(NamedTuple):
    """Student's t in the plane: degrees of freedom n, and squared width q under the unit covariance."""

    freedom: float
    width: float


def tail_of(radial: Radial) -> Tail:
    """Find the t distribution that is nearest to a radial map: least squares of the logarithms of its radii.

    Example:
        >>> from likelihand.uncertainty import GAUSSIAN
        >>> tail_of(GAUSSIAN)
        Tail(freedom=1000000.0, width=1.0)
    """
    if isinstance(radial, Gaussian):
        return Tail(GAUSSIAN_FREEDOM, 1.0)
    return _of_table(radial) if isinstance(radial, RadialTable) else _fitted(radial)


@lru_cache(maxsize=64)
def _of_table(radial: RadialTable) -> Tail:
    return _fitted(radial)


def _fitted(radial: Radial) -> Tail:
    wanted = np.log(radial.radius(_LEVELS))
    widths = np.array([UNIT**2 / _squared(ONE_SIGMA, n) for n in _FREEDOMS])
    radii = np.array([0.5 * np.log(q * _squared(_LEVELS, n)) for n, q in zip(_FREEDOMS, widths, strict=True)])
    best = int(np.argmin(np.square(radii - wanted).sum(1)))
    return Tail(float(_FREEDOMS[best]), float(widths[best]))


def _squared(level: FloatArray | float, freedom: float) -> FloatArray:
    """Return the squared distance that holds a level where q is 1."""
    return np.asarray(freedom * np.expm1(-2 / freedom * np.log1p(-np.asarray(level))))


class Evidence(NamedTuple):
    """What is known of the keypoints of a batch of hands, in the units of the fit.

    Attributes:
        points: (N, 21, 2) from the principal point.
        whiten: (N, 21, 2, 2) that give residuals unit covariance; 0 where a keypoint is not known.
        freedom: (N,) degrees of freedom of the tail.
        width: (N,) its squared width.
        focal: (N,) 1 / f, and
        distance: (N,) the inverse of the wrist's distance in palm lengths, as of `camera.Lens`.
        form: (N, K) the shape that earlier frames say, and
        stiffness: (N, K, K) their information about it; 0 where there are none.
        depth: (N, 21) how much farther than the mean of all keypoints each one is, in sizes of the hand, and
        sharp: (N, 21) one over its scale; 0 where depth is not known.
    """

    points: FloatArray
    whiten: FloatArray
    freedom: FloatArray
    width: FloatArray
    focal: FloatArray
    distance: FloatArray
    form: FloatArray
    stiffness: FloatArray
    depth: FloatArray
    sharp: FloatArray

    def take(self, index: NDArray[np.int64]) -> "Evidence":
        """Return the hands of these numbers."""
        return Evidence(*(part[index] for part in self))


def whitening(covariance: FloatArray) -> FloatArray:
    """Return the inverses (..., 2, 2) of the Cholesky factors of covariances (..., 2, 2).

    Example:
        >>> whitening(np.array([[4.0, 0.0], [0.0, 9.0]])).round(4) + 0.0
        array([[0.5   , 0.    ],
               [0.    , 0.3333]])
    """
    first = np.sqrt(covariance[..., 0, 0])
    across = covariance[..., 0, 1] / first
    second = np.sqrt(np.maximum(covariance[..., 1, 1] - across**2, 1e-12 * covariance[..., 1, 1]))
    rows = [1 / first, np.zeros_like(first), -across / (first * second), 1 / second]
    return np.stack(rows, -1).reshape(covariance.shape)


def misfit(evidence: Evidence, squared: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the negative logarithm of the tail at squared distances (N, 21), 0 at 0, and its weights (N, 21).

    The weight is twice its derivative: 1 of a Gaussian, falling with the distance where the tail is heavy.
    """
    freedom = evidence.freedom[:, None]
    scale = freedom * evidence.width[:, None]
    return 0.5 * (freedom + 2) * np.log1p(squared / scale), (freedom + 2) / (scale + squared)


DEPTH_FREEDOM: Final = 4.0
"""Degrees of freedom of the tail of depths, Student's t on a line."""


def depth_misfit(squared: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the negative logarithm of the tail of depths at squared distances, 0 at 0, and its weights.

    Example:
        >>> loss, weight = depth_misfit(np.array([0.0, 4.0]))
        >>> loss.round(3), weight
        (array([0.   , 1.733]), array([1.25 , 0.625]))
    """
    n = DEPTH_FREEDOM
    return 0.5 * (n + 1) * np.log1p(squared / n), (n + 1) / (n + squared)
