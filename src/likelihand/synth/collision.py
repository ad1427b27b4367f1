"""Find fingers that run into each other or into the palm, fast enough to ask of every pose drawn.

A finger is a chain of three tapered capsules about its bones; the palm is its own skin, points with normals.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from likelihand.synth.compiled import compiled
from likelihand.synth.kinematics import Doubles, place_bones, rotate, unit


@compiled
def segment_overlap(
    a: Doubles, b: Doubles, first: float, second: float, c: Doubles, d: Doubles, third: float, fourth: float
) -> float:
    """Return how deep two tapered capsules overlap: a to b, radii first to second; c to d, third to fourth.

    The closest points of the two axes (Ericson, Real-Time Collision Detection, 5.1.9); negative is free distance.
    """
    u, v, w = b - a, d - c, a - c
    uu, vv = np.dot(u, u), np.dot(v, v)
    uv, uw, vw = np.dot(u, v), np.dot(u, w), np.dot(v, w)
    scale = uu * vv - uv * uv
    s = min(1.0, max(0.0, (uv * vw - uw * vv) / scale)) if scale > 1e-18 else 0.0
    t = (uv * s + vw) / vv
    if t < 0.0:
        t = 0.0
        s = min(1.0, max(0.0, -uw / uu))
    elif t > 1.0:
        t = 1.0
        s = min(1.0, max(0.0, (uv - uw) / uu))
    gap = w + s * u - t * v
    reach = first + s * (second - first) + third + t * (fourth - third)
    return float(reach - sqrt(np.dot(gap, gap)))


@compiled
def finger_overlaps(joints: Doubles, radii: Doubles) -> Doubles:
    """Return (5, 5) the deepest overlap in metres of each pair of fingers, thumb first; negative is free distance.

    `joints` (21, 3) posed and `radii` (21,) in metres. The first half of the proximal phalanges is left out, where
    the fingers share the palm's skin, and so is the thumb's metacarpal against the other proximal phalanges.
    """
    overlaps = np.full((5, 5), -1.0)
    starts, ends = np.empty((5, 3, 3)), np.empty((5, 3, 3))
    first, second = np.empty((5, 3)), np.empty((5, 3))
    for finger in range(5):
        for k in range(3):
            a = 1 + 4 * finger + k
            along = joints[a + 1] - joints[a]
            head = (0.5 if finger > 0 else 0.15) if k == 0 else 0.0
            tail = 1.0
            if k == 2:
                tail = max(0.5, 1.0 - 0.6 * radii[a + 1] / sqrt(np.dot(along, along)))
            starts[finger, k], ends[finger, k] = joints[a] + head * along, joints[a] + tail * along
            first[finger, k] = radii[a] + head * (radii[a + 1] - radii[a])
            second[finger, k] = radii[a] + tail * (radii[a + 1] - radii[a])
    for f in range(5):
        for g in range(f + 1, 5):
            for k in range(3):
                for m in range(3):
                    if f == 0 and k == 0 and m == 0:
                        continue
                    overlap = segment_overlap(
                        starts[f, k], ends[f, k], first[f, k], second[f, k],
                        starts[g, m], ends[g, m], first[g, m], second[g, m],
                    )  # fmt: skip
                    overlaps[f, g] = max(overlaps[f, g], overlap)
            overlaps[g, f] = overlaps[f, g]
    return overlaps


@compiled
def palm_overlaps(joints: Doubles, radii: Doubles, points: Doubles, normals: Doubles, thenar: Doubles) -> Doubles:
    """Return (5,) how deep in metres each finger is in the palm; the thumb's own ball is no obstacle to the thumb.

    The palm's skin is `points` and `normals` (n, 3), posed; `thenar` (n,) says how much of each follows the thumb.
    """
    deepest = np.full(5, -1.0)
    for finger in range(5):
        for k in range(3):
            a = 2 + 4 * finger + min(k, 1)
            centre, radius = joints[a], radii[a]
            if k == 1:
                centre, radius = 0.5 * (joints[a] + joints[a + 1]), 0.5 * (radii[a] + radii[a + 1])
            elif k == 2:
                centre, radius = joints[a] + 0.85 * (joints[a + 1] - joints[a]), radii[a + 1]
            elif finger == 0:
                centre, radius = joints[a] + 0.7 * (joints[a + 1] - joints[a]), radii[a + 1]
            nearest, best = -1, 1e9
            for n in range(len(points)):
                if finger > 0 or thenar[n] < 0.1:
                    away = centre - points[n]
                    distance = np.dot(away, away)
                    if distance < best:
                        nearest, best = n, distance
            height = np.dot(centre - points[nearest], normals[nearest])
            if best - height * height < 3.0 * radius * radius:  # over the palm, not beyond its edge
                deepest[finger] = max(deepest[finger], radius - height)
    return deepest


@compiled
def follow_thumb(
    rotation: Doubles, translation: Doubles, points: Doubles, normals: Doubles, thenar: Doubles
) -> tuple[Doubles, Doubles]:
    """Return the palm's points and normals (n, 3) with the ball of the thumb moved as its metacarpal moves."""
    moved, turned = points.copy(), normals.copy()
    for n in range(len(points)):
        if thenar[n] > 0:
            moved[n] += thenar[n] * (rotate(rotation, points[n]) + translation - points[n])
            turned[n] = unit(normals[n] + thenar[n] * (rotate(rotation, normals[n]) - normals[n]))
    return moved, turned


@compiled
def make_room(
    bones: tuple[Doubles, Doubles, Doubles],
    start: Doubles,
    limits: Doubles,
    radii: Doubles,
    palm: tuple[Doubles, Doubles, Doubles],
    finger_depth: float,
    thumb_depth: float,
    palm_depth: float,
) -> tuple[Doubles, bool]:
    """Nudge a pose until its fingers are free: spread neighbours that overlap, open fingers that enter the palm.

    Args:
        bones: joints (21, 3), flexion axes (15, 3) and rest angles (24,) of the skeleton.
        start: (24,) angles in radians.
        limits: (24, 2) least and greatest angles.
        radii: (21,) metres.
        palm: points (n, 3) of the palm's skin in metres, their normals (n, 3), and the thumb's share (n,).
        finger_depth: metres by which two fingers may overlap.
        thumb_depth: metres by which the thumb may overlap a finger.
        palm_depth: metres by which a finger may enter the palm.

    Returns:
        The angles (24,), and whether they are free of overlaps.
    """
    angles = start.copy()
    for _ in range(12):
        rotations, translations, posed = place_bones(bones[0], bones[1], bones[2], angles)
        points, normals = follow_thumb(rotations[1], translations[1], palm[0], palm[1], palm[2])
        fingers, into_palm = finger_overlaps(posed, radii), palm_overlaps(posed, radii, points, normals, palm[2])
        free = into_palm.max() <= palm_depth
        if into_palm[0] > palm_depth:
            angles[16] += 0.06
        for f in range(5):
            if f > 0 and into_palm[f] > palm_depth:
                for k in range(3):
                    angles[4 * f - 4 + k] -= (0.015, 0.05, 0.05)[k]
            for g in range(f + 1, 5):
                if fingers[f, g] > (finger_depth if f > 0 else thumb_depth):
                    free = False
                    if f == 0:
                        angles[17] += 0.04
                    else:
                        angles[4 * f - 1] += 0.025
                        angles[4 * g - 1] -= 0.025
        if free:
            return angles, True
        angles = np.minimum(np.maximum(angles, limits[:, 0]), limits[:, 1])
    return angles, False
