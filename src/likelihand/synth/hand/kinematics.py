"""Forward kinematics: from 24 joint angles, in the order of `anatomy`, to the pose of each bone."""

from __future__ import annotations

from math import asin, atan2, cos, hypot, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled, inlined
from likelihand.synth.hand.anatomy import (
    ABDUCTION,
    FOREARM_TWIST,
    MCP,
    OPPOSITION,
    THUMB_AZIMUTH,
    THUMB_ELEVATION,
    THUMB_PRONATION,
    WRIST_DEVIATION,
    WRIST_FLEXION,
)
from likelihand.synth.hand.asset import BONES, ELBOW, FOREARM, HEADS

Doubles = NDArray[np.float64]
Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

_HEADS = np.array(HEADS)


class Skeleton(NamedTuple):
    """The rest pose of one person's hand.

    Attributes:
        joints: (21, 3) metres.
        axes: (15, 3) unit vectors about which the bones of the fingers bend, thumb first.
        rest: (24,) the angles of the rest pose in radians.
    """

    joints: Doubles
    axes: Doubles
    rest: Doubles


class Motion(NamedTuple):
    """Where the bones of a posed hand are.

    Attributes:
        rotations: (18, 4) unit quaternions (w, x, y, z), and
        translations: (18, 3) metres, which move each bone from the rest pose.
        joints: (21, 3) the posed keypoints, metres.
    """

    rotations: Doubles
    translations: Doubles
    joints: Doubles


@inlined
def vector(rows: Doubles, row: int) -> Vector:
    """Return a row of an array (n, 3) as three numbers."""
    return rows[row, 0], rows[row, 1], rows[row, 2]


@inlined
def quaternion(rows: Doubles, row: int) -> Quaternion:
    """Return a row of an array (n, 4) as four numbers."""
    return rows[row, 0], rows[row, 1], rows[row, 2], rows[row, 3]


