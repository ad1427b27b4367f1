"""Bend a thumb and a finger until two spots of their skin touch: pinches, thumbs that rest on a fist."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled
from likelihand.synth.kinematics import Doubles, place_bones, rotate


@compiled
def solve(matrix: Doubles, right: Doubles) -> Doubles:
    """Return x of matrix x = right for a symmetric positive definite matrix (n, n), by Cholesky's factors."""
    n = len(right)
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            rest = matrix[i, j]
            for k in range(j):
                rest -= lower[i, k] * lower[j, k]
            lower[i, j] = sqrt(max(rest, 1e-18)) if i == j else rest / lower[j, j]
    x = right.copy()
    for i in range(n):
        for k in range(i):
            x[i] -= lower[i, k] * x[k]
        x[i] /= lower[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            x[i] -= lower[k, i] * x[k]
        x[i] /= lower[i, i]
    return x


@compiled
def _gap(
    joints: Doubles, axes: Doubles, rest: Doubles, angles: Doubles, spots: Doubles, bones: NDArray[np.int64]
) -> Doubles:
    """Return the vector between the spots (3,) and the sum of their normals (3,), which is 0 where they face each other."""
    rotations, translations, _ = place_bones(joints, axes, rest, angles)
    gap = np.empty(6)
    a = rotate(rotations[bones[0]], spots[0]) + translations[bones[0]]
    b = rotate(rotations[bones[1]], spots[2]) + translations[bones[1]]
    gap[:3] = a - b
    gap[3:] = rotate(rotations[bones[0]], spots[1]) + rotate(rotations[bones[1]], spots[3])
    return gap


@compiled
def touch(
    joints: Doubles,
    axes: Doubles,
    rest: Doubles,
    start: Doubles,
    lower: Doubles,
    upper: Doubles,
    active: NDArray[np.int64],
    spots: Doubles,
    bones: NDArray[np.int64],
) -> tuple[Doubles, float]:
    """Move the `active` angles within their limits until two spots of skin meet face to face.

    Damped Gauss-Newton on gap, opposed normals and distance from the starting pose, the latter fading out.

    Args:
        joints: (21, 3) of the rest pose, metres.
        axes: (15, 3) flexion axes.
        rest: (24,) angles of the rest pose.
        start: (24,) angles to start from, radians.
        lower: (24,) limits.
        upper: (24,) limits.
        active: (m,) which angles may move.
        spots: (4, 3) point and normal of the first spot, point and normal of the second, all at rest.
        bones: (2,) the bones that carry the spots.

    Returns:
        The angles (24,), and the distance in metres that is left.
    """
    scale = 1.0 / sqrt(np.dot(joints[9] - joints[0], joints[9] - joints[0]))
    angles, count, step = start.copy(), len(active), 1e-4
    weights = np.array([scale, scale, scale, 0.06, 0.06, 0.06])
    pull, damping = 0.05, 1e-3
    residual = _gap(joints, axes, rest, angles, spots, bones) * weights
    for _ in range(14):
        jacobian = np.empty((6, count))
        for i in range(count):
            moved = angles.copy()
            moved[active[i]] += step
            jacobian[:, i] = (_gap(joints, axes, rest, moved, spots, bones) * weights - residual) / step
        matrix = jacobian.T @ jacobian
        right = -(jacobian.T @ residual)
        for i in range(count):
            matrix[i, i] += damping + pull * pull
            right[i] -= pull * pull * (angles[active[i]] - start[active[i]])
        change = solve(matrix, right)
        for i in range(count):
            k = active[i]
            angles[k] = min(upper[k], max(lower[k], angles[k] + min(0.35, max(-0.35, change[i]))))
        pull *= 0.7
        weights[3:] = weights[3:] * 0.85
        residual = _gap(joints, axes, rest, angles, spots, bones) * weights
    gap = _gap(joints, axes, rest, angles, spots, bones)
    return angles, sqrt(np.dot(gap[:3], gap[:3]))
