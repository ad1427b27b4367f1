"""Find fingers that run into each other or into the palm, fast enough to ask of every pose drawn.

A finger is a chain of three tapered capsules about its bones; the palm is its own skin, points with normals.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from likelihand.synth.compiled import compiled, inlined
from likelihand.synth.kinematics import (
    Bones,
    Doubles,
    Vector,
    ahead,
    dot,
    minus,
    place_bones,
    place_finger,
    quaternion,
    rotate,
    unit,
    vector,
)


@inlined
def segment_overlap(
    a: Vector, b: Vector, first: float, second: float, c: Vector, d: Vector, third: float, fourth: float
) -> float:
    """Return how deep two tapered capsules overlap: a to b, radii first to second; c to d, third to fourth.

    The closest points of the two axes (Ericson, Real-Time Collision Detection, 5.1.9); negative is free distance.
    """
    u, v, w = minus(b, a), minus(d, c), minus(a, c)
    uu, vv, uv, uw, vw = dot(u, u), dot(v, v), dot(u, v), dot(u, w), dot(v, w)
    scale = uu * vv - uv * uv
    s = min(1.0, max(0.0, (uv * vw - uw * vv) / scale)) if scale > 1e-18 else 0.0
    t = (uv * s + vw) / vv
    if t < 0.0:
        t = 0.0
        s = min(1.0, max(0.0, -uw / uu))
    elif t > 1.0:
        t = 1.0
        s = min(1.0, max(0.0, (uv - uw) / uu))
    gap = ahead(ahead(w, s, u), -t, v)
    reach = first + s * (second - first) + third + t * (fourth - third)
    return reach - sqrt(dot(gap, gap))


@inlined
def row_overlap(first: Doubles, a: int, second: Doubles, b: int) -> float:
    """Return how deep capsule a of `first` (n, 8) and capsule b of `second` (m, 8) overlap.

    A row is start, end, and the radius at each.
    """
    return segment_overlap(
        vector(first, a), (first[a, 3], first[a, 4], first[a, 5]), first[a, 6], first[a, 7],
        vector(second, b), (second[b, 3], second[b, 4], second[b, 5]), second[b, 6], second[b, 7],
    )  # fmt: skip


@compiled
def _finger_capsules(joints: Doubles, radii: Doubles) -> Doubles:
    """Return (15, 8) rows for `row_overlap`, thumb first, without what fingers share with the palm."""
    rows = np.empty((15, 8))
    for finger in range(5):
        for k in range(3):
            a, n = 1 + 4 * finger + k, 3 * finger + k
            start = vector(joints, a)
            along = minus(vector(joints, a + 1), start)
            head = (0.5 if finger > 0 else 0.15) if k == 0 else 0.0
            tail = 1.0
            if k == 2:
                tail = max(0.5, 1.0 - 0.6 * radii[a + 1] / sqrt(dot(along, along)))
            rows[n, 0], rows[n, 1], rows[n, 2] = ahead(start, head, along)
            rows[n, 3], rows[n, 4], rows[n, 5] = ahead(start, tail, along)
            rows[n, 6] = radii[a] + head * (radii[a + 1] - radii[a])
            rows[n, 7] = radii[a] + tail * (radii[a + 1] - radii[a])
    return rows


@compiled
def finger_overlaps(joints: Doubles, radii: Doubles) -> Doubles:
    """Return (5, 5) the deepest overlap in metres of each pair of fingers, thumb first; negative is free distance.

    `joints` (21, 3) posed and `radii` (21,) in metres. The first half of the proximal phalanges is left out, where
    the fingers share the palm's skin, and so is the thumb's metacarpal against the other proximal phalanges.
    """
    overlaps = np.full((5, 5), -1.0)
    rows = _finger_capsules(joints, radii)
    for a in range(15):
        f = a // 3
        for b in range(3 * f + 3, 15):
            if a == 0 and b % 3 == 0:
                continue
            g = b // 3
            overlaps[f, g] = overlaps[g, f] = max(overlaps[f, g], row_overlap(rows, a, rows, b))
    return overlaps


@inlined
def _probe(joints: Doubles, radii: Doubles, finger: int, k: int) -> tuple[Vector, float]:
    """Return the centre and radius of the k-th of three balls that stand for a finger over the palm."""
    a = 2 + 4 * finger + min(k, 1)
    along = minus(vector(joints, a + 1), vector(joints, a))
    if k == 1:
        return ahead(vector(joints, a), 0.5, along), 0.5 * (radii[a] + radii[a + 1])
    if k == 2:
        return ahead(vector(joints, a), 0.85, along), radii[a + 1]
    if finger == 0:
        return ahead(vector(joints, a), 0.7, along), radii[a + 1]
    return vector(joints, a), radii[a]


@compiled
def palm_overlaps(joints: Doubles, radii: Doubles, points: Doubles, normals: Doubles, thenar: Doubles) -> Doubles:
    """Return (5,) how deep in metres each finger is in the palm; the thumb's own ball is no obstacle to the thumb.

    The palm's skin is `points` and `normals` (n, 3), posed; `thenar` (n,) says how much of each follows the thumb.
    """
    deepest = np.full(5, -1.0)
    for finger in range(5):
        for k in range(3):
            centre, radius = _probe(joints, radii, finger, k)
            nearest, best = -1, 1e9
            for n in range(len(points)):
                if finger > 0 or thenar[n] < 0.1:
                    away = minus(centre, vector(points, n))
                    distance = dot(away, away)
                    if distance < best:
                        nearest, best = n, distance
            height = dot(minus(centre, vector(points, nearest)), vector(normals, nearest))
            if best - height * height < 3.0 * radius * radius:  # over the palm, not beyond its edge
                deepest[finger] = max(deepest[finger], radius - height)
    return deepest


@compiled
def follow_thumb(
    rotations: Doubles,
    translations: Doubles,
    palm: tuple[Doubles, Doubles, Doubles],
    moved: Doubles,
    turned: Doubles,
) -> None:
    """Write the palm's points and normals (n, 3) with the ball of the thumb moved as its metacarpal moves."""
    points, normals, thenar = palm
    rotation, translation = quaternion(rotations, 1), vector(translations, 1)
    for n in range(len(points)):
        if thenar[n] > 0:
            point, normal = vector(points, n), vector(normals, n)
            way = minus(ahead(rotate(rotation, point), 1.0, translation), point)
            moved[n, 0], moved[n, 1], moved[n, 2] = ahead(point, thenar[n], way)
            bent = ahead(normal, thenar[n], minus(rotate(rotation, normal), normal))
            turned[n, 0], turned[n, 1], turned[n, 2] = unit(bent)


@compiled
def make_room(
    bones: Bones,
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
    angles, points, normals = start.copy(), palm[0].copy(), palm[1].copy()
    rotations, translations, posed = place_bones(bones, angles)
    for _ in range(12):
        for finger in range(5):
            place_finger(bones, angles, finger, rotations, translations, posed)
        follow_thumb(rotations, translations, palm, points, normals)
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
        for k in range(len(angles)):
            angles[k] = min(limits[k, 1], max(limits[k, 0], angles[k]))
    return angles, False
