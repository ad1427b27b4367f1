"""The hand's skeleton as a function of joint angles and shape, with its derivative.

The mean skeleton of the rendered hand gives the directions of its bones at rest and the axes about which they
turn; a person's shape changes where the fingers begin and how long each bone is. Lengths are in palm lengths
(wrist to middle knuckle of the mean hand) in the hand's frame: origin at the wrist, +y to the middle knuckle, +x
to the thumb's side, +z out of the palm. A batch of hands is the *last* axis of every array here, so that each
operation of NumPy runs along it.

The five digits, thumb first, are computed alike. Each has five *slots* of angles: three that turn all of it (a
finger's MCP flexion, MCP abduction and nothing; the thumb's azimuth, elevation and pronation), then one that turns
its second bone and one that turns its third.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.hand.anatomy import LABEL_SHIFT, LIMITS, OPPOSITION, THUMB, WRIST

FloatArray: TypeAlias = NDArray[np.float64]

ANGLES: Final = WRIST
"""Angles that move the fingers: all of the renderer's but the wrist's three."""
ANGLE_LIMITS: Final = LIMITS[:ANGLES]
SLOTS: Final = np.array(
    [range(THUMB, WRIST), *([4 * f, 4 * f + 3, -1, 4 * f + 1, 4 * f + 2] for f in range(4))], np.int64
)
"""(5, 5) place of each digit's angles in the vector of 21; -1 where a finger has none."""
SHAPE: Final = 30
"""Numbers that say a shape: where five digits begin (5, 3), and the lengths of their bones (5, 3)."""

_TURNS: Final = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 1], [0, 1, 1], [0, 0, 1]], np.float64)
"""(slots, bones) whether a slot's angle turns a bone."""
_SHARE: Final = np.array([LABEL_SHIFT.get(4 * d + 1, (0, 0.0))[1] for d in range(5)])
"""Share of each digit's first bone that lies before its first keypoint."""


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """What a skeleton is made of.

    Attributes:
        directions: (5, 3, 3) unit vectors along each digit's bones at rest.
        axes: (5, 3, 3) unit vectors about which the bones flex at rest, orthogonal to them.
        rest: (21,) angles of the rest pose, radians.
        mean: (30,) the mean shape, see `SHAPE`.
        components: (K, 30) change of the shape per standard deviation of each of its components.
    """

    directions: FloatArray
    axes: FloatArray
    rest: FloatArray
    mean: FloatArray
    components: FloatArray


class Posed(NamedTuple):
    """Posed hands.

    Attributes:
        points: (5, 4, 3, N) keypoints of the digits in the hand's frame; the wrist is at the origin.
        by_angle: (5, 5, 4, 3, N) derivative of a digit's keypoints with respect to its slots.
        by_shape: (K, 5, 4, 3, N) derivative with respect to the shape's components.
    """

    points: FloatArray
    by_angle: FloatArray
    by_shape: FloatArray


def pose(rig: Rig, angles: FloatArray, shape: FloatArray) -> Posed:
    """Pose hands, and differentiate.

    A keypoint is its digit's beginning plus the bones before it; a bone is its length times its direction at rest,
    turned. An angle whose axis is w moves a bone's direction v by w x v.

    Args:
        rig: the skeleton.
        angles: (21, N) radians.
        shape: (K, N) standard deviations.

    Example:
        >>> from likelihand.fitting.tables import load_tables
        >>> rig = load_tables().rig
        >>> pose(rig, np.zeros((21, 2)), np.zeros((len(rig.components), 2))).points.shape
        (5, 4, 3, 2)
    """
    slots = np.concatenate([angles, np.zeros_like(angles[:1])])[SLOTS]
    turns, spins = _bases(rig, slots)
    bones, axes = _bones(rig, slots, turns)
    spins = np.concatenate([spins, axes], 1)
    form = (rig.mean[:, None] + rig.components.T @ shape).reshape(2, 5, 3, -1)
    lengths = form[1][:, :, None]
    steps = lengths * bones
    points = form[0][:, None] + _chained(steps)
    moved = _cross(spins[:, :, None], steps[:, None]) * _TURNS[:, :, None, None]
    changes = rig.components.reshape(-1, 2, 5, 3)
    grown = changes[:, 1, :, :, None, None] * bones
    return Posed(points, _chained(moved), changes[:, 0, :, None, :, None] + _chained(grown, 1))


def _chained(steps: FloatArray, digits: int = 0) -> FloatArray:
    """Sum bones (..., 3 bones, 3, N) to keypoints (..., 4, 3, N) along each digit; `digits` is those's axis."""
    share = _SHARE.reshape(5, *[1] * (steps.ndim - 2 - digits))
    first = share * steps[..., 0, :, :]
    second = steps[..., 0, :, :]
    third = second + steps[..., 1, :, :]
    return np.stack([first, second, third, third + steps[..., 2, :, :]], -3)


