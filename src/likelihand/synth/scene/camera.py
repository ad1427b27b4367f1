"""Where the camera stands, what it sees of the hand, and how it projects.

The camera's frame: x to the right, y down, z forward, in palm lengths. A point (X, Y, Z) falls on
u = f X / Z + cx, v = f Y / Z + cy in corner-origin pixels (Hartley and Zisserman, "Multiple View Geometry", 6.1).
"""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.utils.arrays import Generator

Floats = NDArray[np.float64]

NEAREST_CAMERA, FARTHEST_CAMERA = 2.0, 11.0
"""Palm lengths between the camera and a hand: from a hand held before a telephone to one across a table."""
_SCREEN_FROM_WORLD: Final = np.diag([1.0, -1.0, -1.0])
_MOST_TOWARDS: Final = 0.72
"""Cosine of the 44 degrees within which a forearm would point at the lens and hide its hand."""


def project(matrix: ArrayLike, points: ArrayLike) -> Floats:
    """Project points of the camera's frame.

    Args:
        matrix: (3, 3) camera matrix in corner-origin pixels.
        points: (..., 3) any unit; z must not be 0.

    Returns:
        (..., 2) float64 (x, y) in pixels.

    Example:
        >>> project([[100, 0, 80], [0, 100, 60], [0, 0, 1]], [0.5, 0.0, 2.0])
        array([105.,  60.])
    """
    k, p = np.asarray(matrix, np.float64), np.asarray(points, np.float64)
    homogeneous = p @ k.T
    return np.asarray(homogeneous[..., :2] / homogeneous[..., 2:])


def about(axis: int, radians: float) -> Floats:
    """Make the rotation about axis 0, 1 or 2 by an angle."""
    c, s = math.cos(radians), math.sin(radians)
    i, j = [k for k in range(3) if k != axis]
    matrix = np.eye(3)
    sign = -1.0 if axis == 1 else 1.0
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -sign * s, sign * s
    return matrix


def random_rotation(rng: Generator) -> Floats:
    """Draw from the uniform distribution over rotations (Shoemake, 1992)."""
    w, x, y, z = (q := rng.normal(size=4)) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def sample_rotation(rng: Generator, arm: ArrayLike, viewpoints: str = "full") -> Floats:
    """Draw how the hand is turned to the camera: a rotation (3, 3) camera_from_hand.

    Of full viewpoints 22 % are uniform over all rotations, 36 % upright, 20 % upright hands turned by any angle in
    the picture (pointing down, sideways), 12 % seen as one sees one's own hand, 10 % reach towards the lens, so
    that fists are seen from the front and fingers are foreshortened. The forearm, whose unit direction in the
    hand's frame is `arm`, never points within 44 degrees of the lens, which would hide the hand.
    """
    arm = np.asarray(arm, np.float64)
    while True:
        kind = 0.5 if viewpoints == "upright" else rng.random()
        if kind < 0.22:
            rotation = random_rotation(rng)
        elif kind < 0.78:
            roll = rng.normal(0, 0.4) if kind < 0.58 else rng.uniform(-math.pi, math.pi)
            yaw = rng.normal(0, 0.85) + math.pi * (rng.random() < 0.5)
            rotation = about(2, roll) @ about(0, rng.normal(0, 0.45)) @ about(1, yaw)
        elif kind < 0.88:
            roll = rng.normal(0, 0.7) if rng.random() < 0.7 else rng.uniform(-math.pi, math.pi)
            tilt = rng.uniform(0.7, 1.75)
            rotation = about(2, roll) @ about(0, tilt) @ about(1, rng.uniform(-math.pi, math.pi))
        else:
            rotation = about(2, rng.normal(0, 0.5)) @ about(0, -rng.uniform(0.4, 1.15))
            rotation = rotation @ about(1, math.pi + rng.normal(0, 0.5))
        if (rotation @ arm)[2] < _MOST_TOWARDS:
            return np.asarray(_SCREEN_FROM_WORLD @ rotation)


def frame_hand(rng: Generator, points: ArrayLike, size: int) -> Floats:
    """Draw a camera matrix that fills 42 to 90 % of a square picture with the box of keypoints (21, 3).

    The box is a little off centre; in 8 % of pictures part of it is cut off.
    """
    flat = project(np.eye(3), points)
    low, high = flat.min(0), flat.max(0)
    focal = rng.uniform(0.42, 0.90) * size / max(float((high - low).max()), 0.05)
    spread = 0.16 if rng.random() < 0.08 else 0.04
    centre = size * (0.5 + rng.normal(0, spread, 2)) - focal * (low + high) / 2
    return np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1.0]])
