"""Bend a thumb and a finger until two spots of their skin touch: pinches, thumbs that rest on a fist."""

from __future__ import annotations

from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled
from likelihand.synth.hand.anatomy import THUMB
from likelihand.synth.hand.collision import Capsule, overlap
from likelihand.synth.hand.kinematics import (
    Doubles,
    Motion,
    Skeleton,
    Vector,
    ahead,
    minus,
    place_bones,
    place_finger,
    quaternion,
    rotate,
    vector,
)

Integers = NDArray[np.int64]

GAP, OPPOSED, OVERLAP = 0, 3, 6
RESIDUALS: Final = 10
"""What should become 0: the gap between the spots (3), the sum of their normals (3), the thumb's overlaps (4)."""
STEPS: Final = 15
DIFFERENCE: Final = 1e-4
"""Radians of the finite differences."""
LARGEST_CHANGE: Final = 0.3
"""Radians by which an angle may change in a step."""
NORMALS_WEIGHT, NORMALS_FADE = 0.06, 0.8
"""Weight of opposed normals against a gap in palm lengths, and what is left of it after each step."""
START_PULL, START_FADE, DAMPING = 0.04, 0.7, 1e-4
"""Pull to the starting pose, what is left of it after each step, and what keeps the equations definite."""
CLOSED_GAP, CLOSED_OVERLAP = 2e-4, 5e-4
"""Metres of gap and of overlap at which the solver is content."""


class Contact(NamedTuple):
    """Two spots of skin that should touch, on the hand at rest.

    Attributes:
        thumb_point: metres.
        thumb_normal: unit vector out of the skin.
        finger_point: metres.
        finger_normal: unit vector out of the skin.
        thumb_bone: the bone that carries the first spot, and
        finger_bone: the second.
        palm_length: metres; gaps count relative to it.
        depth: metres by which the thumb's capsules may be in the finger that it touches.
    """

    thumb_point: Vector
    thumb_normal: Vector
    finger_point: Vector
    finger_normal: Vector
    thumb_bone: int
    finger_bone: int
    palm_length: float
    depth: float


class Problem(NamedTuple):
    """What `touch` solves.

    Attributes:
        skeleton: of the hand at rest.
        radii: (21,) half thickness of the finger at each keypoint, metres.
        start: (24,) angles to start from, radians.
        limits: (24, 2) least and greatest angles.
        active: (m,) which angles may move.
        contact: the spots.
    """

    skeleton: Skeleton
    radii: Doubles
    start: Doubles
    limits: Doubles
    active: Integers
    contact: Contact


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
        thumb = Capsule(vector(posed, k), vector(posed, k + 1), radii[k], radii[k + 1])
        for m in range(1 + 4 * finger, 4 + 4 * finger):
            bone = Capsule(vector(posed, m), vector(posed, m + 1), radii[m], radii[m + 1])
            deepest = max(deepest, overlap(thumb, bone))
    return deepest


@compiled
def _write_residuals(problem: Problem, motion: Motion, residuals: Doubles) -> None:
    """Write the unweighted residuals into `residuals` (10,)."""
    contact = problem.contact
    one, two = contact.thumb_bone, contact.finger_bone
    p, q = quaternion(motion.rotations, one), quaternion(motion.rotations, two)
    a = ahead(rotate(p, contact.thumb_point), 1.0, vector(motion.translations, one))
    b = ahead(rotate(q, contact.finger_point), 1.0, vector(motion.translations, two))
    residuals[GAP], residuals[GAP + 1], residuals[GAP + 2] = minus(a, b)
    both = ahead(rotate(p, contact.thumb_normal), 1.0, rotate(q, contact.finger_normal))
    residuals[OPPOSED], residuals[OPPOSED + 1], residuals[OPPOSED + 2] = both
    for finger in range(4):
        allowed = contact.depth if finger == (two - 4) // 3 else 0.0
        residuals[OVERLAP + finger] = max(0.0, thumb_overlaps(motion.joints, problem.radii, finger + 1) - allowed)


