"""Deviations in the plane: Mahalanobis distances, ellipses, and the size of a hand.

NumPy alone; arrays in, arrays out.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]

REACH: Final = 0.1
"""Confidence is the chance of an error of at most this share of the hand's size."""
EDGE: Final = 0.15
"""A keypoint closer to the picture's edge than this share of the hand's size may lie beyond it in truth."""


def size_of_hand(points: ArrayLike) -> FloatArray:
    """Return max(width, height) of the tight box of points (..., 21, 2), shape (...): the unit of confidence.

    Example:
        >>> float(size_of_hand([[0.0, 0.0], [30.0, 40.0]]))
        40.0
    """
    array = np.asarray(points, np.float64)
    return np.asarray((array.max(-2) - array.min(-2)).max(-1))


def edge_nearness(points: ArrayLike, picture: ArrayLike) -> FloatArray:
    """Compute how near keypoints (..., 21, 2) lie to the edge of a picture of (height, width), or beyond it.

    That is 1 outside the picture and on its edge, 0 from 15 % of the hand's size inside on.

    Example:
        >>> points = np.linspace([-10.0, 40.0], [90.0, 40.0], 21)
        >>> edge_nearness(points, (80, 300))[:7].round(2)
        array([1.  , 1.  , 1.  , 0.67, 0.33, 0.  , 0.  ])
    """
    array, size = np.asarray(points, np.float64), np.asarray(picture, np.float64)[..., None, ::-1]
    room = np.minimum(array, size - array).min(-1)
    reach = np.maximum(EDGE * size_of_hand(array)[..., None], 1e-9)
    return np.asarray(np.clip(1 - room / reach, 0.0, 1.0))


def diagonal(variances: ArrayLike) -> FloatArray:
    """Make (..., 2, 2) diagonal matrices of (..., 2) variances."""
    return np.asarray(np.asarray(variances, np.float64)[..., None] * np.eye(2))


def determinant(covariance: FloatArray) -> FloatArray:
    """Return the determinants (...) of symmetric matrices (..., 2, 2)."""
    across = covariance[..., 0, 1]
    return np.asarray(covariance[..., 0, 0] * covariance[..., 1, 1] - across * across)


def mahalanobis(residual: ArrayLike, covariance: ArrayLike) -> FloatArray:
    r"""Compute the distance :math:`\sqrt{e^T C^{-1} e}` of deviations (..., 2) under covariances (..., 2, 2).

    Example:
        >>> mahalanobis([3.0, 4.0], 4 * np.eye(2))
        array(2.5)
    """
    e, c = np.asarray(residual, np.float64), np.asarray(covariance, np.float64)
    form = c[..., 1, 1] * e[..., 0] ** 2 + c[..., 0, 0] * e[..., 1] ** 2 - 2 * c[..., 0, 1] * e[..., 0] * e[..., 1]
    return np.asarray(np.sqrt(np.maximum(form / determinant(c), 0.0)))


def principal_variances(covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the larger and the smaller eigenvalue, (...) each, of symmetric matrices (..., 2, 2)."""
    middle = 0.5 * (covariance[..., 0, 0] + covariance[..., 1, 1])
    half = np.hypot(0.5 * (covariance[..., 0, 0] - covariance[..., 1, 1]), covariance[..., 0, 1])
    return middle + half, np.maximum(middle - half, 0.0)


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
