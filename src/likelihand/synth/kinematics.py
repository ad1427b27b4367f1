"""From 24 joint angles to where each bone of the hand goes.

Angles are radians in one vector (24,): index, middle, ring and little finger each with MCP flexion, PIP flexion,
DIP flexion and MCP abduction (+ to the thumb's side); the thumb's metacarpal azimuth (+ to the side), elevation
(+ out of the palm) and pronation, then its MCP and IP flexion; the wrist's flexion (+ towards the palm), its
deviation (+ to the thumb's side) and the twist of the forearm. A straight finger in the palm's plane has angles 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, atan2, cos, hypot, sin, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.asset import BONE_OF_KEYPOINT, BONES, HEADS
from likelihand.synth.compiled import compiled

Doubles = NDArray[np.float64]

ANGLES: Final = 24
THUMB: Final = 16
WRIST: Final = 21
_HEADS = np.array(HEADS)
_CARRIERS = np.array(BONE_OF_KEYPOINT)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Hold the rest pose of one person's hand: joints (21, 3) metres, axes (15, 3), rest angles (24,)."""

    joints: Doubles
    axes: Doubles
    rest: Doubles


@compiled
def cross(a: Doubles, b: Doubles) -> Doubles:
    """Return the cross product of two vectors (3,)."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


@compiled
def unit(a: Doubles) -> Doubles:
    """Return the vector (3,) at length one."""
    return a / sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


@compiled
def multiply(p: Doubles, q: Doubles) -> Doubles:
    """Return the quaternion (w, x, y, z) that turns by `q`, then by `p`."""
    return np.array(
        [
            p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3],
            p[0] * q[1] + p[1] * q[0] + p[2] * q[3] - p[3] * q[2],
            p[0] * q[2] - p[1] * q[3] + p[2] * q[0] + p[3] * q[1],
            p[0] * q[3] + p[1] * q[2] - p[2] * q[1] + p[3] * q[0],
        ]
    )


@compiled
def rotate(q: Doubles, v: Doubles) -> Doubles:
    """Return the vector (3,) turned by the unit quaternion `q`."""
    tx = 2.0 * (q[2] * v[2] - q[3] * v[1])
    ty = 2.0 * (q[3] * v[0] - q[1] * v[2])
    tz = 2.0 * (q[1] * v[1] - q[2] * v[0])
    return np.array(
        [
            v[0] + q[0] * tx + q[2] * tz - q[3] * ty,
            v[1] + q[0] * ty + q[3] * tx - q[1] * tz,
            v[2] + q[0] * tz + q[1] * ty - q[2] * tx,
        ]
    )


@compiled
def turn(axis: Doubles, angle: float) -> Doubles:
    """Return the quaternion of a turn by `angle` about the unit vector `axis`."""
    s = sin(0.5 * angle)
    return np.array([cos(0.5 * angle), s * axis[0], s * axis[1], s * axis[2]])


@compiled
def _between(a: Doubles, b: Doubles) -> Doubles:
    c = cross(a, b)
    q = np.array([1.0 + a[0] * b[0] + a[1] * b[1] + a[2] * b[2], c[0], c[1], c[2]])
    return q / sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])


@compiled
def _rest_pose(joints: Doubles, dorsal: Doubles) -> tuple[Doubles, Doubles]:
    axes, rest = np.zeros((15, 3)), np.zeros(24)
    for finger in range(5):
        base = 1 + 4 * finger
        before = np.zeros(3)
        for k in range(3):
            along = unit(joints[base + k + 1] - joints[base + k])
            axis = unit(cross(dorsal[finger], along))
            axes[3 * finger + k] = axis
            if k > 0:
                bend = cross(before, along)
                straight = before[0] * along[0] + before[1] * along[1] + before[2] * along[2]
                angle = atan2(bend[0] * axis[0] + bend[1] * axis[1] + bend[2] * axis[2], straight)
                rest[4 * (finger - 1) + k if finger > 0 else 18 + k] = angle
            elif finger > 0:
                rest[4 * (finger - 1)] = atan2(along[2], hypot(along[0], along[1]))
                rest[4 * (finger - 1) + 3] = atan2(along[0], along[1])
            else:
                rest[16], rest[17] = atan2(along[0], along[1]), asin(along[2])
            before = along
    return axes, rest


def make_skeleton(joints: NDArray[Any], dorsal: NDArray[Any]) -> Skeleton:
    """Work out flexion axes and rest angles of the joints (21, 3) with nails facing `dorsal` (5, 3).

    Example:
        >>> from likelihand.synth.asset import load_asset
        >>> make_skeleton(load_asset().joints, load_asset().dorsal).axes.shape
        (15, 3)
    """
    placed: Doubles = np.asarray(joints, np.float64)
    axes, rest = _rest_pose(placed, np.asarray(dorsal, np.float64))
    return Skeleton(placed, axes, rest)


@compiled
def _local_turns(joints: Doubles, axes: Doubles, rest: Doubles, angles: Doubles) -> Doubles:
    local = np.zeros((BONES, 4))
    local[:, 0] = 1.0
    x, z = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    change = angles - rest
    for finger in range(1, 5):
        a, bone = 4 * (finger - 1), 1 + 3 * finger
        spread = turn(z, -change[a + 3])
        local[bone] = multiply(spread, turn(axes[3 * finger], change[a]))
        local[bone + 1] = turn(axes[3 * finger + 1], change[a + 1])
        local[bone + 2] = turn(axes[3 * finger + 2], change[a + 2])
    azimuth, elevation = angles[16], angles[17]
    before = unit(joints[2] - joints[1])
    after = np.array([sin(azimuth) * cos(elevation), cos(azimuth) * cos(elevation), sin(elevation)])
    # opposition: a thumb raised out of the palm turns its pad to the fingers
    opposition = turn(after, -0.7 * (elevation - rest[17]) - angles[18])
    local[1] = multiply(opposition, _between(before, after))
    local[2] = turn(axes[1], change[19])
    local[3] = turn(axes[2], change[20])
    local[16] = multiply(turn(z, angles[22]), turn(x, -angles[21]))
    local[17] = turn(np.array([0.0, 1.0, 0.0]), angles[23])
    return local


@compiled
def place_bones(
    joints: Doubles, axes: Doubles, rest: Doubles, angles: Doubles
) -> tuple[Doubles, Doubles, Doubles]:
    """Return rotations (18, 4), translations (18, 3) that move the rest pose, and the posed keypoints (21, 3)."""
    local = _local_turns(joints, axes, rest, angles)
    rotations, translations = np.zeros((BONES, 4)), np.zeros((BONES, 3))
    rotations[0, 0] = 1.0
    for bone in range(1, BONES):
        parent = 0 if bone % 3 == 1 else bone - 1
        centre = joints[_HEADS[bone]]
        rotations[bone] = multiply(rotations[parent], local[bone])
        moved = rotate(rotations[parent], centre) + translations[parent]
        translations[bone] = moved - rotate(rotations[bone], centre)
    posed = np.zeros((21, 3))
    for keypoint in range(21):
        bone = _CARRIERS[keypoint]
        posed[keypoint] = rotate(rotations[bone], joints[keypoint]) + translations[bone]
    return rotations, translations, posed