@compiled
def _normal_equations(jacobian: Doubles, raw: Doubles, weights: Doubles, matrix: Doubles, right: Doubles) -> None:
    """Write J^T J (n, n) and -J^T r (n,), where J is (10, n) and r the residuals times their weights."""
    for i in range(len(right)):
        total = 0.0
        for n in range(RESIDUALS):
            total -= jacobian[n, i] * (raw[n] * weights[n])
        right[i] = total
        for j in range(i + 1):
            total = 0.0
            for n in range(RESIDUALS):
                total += jacobian[n, i] * jacobian[n, j]
            matrix[i, j] = matrix[j, i] = total


@compiled
def _differentiate(
    problem: Problem, angles: Doubles, motion: Motion, raw: Doubles, weights: Doubles, jacobian: Doubles
) -> None:
    """Write the derivatives (10, m) of the weighted residuals; the motion ends as it began."""
    shifted = np.empty(RESIDUALS)
    for i in range(len(problem.active)):
        k = problem.active[i]
        kept = angles[k]
        angles[k] = kept + DIFFERENCE
        finger = 1 + k // 4 if k < THUMB else 0
        place_finger(problem.skeleton, angles, finger, motion)
        _write_residuals(problem, motion, shifted)
        angles[k] = kept
        place_finger(problem.skeleton, angles, finger, motion)
        for n in range(RESIDUALS):
            jacobian[n, i] = (shifted[n] * weights[n] - raw[n] * weights[n]) / DIFFERENCE


@compiled
def touch(problem: Problem) -> tuple[Doubles, float]:
    """Move the `active` angles within their limits until two spots of skin meet, with no finger in the way.

    Damped Gauss-Newton on gap, opposed normals, overlaps and distance from the starting pose; the normals and the
    start lose weight as it goes. Returns the angles (24,) and the distance in metres that is left.
    """
    skeleton, _, start, limits, active, contact = problem
    scale = 1.0 / contact.palm_length
    angles, count = start.copy(), len(active)
    weights = np.full(RESIDUALS, scale)
    weights[OPPOSED:OVERLAP] = NORMALS_WEIGHT
    pull = START_PULL
    motion = place_bones(skeleton, angles)
    raw, jacobian = np.empty(RESIDUALS), np.empty((RESIDUALS, count))
    matrix, right = np.empty((count, count)), np.empty(count)
    _write_residuals(problem, motion, raw)
    gap = np.inf
    for _ in range(STEPS):
        _differentiate(problem, angles, motion, raw, weights, jacobian)
        _normal_equations(jacobian, raw, weights, matrix, right)
        for i in range(count):
            k = active[i]
            matrix[i, i] += DAMPING + pull * pull
            right[i] -= pull * pull * (angles[k] - start[k])
            if (right[i] > 0 and angles[k] >= limits[k, 1]) or (right[i] < 0 and angles[k] <= limits[k, 0]):
                for j in range(count):  # at its limit and pushed outwards: leave this angle where it is
                    matrix[i, j] = matrix[j, i] = 0.0
                matrix[i, i], right[i] = 1.0, 0.0
        change = solve(matrix, right)
        for i in range(count):
            k = active[i]
            moved = angles[k] + min(LARGEST_CHANGE, max(-LARGEST_CHANGE, change[i]))
            angles[k] = min(limits[k, 1], max(limits[k, 0], moved))
        for finger in range(5):
            place_finger(skeleton, angles, finger, motion)
        pull *= START_FADE
        for n in range(OPPOSED, OVERLAP):
            weights[n] *= NORMALS_FADE
        _write_residuals(problem, motion, raw)
        gap = sqrt(raw[GAP] * raw[GAP] + raw[GAP + 1] * raw[GAP + 1] + raw[GAP + 2] * raw[GAP + 2])
        if gap < CLOSED_GAP and raw[OVERLAP:].max() < CLOSED_OVERLAP:
            break
    return angles, gap
