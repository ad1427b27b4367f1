"""Lens distortion and its inverse: OpenCV's two models, in NumPy.

Points are on the plane at depth 1 before the camera: (X / Z, Y / Z). The pinhole model's coefficients are
OpenCV's, in its order: k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 (Brown, "Decentering distortion of lenses",
1966; the rational and thin prism terms as in OpenCV's `calib3d`). The fisheye model's are k1, k2, k3, k4 (Kannala
and Brandt, "A generic camera model and calibration method for conventional, wide-angle, and fish-eye lenses",
2006).
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from likelihand.uncertainty import FloatArray, determinant

Distort: TypeAlias = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""From coefficients and points (..., 2) to distorted points (..., 2) and the Jacobians (..., 2, 2)."""

PINHOLE_COEFFICIENTS: Final = 12
FISHEYE_COEFFICIENTS: Final = 4
_ROUNDS: Final = 50
_LONGEST_STEP: Final = 0.5
"""Of Newton's method on the plane at depth 1: near a fold of the lens model a full step would leave the
picture."""
_EXACT: Final = 1e-10
"""A point counts as found where it comes back this closely: far below a thousandth of a pixel."""
_CENTRE: Final = 1e-5
"""Radius below which the fisheye model is replaced by its limit: there 0 / 0 would be computed."""


def pinhole_distortion(coefficients: FloatArray, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distort points as a pinhole camera's lens does.

    Args:
        coefficients: up to 12; the missing ones are 0.
        points: (..., 2) on the plane at depth 1.

    Returns:
        Distorted points (..., 2) and the Jacobians (..., 2, 2).

    Example:
        >>> points, jacobians = pinhole_distortion(np.array([0.1]), np.array([[0.0, 1.0]]))
        >>> points, jacobians.round(6)
        (array([[0. , 1.1]]), array([[[1.1, 0. ],
                [0. , 1.3]]]))
    """
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = _padded(coefficients, PINHOLE_COEFFICIENTS)
    x, y = points[..., 0], points[..., 1]
    square = x * x + y * y
    above = 1 + square * (k1 + square * (k2 + square * k3))
    below = 1 + square * (k4 + square * (k5 + square * k6))
    ratio = above / below
    slope = (k1 + square * (2 * k2 + 3 * k3 * square) - ratio * (k4 + square * (2 * k5 + 3 * k6 * square))) / below
    prism_x, prism_y = s1 + 2 * s2 * square, s3 + 2 * s4 * square
    distorted = ratio[..., None] * points + np.stack(
        [
            2 * p1 * x * y + p2 * (square + 2 * x * x) + square * (s1 + s2 * square),
            p1 * (square + 2 * y * y) + 2 * p2 * x * y + square * (s3 + s4 * square),
        ],
        -1,
    )
    mixed = 2 * (p1 * x + p2 * y)
    extra = [
        [2 * p1 * y + 6 * p2 * x + 2 * x * prism_x, mixed + 2 * y * prism_x],
        [mixed + 2 * x * prism_y, 6 * p1 * y + 2 * p2 * x + 2 * y * prism_y],
    ]
    return distorted, _radial_jacobian(points, ratio, 2 * slope) + np.moveaxis(np.array(extra), (0, 1), (-2, -1))


def fisheye_distortion(coefficients: FloatArray, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distort points as a fisheye lens does: the angle to the axis, not its tangent, decides the radius.

    Arguments and results are those of `pinhole_distortion`, with up to 4 coefficients.

    Example:
        >>> fisheye_distortion(np.zeros(4), np.array([[1.0, 0.0]]))[0].round(6)
        array([[0.785398, 0.      ]])
    """
    k = np.array(_padded(coefficients, FISHEYE_COEFFICIENTS))
    radius = np.maximum(np.hypot(points[..., 0], points[..., 1]), _CENTRE)
    angle = np.arctan(radius)
    powers = angle[..., None] ** (2 * np.arange(1, 5))
    ratio = angle * (1 + powers @ k) / radius
    growth = (1 + powers @ (k * (1 + 2 * np.arange(1, 5)))) / (1 + radius * radius)
    return ratio[..., None] * points, _radial_jacobian(points, ratio, (growth - ratio) / radius**2)


def _padded(coefficients: FloatArray, count: int) -> list[float]:
    return [*coefficients.tolist(), *[0.0] * (count - len(coefficients))]


def _radial_jacobian(points: FloatArray, ratio: FloatArray, slope: FloatArray) -> FloatArray:
    """Return the Jacobians of points times a ratio: ratio I + slope p p^T."""
    outer = points[..., :, None] * points[..., None, :]
    return np.asarray(ratio[..., None, None] * np.eye(2) + slope[..., None, None] * outer)


def undistort(distort: Distort, coefficients: FloatArray, distorted: ArrayLike) -> FloatArray:
    """Undo a lens's distortion of points by Newton's method.

    Args:
        distort: the lens model.
        coefficients: its coefficients.
        distorted: (..., 2) on the plane at depth 1, as seen.

    Returns:
        (..., 2); NaN where the model reaches no such place from the picture's middle on, as beyond the fold of
        strong barrel distortion.

    Example:
        >>> undistort(pinhole_distortion, np.array([0.1]), [[0.0, 1.1]]).round(9)
        array([[0., 1.]])
    """
    goal = np.asarray(distorted, np.float64)
    points = goal.copy()
    for _ in range(_ROUNDS):
        now, jacobians = distort(coefficients, points)
        step = _solved(jacobians, goal - now)
        length = np.linalg.norm(step, axis=-1, keepdims=True)
        points = points + step * np.minimum(1.0, _LONGEST_STEP / np.maximum(length, _LONGEST_STEP))
        if not (length > _EXACT).any():
            break
    now, jacobians = distort(coefficients, points)
    found = (np.abs(now - goal) < _EXACT).all(-1) & (determinant(jacobians) > 0)
    return np.where(found[..., None], points, np.nan)


def _solved(jacobians: FloatArray, right: FloatArray) -> FloatArray:
    """Solve 2x2 systems; 0 where one has no solution."""
    (a, b), (c, d) = np.moveaxis(jacobians, (-2, -1), (0, 1))
    size = a * d - b * c
    good = np.abs(size) > 1e-12
    inverse = np.where(good, 1 / np.where(good, size, 1.0), 0.0)
    x, y = right[..., 0], right[..., 1]
    return np.asarray(np.stack([(d * x - b * y) * inverse, (a * y - c * x) * inverse], -1))