def _bases(rig: Rig, slots: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return turns (5, 3, 3, N) of the digits' first bones, and the axes (5, 3, 3, N) of their slots."""
    thumb, thumb_axes = _thumb(rig, slots[0])
    spread = _about_z(rig.rest[SLOTS[1:, 1], None] - slots[1:, 1])
    flexed = _about(rig.axes[1:, 0], slots[1:, 0] - rig.rest[SLOTS[1:, 0], None])
    fingers = _times(spread, flexed)
    axes = np.zeros((4, 3, 3, slots.shape[-1]))
    axes[:, 0] = np.einsum("dijn,dj->din", spread, rig.axes[1:, 0])
    axes[:, 1, 2] = -1.0
    return np.concatenate([thumb[None], fingers]), np.concatenate([thumb_axes[None], axes])


def _bones(rig: Rig, slots: FloatArray, turns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the bones' directions (5, 3, 3, N), and the axes (5, 2, 3, N) of the last two slots."""
    rest, bones, axes = rig.rest[SLOTS], [], []
    for k in range(3):
        if k > 0:
            axes.append(np.einsum("dijn,dj->din", turns, rig.axes[:, k]))
            turns = _times(turns, _about(rig.axes[:, k], slots[:, 2 + k] - rest[:, 2 + k, None]))
        bones.append(np.einsum("dijn,dj->din", turns, rig.directions[:, k]))
    return np.stack(bones, 1), np.stack(axes, 1)


def _thumb(rig: Rig, slots: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the turn (3, 3, N) of the thumb's metacarpal and the axes (3, 3, N) of its three angles.

    The shortest turn from its direction at rest to the one that azimuth and elevation say, then a turn about that
    by the pronation and what comes with the elevation.
    """
    (azimuth, elevation, pronation), zero = slots[:3], np.zeros_like(slots[0])
    sa, ca, se, ce = np.sin(azimuth), np.cos(azimuth), np.sin(elevation), np.cos(elevation)
    after = np.stack([sa * ce, ca * ce, se])
    by_azimuth, by_elevation = np.stack([ca * ce, -sa * ce, zero]), np.stack([-sa * se, -ca * se, ce])
    angle = -OPPOSITION * (elevation - rig.rest[SLOTS[0, 1]]) - pronation
    twist = _twist(after, angle)
    before = np.broadcast_to(rig.directions[0, 0][:, None], after.shape)
    turn = _times(twist, _shortest(before, after))
    axes = []
    for change, rate in ((by_azimuth, 0.0), (by_elevation, -OPPOSITION)):
        swung = np.einsum("ijn,jn->in", twist, _shortest_axis(before, after, change))
        axes.append(_twisted(after, change, angle, rate) + swung)
    return turn, np.stack([*axes, -after])


def _twisted(axis: FloatArray, change: FloatArray, angle: FloatArray, rate: float) -> FloatArray:
    """Return the axis about which a turn about a changing axis by a changing angle moves, (3, N)."""
    return np.asarray(rate * axis + np.sin(angle) * change + (1 - np.cos(angle)) * _cross(axis, change, 0))


def _shortest(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the shortest turns (3, 3, N) of unit vectors a to b (3, N), which are not opposite."""
    v, w = _cross(a, b, 0), 1 + (a * b).sum(0)
    out = _skew(v) + v[:, None] * v[None] / w
    out[[0, 1, 2], [0, 1, 2]] += w - 1
    return np.asarray(out)


def _shortest_axis(a: FloatArray, b: FloatArray, change: FloatArray) -> FloatArray:
    """Return the axis (3, N) about which the shortest turn of a to b moves as b changes.

    Of the quaternion q = (w, v) = (1 + a . b, a x b), which has |q|^2 = 2 w: the vector part of 2 q' q* / |q|^2.
    """
    v, w = _cross(a, b, 0), 1 + (a * b).sum(0)
    dv, dw = _cross(a, change, 0), (a * change).sum(0)
    return np.asarray(dv - v * dw / w - _cross(dv, v, 0) / w)


def _about_z(angle: FloatArray) -> FloatArray:
    """Return turns (4, 3, 3, N) about z by angles (4, N)."""
    out = np.zeros((len(angle), 3, 3, angle.shape[-1]))
    out[:, 0, 0] = out[:, 1, 1] = np.cos(angle)
    out[:, 1, 0] = np.sin(angle)
    out[:, 0, 1] = -out[:, 1, 0]
    out[:, 2, 2] = 1.0
    return out


def _about(axis: FloatArray, angle: FloatArray) -> FloatArray:
    """Return turns (D, 3, 3, N) about unit vectors (D, 3) by angles (D, N): Rodrigues' formula."""
    s, c = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    along = (axis[:, :, None] * axis[:, None])[..., None]
    return along + c * (np.eye(3)[..., None] - along) + s * np.moveaxis(_skew(axis.T), -1, 0)[..., None]


def _twist(axis: FloatArray, angle: FloatArray) -> FloatArray:
    """Return turns (3, 3, N) about unit vectors (3, N) by angles (N)."""
    s, c = np.sin(angle), np.cos(angle)
    out = (1 - c) * axis[:, None] * axis[None] + s * _skew(axis)
    out[[0, 1, 2], [0, 1, 2]] += c
    return out


def _skew(v: FloatArray) -> FloatArray:
    """Return matrices (3, 3, N) of the cross product with v (3, N)."""
    out = np.zeros((3, *v.shape))
    out[2, 1], out[0, 2], out[1, 0] = v[0], v[1], v[2]
    out[1, 2], out[2, 0], out[0, 1] = -v[0], -v[1], -v[2]
    return out


def _times(a: FloatArray, b: FloatArray) -> FloatArray:
    """Multiply matrices (..., 3, 3, N)."""
    return np.asarray(np.einsum("...ijn,...jkn->...ikn", a, b))


def _cross(a: FloatArray, b: FloatArray, axis: int = -2) -> FloatArray:
    """Return the cross product along an axis of three."""
    x, y, z = np.moveaxis(a, axis, 0)
    u, v, w = np.moveaxis(b, axis, 0)
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis)
