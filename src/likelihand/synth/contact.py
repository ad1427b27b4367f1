"""Bend a thumb and a finger until two spots of their skin touch: pinches, thumbs that rest on a fist."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.collision import segment_overlap
from likelihand.synth.compiled import compiled
from likelihand.synth.kinematics import (
    Bones,
    Doubles,
    ahead,
    minus,
    place_bones,
    place_finger,
    quaternion,
    rotate,
    vector,
)

Integers = NDArray[np.int64]


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
def thumb_overlaps(posed: Doubles, radii: Doubles, finger: int) -> float:
    """Return how deep in metres the thumb's outer two bones are in finger 1 (index) .. 4 (little)."""
    deepest = -1.0
    for k in range(2, 4):
        for m in range(1 + 4 * finger, 4 + 4 * finger):
            overlap = segment_overlap(
                vector(posed, k), vector(posed, k + 1), radii[k], radii[k + 1],
                vector(posed, m), vector(posed, m + 1), radii[m], radii[m + 1],
            )  # fmt: skip
            deepest = max(deepest, overlap)
    return deepest


@compiled
def _misses(
    placed: tuple[Doubles, Doubles, Doubles], radii: Doubles, spots: Doubles, carriers: Integers, misses: Doubles
) -> None:
    """Write what should be 0: gap between the spots (3,), sum of their normals (3,), overlaps (4,)."""
    rotations, translations, posed = placed
    one, two = carriers[0], carriers[1]
    p, q = quaternion(rotations, one), quaternion(rotations, two)
    a = ahead(rotate(p, vector(spots, 0)), 1.0, vector(translations, one))
    b = ahead(rotate(q, vector(spots, 2)), 1.0, vector(translations, two))
    misses[0], misses[1], misses[2] = minus(a, b)
    misses[3], misses[4], misses[5] = ahead(rotate(p, vector(spots, 1)), 1.0, rotate(q, vector(spots, 3)))
    for finger in range(4):
        allowed = spots[4, 1] if finger == (two - 4) // 3 else 0.0
        misses[6 + finger] = max(0.0, thumb_overlaps(posed, radii, finger + 1) - allowed)


@compiled
def _normal_equations(jacobian: Doubles, raw: Doubles, weights: Doubles, matrix: Doubles, right: Doubles) -> None:
    """Write J^T J (n, n) and -J^T r (n,), where J is (10, n) and r is what is missed times its weight."""
    for i in range(len(right)):
        total = 0.0
        for n in range(10):
            total -= jacobian[n, i] * (raw[n] * weights[n])
        right[i] = total
        for j in range(i + 1):
            total = 0.0
            for n in range(10):
                total += jacobian[n, i] * jacobian[n, j]
            matrix[i, j] = matrix[j, i] = total


@compiled
def touch(
    bones: Bones,
    radii: Doubles,
    start: Doubles,
    limits: Doubles,
    active: Integers,
    spots: Doubles,
    carriers: Integers,
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
    placed = place_bones(bones, angles)
    raw, shifted, jacobian = np.empty(10), np.empty(10), np.empty((10, count))
    matrix, right = np.empty((count, count)), np.empty(count)
    _misses(placed, radii, spots, carriers, raw)
    for _ in range(15):
        for i in range(count):
            k = active[i]
            kept = angles[k]
            angles[k] = kept + step
            finger = 1 + k // 4 if k < 16 else 0
            place_finger(bones, angles, finger, *placed)
            _misses(placed, radii, spots, carriers, shifted)
            angles[k] = kept
            place_finger(bones, angles, finger, *placed)
            for n in range(10):
                jacobian[n, i] = (shifted[n] * weights[n] - raw[n] * weights[n]) / step
        _normal_equations(jacobian, raw, weights, matrix, right)
        for i in range(count):
            k = active[i]
            matrix[i, i] += damping + pull * pull
            right[i] -= pull * pull * (angles[k] - start[k])
            if (right[i] > 0 and angles[k] >= limits[k, 1]) or (right[i] < 0 and angles[k] <= limits[k, 0]):
                for j in range(count):  # at its limit and pushed outwards: leave this angle where it is
                    matrix[i, j] = matrix[j, i] = 0.0
                matrix[i, i], right[i] = 1.0, 0.0
        change = solve(matrix, right)
        for i in range(count):
            k = active[i]
            angles[k] = min(limits[k, 1], max(limits[k, 0], angles[k] + min(0.3, max(-0.3, change[i]))))
        for finger in range(5):
            place_finger(bones, angles, finger, *placed)
        pull *= 0.7
        for n in range(3, 6):
            weights[n] *= 0.8
        _misses(placed, radii, spots, carriers, raw)
        gap = sqrt(raw[0] * raw[0] + raw[1] * raw[1] + raw[2] * raw[2])
        if gap < 2e-4 and max(raw[6], raw[7], raw[8], raw[9]) < 5e-4:
            break
    return angles, gap
