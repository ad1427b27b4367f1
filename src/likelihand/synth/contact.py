"""Bend a thumb and a finger until two spots of their skin touch: pinches, thumbs that rest on a fist."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.collision import segment_overlap
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
def thumb_overlaps(posed: Doubles, radii: Doubles) -> Doubles:
    """Return (4,) how deep in metres the thumb's outer two bones are in index, middle, ring and little finger."""
    overlaps = np.full(4, -1.0)
    for finger in range(1, 5):
        for k in range(2, 4):
            for m in range(1 + 4 * finger, 4 + 4 * finger):
                overlap = segment_overlap(
                    posed[k], posed[k + 1], radii[k], radii[k + 1],
                    posed[m], posed[m + 1], radii[m], radii[m + 1],
                )  # fmt: skip
                overlaps[finger - 1] = max(overlaps[finger - 1], overlap)
    return overlaps


@compiled
def _misses(
    bones: tuple[Doubles, Doubles, Doubles],
    radii: Doubles,
    angles: Doubles,
    spots: Doubles,
    carriers: NDArray[np.int64],
) -> Doubles:
    """Return what should be 0: gap between the spots (3,), sum of their normals (3,), overlaps (4,)."""
    rotations, translations, posed = place_bones(bones[0], bones[1], bones[2], angles)
    misses = np.zeros(10)
    one, two = carriers
    a = rotate(rotations[one], spots[0]) + translations[one]
    b = rotate(rotations[two], spots[2]) + translations[two]
    misses[:3] = a - b
    misses[3:6] = rotate(rotations[one], spots[1]) + rotate(rotations[two], spots[3])
    overlaps = thumb_overlaps(posed, radii)
    for finger in range(4):
        allowed = spots[4, 1] if finger == (two - 4) // 3 else 0.0
        misses[6 + finger] = max(0.0, overlaps[finger] - allowed)
    return misses


@compiled
def touch(
    bones: tuple[Doubles, Doubles, Doubles],
    radii: Doubles,
    start: Doubles,
    limits: Doubles,
    active: NDArray[np.int64],
    spots: Doubles,
    carriers: NDArray[np.int64],
) -> tuple[Doubles, float]:
    """Move the `active` angles within their limits until two spots of skin meet, with no finger in the way.

    Damped Gauss-Newton on gap, opposed normals, overlaps and distance from the starting pose; the normals and the
    start lose weight as it goes.

    Args:
        bones: joints (21, 3) in metres, flexion axes (15, 3) and rest angles (24,) of the skeleton.
        radii: (21,) metres.
        start: (24,) angles to start from, radians.
        limits: (24, 2).
        active: (m,) which angles may move.
        spots: (5, 3) point and normal on the thumb, point and normal on the finger, all at rest; last the
            palm's length and how deep the thumb's capsules may be in the finger it touches.
        carriers: (2,) the bones that carry the spots.

    Returns:
        The angles (24,), and the distance in metres that is left.
    """
    scale = 1.0 / spots[4, 0]
    angles, count, step = start.copy(), len(active), 1e-4
    weights = np.array([scale, scale, scale, 0.06, 0.06, 0.06, scale, scale, scale, scale])
    pull, damping = 0.04, 1e-4
    raw = _misses(bones, radii, angles, spots, carriers)
    for _ in range(15):
        residual = raw * weights
        jacobian = np.empty((10, count))
        for i in range(count):
            moved = angles.copy()
            moved[active[i]] += step
            jacobian[:, i] = (_misses(bones, radii, moved, spots, carriers) * weights - residual) / step
        matrix = jacobian.T @ jacobian
        right = -(jacobian.T @ residual)
        for i in range(count):
            k = active[i]
            matrix[i, i] += damping + pull * pull
            right[i] -= pull * pull * (angles[k] - start[k])
            if (right[i] > 0 and angles[k] >= limits[k, 1]) or (right[i] < 0 and angles[k] <= limits[k, 0]):
                matrix[i, :] = 0.0  # at its limit and pushed outwards: leave this angle where it is
                matrix[:, i] = 0.0
                matrix[i, i], right[i] = 1.0, 0.0
        change = solve(matrix, right)
        for i in range(count):
            k = active[i]
            angles[k] = min(limits[k, 1], max(limits[k, 0], angles[k] + min(0.3, max(-0.3, change[i]))))
        pull *= 0.7
        weights[3:6] *= 0.8
        raw = _misses(bones, radii, angles, spots, carriers)
        if sqrt(np.dot(raw[:3], raw[:3])) < 2e-4 and raw[6:].max() < 5e-4:
            break
    return angles, sqrt(np.dot(raw[:3], raw[:3]))
