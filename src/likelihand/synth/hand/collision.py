"""Find fingers that run into each other or into the palm, fast enough to ask of every pose drawn.

A finger is a chain of three tapered capsules about its bones; the palm is its own skin, points with normals.
"""

from __future__ import annotations

from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from likelihand.synth.compiled import compiled, inlined
from likelihand.synth.hand.anatomy import ABDUCTION, DIP, MCP, PIP, THUMB_AZIMUTH, THUMB_ELEVATION
from likelihand.synth.hand.kinematics import (
    Doubles,
    Motion,
    Skeleton,
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

START, END, START_RADIUS, END_RADIUS = 0, 3, 6, 7
CAPSULE_COLUMNS: Final = 8
"""Columns of an array of capsules: start x y z, end x y z, the radius at each; metres."""
ROUNDS: Final = 12
"""Nudges after which a pose that is not free is given up."""
PALM_EDGE: Final = 3.0
"""Squared radii of a ball beside the nearest skin of the palm from which it is beyond the palm's edge."""


class Capsule(NamedTuple):
    """A tapered capsule: a segment with a radius at each end, metres."""

    start: Vector
    end: Vector
    start_radius: float
    end_radius: float


class PalmSkin(NamedTuple):
    """The palm as an obstacle.

    Attributes:
        points: (n, 3) of its skin, metres.
        normals: (n, 3) unit vectors out of it.
        thenar: (n,) how much of each point follows the thumb's metacarpal, 0..1.
    """

    points: Doubles
    normals: Doubles
    thenar: Doubles


class Allowance(NamedTuple):
    """Metres by which two fingers, the thumb and a finger, and a finger and the palm may overlap."""

    fingers: float
    thumb: float
    palm: float


@inlined
def overlap(one: Capsule, other: Capsule) -> float:
    """Return how deep in metres two capsules overlap; negative is free distance.

    From the closest points of the two axes (Ericson, Real-Time Collision Detection, 5.1.9).
    """
    u, v, w = minus(one.end, one.start), minus(other.end, other.start), minus(one.start, other.start)
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
    reach = (
        one.start_radius
        + s * (one.end_radius - one.start_radius)
        + other.start_radius
        + t * (other.end_radius - other.start_radius)
    )
    return reach - sqrt(dot(gap, gap))


@inlined
def capsule(rows: Doubles, row: int) -> Capsule:
    """Return a row of an array (n, 8) as a capsule."""
    return Capsule(
        (rows[row, START], rows[row, START + 1], rows[row, START + 2]),
        (rows[row, END], rows[row, END + 1], rows[row, END + 2]),
        rows[row, START_RADIUS],
        rows[row, END_RADIUS],
    )


@compiled
def _finger_capsules(joints: Doubles, radii: Doubles) -> Doubles:
    """Return (15, 8) capsules of the fingers' bones, thumb first, without what fingers share with the palm.

    A finger's first bone begins halfway, the thumb's at 0.15 of its length. The last ends 0.6 radii before the
    keypoint of the tip, so that its round end reaches 0.4 radii past it.
    """
    rows = np.empty((15, CAPSULE_COLUMNS))
    for finger in range(5):
        for k in range(3):
            a, n = 1 + 4 * finger + k, 3 * finger + k
            start = vector(joints, a)
            along = minus(vector(joints, a + 1), start)
            head = (0.5 if finger > 0 else 0.15) if k == 0 else 0.0
            tail = 1.0
            if k == 2:
                tail = max(0.5, 1.0 - 0.6 * radii[a + 1] / sqrt(dot(along, along)))
            rows[n, START], rows[n, START + 1], rows[n, START + 2] = ahead(start, head, along)
            rows[n, END], rows[n, END + 1], rows[n, END + 2] = ahead(start, tail, along)
            rows[n, START_RADIUS] = radii[a] + head * (radii[a + 1] - radii[a])
            rows[n, END_RADIUS] = radii[a] + tail * (radii[a + 1] - radii[a])
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
            deep = overlap(capsule(rows, a), capsule(rows, b))
            overlaps[f, g] = overlaps[g, f] = max(overlaps[f, g], deep)
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
def palm_overlaps(joints: Doubles, radii: Doubles, palm: PalmSkin) -> Doubles:
    """Return (5,) how deep in metres each finger is in the posed palm; the ball of the thumb is no obstacle."""
    points, normals, thenar = palm
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
            if best - height * height < PALM_EDGE * radius * radius:
                deepest[finger] = max(deepest[finger], radius - height)
    return deepest


@compiled
def follow_thumb(motion: Motion, palm: PalmSkin, moved: PalmSkin) -> None:
    """Write into `moved` the palm's skin with the ball of the thumb moved as its metacarpal moves."""
    points, normals, thenar = palm
    rotation, translation = quaternion(motion.rotations, 1), vector(motion.translations, 1)
    for n in range(len(points)):
        if thenar[n] > 0:
            point, normal = vector(points, n), vector(normals, n)
            way = minus(ahead(rotate(rotation, point), 1.0, translation), point)
            moved.points[n, 0], moved.points[n, 1], moved.points[n, 2] = ahead(point, thenar[n], way)
            bent = ahead(normal, thenar[n], minus(rotate(rotation, normal), normal))
            moved.normals[n, 0], moved.normals[n, 1], moved.normals[n, 2] = unit(bent)


@compiled
def _nudge(angles: Doubles, fingers: Doubles, into_palm: Doubles, allowed: Allowance) -> bool:
    """Turn the angles of what overlaps by small steps; return whether nothing did."""
    free = into_palm.max() <= allowed.palm
    if into_palm[0] > allowed.palm:
        angles[THUMB_AZIMUTH] += 0.06
    for f in range(5):
        first = 4 * (f - 1)
        if f > 0 and into_palm[f] > allowed.palm:
            angles[first + MCP] -= 0.015
            angles[first + PIP] -= 0.05
            angles[first + DIP] -= 0.05
        for g in range(f + 1, 5):
            if fingers[f, g] > (allowed.fingers if f > 0 else allowed.thumb):
                free = False
                if f == 0:
                    angles[THUMB_ELEVATION] += 0.04
                else:
                    angles[first + ABDUCTION] += 0.025
                    angles[4 * (g - 1) + ABDUCTION] -= 0.025
    return bool(free)


@compiled
def make_room(
    skeleton: Skeleton, start: Doubles, limits: Doubles, radii: Doubles, palm: PalmSkin, allowed: Allowance
) -> tuple[Doubles, bool]:
    """Nudge a pose until its fingers are free: spread neighbours that overlap, open fingers that enter the palm.

    Returns the angles (24,) in radians, within `limits` (24, 2), and whether they are free; `radii` (21,) in
    metres.
    """
    angles, moved = start.copy(), PalmSkin(palm.points.copy(), palm.normals.copy(), palm.thenar)
    motion = place_bones(skeleton, angles)
    for _ in range(ROUNDS):
        for finger in range(5):
            place_finger(skeleton, angles, finger, motion)
        follow_thumb(motion, palm, moved)
        fingers, into_palm = finger_overlaps(motion.joints, radii), palm_overlaps(motion.joints, radii, moved)
        if _nudge(angles, fingers, into_palm, allowed):
            return angles, True
        for k in range(len(angles)):
            angles[k] = min(limits[k, 1], max(limits[k, 0], angles[k]))
    return angles, False