@inlined
def cross(a: Vector, b: Vector) -> Vector:
    """Return the cross product of two vectors."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@inlined
def dot(a: Vector, b: Vector) -> float:
    """Return the inner product of two vectors."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def minus(a: Vector, b: Vector) -> Vector:
    """Return the vector from b to a."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@inlined
def ahead(a: Vector, share: float, way: Vector) -> Vector:
    """Return the point a + share * way."""
    return a[0] + share * way[0], a[1] + share * way[1], a[2] + share * way[2]


@inlined
def unit(a: Vector) -> Vector:
    """Return the vector, normalised."""
    length = sqrt(dot(a, a))
    return a[0] / length, a[1] / length, a[2] / length


@inlined
def multiply(p: Quaternion, q: Quaternion) -> Quaternion:
    """Return the quaternion (w, x, y, z) that turns by `q`, then by `p`."""
    return (
        p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3],
        p[0] * q[1] + p[1] * q[0] + p[2] * q[3] - p[3] * q[2],
        p[0] * q[2] - p[1] * q[3] + p[2] * q[0] + p[3] * q[1],
        p[0] * q[3] + p[1] * q[2] - p[2] * q[1] + p[3] * q[0],
    )


@inlined
def rotate(q: Quaternion, v: Vector) -> Vector:
    """Return the vector turned by the unit quaternion `q`."""
    tx = 2.0 * (q[2] * v[2] - q[3] * v[1])
    ty = 2.0 * (q[3] * v[0] - q[1] * v[2])
    tz = 2.0 * (q[1] * v[1] - q[2] * v[0])
    return (
        v[0] + q[0] * tx + q[2] * tz - q[3] * ty,
        v[1] + q[0] * ty + q[3] * tx - q[1] * tz,
        v[2] + q[0] * tz + q[1] * ty - q[2] * tx,
    )


@inlined
def turn(axis: Vector, angle: float) -> Quaternion:
    """Return the quaternion of a turn by `angle` about the unit vector `axis`."""
    s = sin(0.5 * angle)
    return cos(0.5 * angle), s * axis[0], s * axis[1], s * axis[2]


@inlined
def flexion_angle(finger: int, k: int) -> int:
    """Return which angle bends bone k (0 nearest the palm) of a finger, 0 the thumb, whose bone 0 has none."""
    return 4 * (finger - 1) + k if finger > 0 else THUMB_PRONATION + k


@inlined
def _between(a: Vector, b: Vector) -> Quaternion:
    w, (x, y, z) = 1.0 + dot(a, b), cross(a, b)
    length = sqrt(w * w + x * x + y * y + z * z)
    return w / length, x / length, y / length, z / length


@compiled
def _rest_pose(joints: Doubles, dorsal: Doubles) -> tuple[Doubles, Doubles]:
    axes, rest = np.zeros((15, 3)), np.zeros(24)
    for finger in range(5):
        base = 1 + 4 * finger
        before = (0.0, 0.0, 0.0)
        for k in range(3):
            along = unit(minus(vector(joints, base + k + 1), vector(joints, base + k)))
            axis = unit(cross(vector(dorsal, finger), along))
            axes[3 * finger + k, 0], axes[3 * finger + k, 1], axes[3 * finger + k, 2] = axis
            if k > 0:
                angle = atan2(dot(cross(before, along), axis), dot(before, along))
                rest[flexion_angle(finger, k)] = angle
            elif finger > 0:
                rest[4 * (finger - 1) + MCP] = atan2(along[2], hypot(along[0], along[1]))
                rest[4 * (finger - 1) + ABDUCTION] = atan2(along[0], along[1])
            else:
                rest[THUMB_AZIMUTH], rest[THUMB_ELEVATION] = atan2(along[0], along[1]), asin(along[2])
            before = along
    return axes, rest


def make_skeleton(joints: NDArray[Any], dorsal: NDArray[Any]) -> Skeleton:
    """Compute flexion axes and rest angles of the joints (21, 3) with nails facing `dorsal` (5, 3)."""
    placed: Doubles = np.asarray(joints, np.float64)
    axes, rest = _rest_pose(placed, np.asarray(dorsal, np.float64))
    return Skeleton(placed, axes, rest)


@inlined
def _set_turn(rotations: Doubles, bone: int, q: Quaternion) -> None:
    rotations[bone, 0], rotations[bone, 1], rotations[bone, 2], rotations[bone, 3] = q


@inlined
def _thumb_turn(joints: Doubles, rest: Doubles, angles: Doubles) -> Quaternion:
    azimuth, elevation = angles[THUMB_AZIMUTH], angles[THUMB_ELEVATION]
    before = unit(minus(vector(joints, 2), vector(joints, 1)))
    after = (sin(azimuth) * cos(elevation), cos(azimuth) * cos(elevation), sin(elevation))
    opposition = turn(after, -OPPOSITION * (elevation - rest[THUMB_ELEVATION]) - angles[THUMB_PRONATION])
    return multiply(opposition, _between(before, after))


@inlined
def _finger_turn(axes: Doubles, rest: Doubles, angles: Doubles, finger: int) -> Quaternion:
    a = 4 * (finger - 1)
    spread = turn((0.0, 0.0, 1.0), rest[a + ABDUCTION] - angles[a + ABDUCTION])
    return multiply(spread, turn(vector(axes, 3 * finger), angles[a + MCP] - rest[a + MCP]))


@inlined
def _hang(joints: Doubles, bone: int, parent: int, motion: Motion) -> None:
    """Attach a bone, whose own rotation is in its row of the rotations, to its parent."""
    rotations, translations, _ = motion
    centre, above = vector(joints, _HEADS[bone]), quaternion(rotations, parent)
    turned = multiply(above, quaternion(rotations, bone))
    _set_turn(rotations, bone, turned)
    moved = ahead(vector(translations, parent), 1.0, rotate(above, centre))
    shift = minus(moved, rotate(turned, centre))
    translations[bone, 0], translations[bone, 1], translations[bone, 2] = shift


@compiled
def place_finger(skeleton: Skeleton, angles: Doubles, finger: int, motion: Motion) -> None:
    """Write where one finger, 0 thumb to 4 little one, goes into its rows of a motion, whose row 0 is set."""
    joints, axes, rest = skeleton
    rotations, translations, posed = motion
    first = 1 + 3 * finger
    start = _thumb_turn(joints, rest, angles) if finger == 0 else _finger_turn(axes, rest, angles, finger)
    _set_turn(rotations, first, start)
    for k in range(1, 3):
        a = flexion_angle(finger, k)
        _set_turn(rotations, first + k, turn(vector(axes, 3 * finger + k), angles[a] - rest[a]))
    for k in range(3):
        _hang(joints, first + k, 0 if k == 0 else first + k - 1, motion)
    for k in range(4):
        keypoint, bone = 1 + 4 * finger + k, first + min(k, 2)
        place = ahead(
            vector(translations, bone), 1.0, rotate(quaternion(rotations, bone), vector(joints, keypoint))
        )
        posed[keypoint, 0], posed[keypoint, 1], posed[keypoint, 2] = place


@compiled
def place_bones(skeleton: Skeleton, angles: Doubles) -> Motion:
    """Return where the bones of a hand go with joint angles (24,) in radians."""
    motion = Motion(np.zeros((BONES, 4)), np.zeros((BONES, 3)), np.empty((21, 3)))
    motion.rotations[0, 0] = 1.0
    motion.joints[0] = skeleton.joints[0]
    for finger in range(5):
        place_finger(skeleton, angles, finger, motion)
    x, y, z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
    wrist = multiply(turn(z, angles[WRIST_DEVIATION]), turn(x, -angles[WRIST_FLEXION]))
    _set_turn(motion.rotations, FOREARM, wrist)
    _set_turn(motion.rotations, ELBOW, turn(y, angles[FOREARM_TWIST]))
    _hang(skeleton.joints, FOREARM, 0, motion)
    _hang(skeleton.joints, ELBOW, FOREARM, motion)
    return motion
