"""The hand's skeleton as a function of joint angles and shape, with its derivative.

The mean skeleton of the rendered hand gives the directions of its bones at rest and the axes about which they
turn; a person's shape changes where the fingers begin and how long each bone is. Lengths are in palm lengths
(wrist to middle knuckle of the mean hand) in the hand's frame: origin at the wrist, +y to the middle knuckle, +x
to the thumb's side, +z out of the palm. Vectors are rows, and what does not depend on the pose is multiplied out
once: a single hand has so few numbers that its time goes by NumPy's calls.

The five digits, thumb first, are computed alike. Each has five *slots* of angles: three that turn all of it (a
finger's MCP flexion, MCP abduction and nothing; the thumb's azimuth, elevation and pronation), then one that turns
its second bone and one that turns its third.
"""

from dataclasses import dataclass
from functools import cached_property
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

_SHARE: Final = np.array([LABEL_SHIFT.get(4 * d + 1, (0, 0.0))[1] for d in range(5)])
"""Share of each digit's first bone that lies before its first keypoint."""
_EYE: Final = np.eye(3)
CROSS: Final = np.array(
    [[0, 0, 0, 0, 0, 1, 0, -1, 0], [0, 0, -1, 0, 0, 0, 1, 0, 0], [0, 1, 0, -1, 0, 0, 0, 0, 0]], np.float64
)
"""(3, 9) from a vector v to the matrix that turns rows u to v x u."""
_CHAIN: Final = np.zeros((5, 5, 4, 3))
"""(digits, slots, keypoints, bones) shares of the bones between what a slot turns and a keypoint after it."""
_CHAIN[:, :3, 0, 0] = _SHARE[:, None]
_CHAIN[:, :3, 1:, 0] = _CHAIN[:, :4, 2:, 1] = _CHAIN[:, :, 3, 2] = 1.0


@dataclass(frozen=True, eq=False)
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

    @cached_property
    def knuckles(self) -> FloatArray:
        """(4, 18, 9) from products of `_trig` of a finger's abduction and flexion to the rows of its frame.

        The rows are those of `_frames`: the images of x, y and z under its first turn, and its three axes.
        """
        out = np.zeros((4, 6, 3, 3, 3))
        for finger, axis in enumerate(self.axes[1:, 0]):
            for i, spread in enumerate(_hinge(np.array([0.0, 0.0, -1.0]))):
                for j, flexed in enumerate(_hinge(axis)):
                    out[finger, :3, :, i, j] = (spread @ flexed).T
                out[finger, 3, :, i, 0] = spread @ axis
            out[finger, 4, 2, 0, 0] = -1.0
        return out.reshape(4, 18, 9)

    @cached_property
    def hinges(self) -> FloatArray:
        """(5, 15, 9) from products of `_trig` of a digit's last two angles to vectors in its frame.

        The rows are the directions of its three bones, and the axes of the two angles.
        """
        out = np.zeros((5, 5, 3, 3, 3))
        for digit, (along, axes) in enumerate(zip(self.directions, self.axes, strict=True)):
            out[digit, 0, :, 0, 0], out[digit, 3, :, 0, 0] = along[0], axes[1]
            for i, first in enumerate(_hinge(axes[1])):
                out[digit, 1, :, i, 0], out[digit, 4, :, i, 0] = first @ along[1], first @ axes[2]
                for j, second in enumerate(_hinge(axes[2])):
                    out[digit, 2, :, i, j] = first @ second @ along[2]
        return out.reshape(5, 15, 9)

    @cached_property
    def growth(self) -> FloatArray:
        """(5, 6, 4 K) from the shape to keypoints: shares of the three bones' directions, and of x, y and z."""
        begun, grown = np.moveaxis(self.components.reshape(-1, 2, 5, 3), 0, -1)
        chained = _CHAIN[:, 0].swapaxes(1, 2)[..., None] * grown[:, :, None]
        fixed = np.broadcast_to(begun[:, :, None], (5, 3, 4, begun.shape[-1]))
        return np.concatenate([chained, fixed], 1).reshape(5, 6, -1)

    @cached_property
    def swings(self) -> FloatArray:
        """(9, 9) from products of `_trig` of the thumb's first two angles to its metacarpal's direction b.

        That is (sin az cos el, cos az cos el, sin el) of azimuth and elevation; then its derivatives by them.
        """
        after = np.zeros((3, 3, 3, 3))
        after[0, 0, 2, 1] = after[0, 1, 1, 1] = after[0, 2, 0, 2] = 1.0
        after[1, 0, 1, 1], after[1, 1, 2, 1] = 1.0, -1.0
        after[2, 0, 2, 2], after[2, 1, 1, 2], after[2, 2, 0, 1] = -1.0, -1.0, 1.0
        azimuth, elevation = (_about_rest(rest) for rest in self.rest[SLOTS[0, :2]])
        return np.asarray(np.einsum("kipq,pr,qs->rski", after, azimuth, elevation).reshape(9, 9))


class Posed(NamedTuple):
    """Posed and turned hands.

    Attributes:
        points: (N, 5, 4, 3) keypoints of the digits from the wrist.
        by_angle: (N, 5, 5, 4, 3) derivative of a digit's keypoints with respect to its slots.
        by_shape: (N, 5, 3, 4, K) derivative with respect to the shape's components.
    """

    points: FloatArray
    by_angle: FloatArray
    by_shape: FloatArray


def pose(rig: Rig, angles: FloatArray, shape: FloatArray, turn: FloatArray) -> Posed:
    """Pose hands by angles (N, 21) in radians and shapes (N, K), turn them (N, 3, 3), and differentiate.

    A keypoint is its digit's beginning plus the bones before it; a bone is its length times its direction at rest,
    turned. An angle whose axis is w moves a bone's direction v by w x v.

    Example:
        >>> from likelihand.reconstruction.tables import load_tables
        >>> rig = load_tables().rig
        >>> turn, shape = np.tile(np.eye(3), (2, 1, 1)), np.zeros((2, len(rig.components)))
        >>> pose(rig, np.zeros((2, 21)), shape, turn).points.shape
        (2, 5, 4, 3)
    """
    count, back = len(angles), np.swapaxes(turn, 1, 2)
    bent = angles[:, SLOTS] - rig.rest[SLOTS]
    trig = _trig(bent)
    frames = (_frames(rig, bent, trig).reshape(count, 30, 3) @ back).reshape(count, 5, 6, 3)
    local = rig.hinges @ _products(trig[:, :, 3], trig[:, :, 4])[..., None]
    vectors = local.reshape(count, 5, 5, 3) @ frames[:, :, :3]
    bones, axes = vectors[:, :, :3], np.concatenate([frames[:, :, 3:], vectors[:, :, 3:]], 2)
    form = (rig.mean + shape @ rig.components).reshape(count, 2, 5, 3)
    after = (_CHAIN.reshape(5, 20, 3) @ (bones * form[:, 1, :, :, None])).reshape(count, 5, 5, 4, 3)
    points = (form[:, 0] @ back)[:, :, None] + after[:, :, 0]
    about = (axes @ CROSS).reshape(count, 5, 5, 3, 3)
    basis = np.concatenate([bones, np.broadcast_to(back[:, None], bones.shape)], 2)
    grown = (np.swapaxes(basis, 2, 3) @ rig.growth).reshape(count, 5, 3, 4, -1)
    return Posed(points, after @ about, grown)


def frames_of(rig: Rig, bent: FloatArray) -> FloatArray:
    """Return the frames (N, 5, 6, 3) of digits bent (N, 5, 5) from rest, see `_frames`."""
    return _frames(rig, bent, _trig(bent))


def _frames(rig: Rig, bent: FloatArray, trig: FloatArray) -> FloatArray:
    """Return (N, 5, 6, 3) the digits' frames: where x, y and z are turned to, and the axes of three slots."""
    out = np.empty((len(bent), 5, 6, 3))
    products = _products(trig[:, 1:, 1], trig[:, 1:, 0])[..., None]
    out[:, 1:] = (rig.knuckles @ products).reshape(-1, 4, 6, 3)
    _thumb(rig, bent[:, 0], trig[:, 0], out[:, 0])
    return out


def _thumb(rig: Rig, bent: FloatArray, trig: FloatArray, out: FloatArray) -> None:
    r"""Write the frames (N, 6, 3) of thumbs bent (N, 5) from rest.

    The shortest turn from the metacarpal's direction a at rest to the one, b, that azimuth and elevation say,
    :math:`I - h h^T / w + 2 b a^T` with h = a + b and w = 1 + a . b, then a twist about b by the pronation and
    what comes with the elevation. It takes a to b, so as b moves by db it moves about b x db and some of b: the
    twist's rate less a . (b x db) / w.
    """
    a = rig.directions[0, 0]
    swung = (_products(trig[:, 0], trig[:, 1]) @ rig.swings).reshape(-1, 3, 3)
    b = swung[:, :1]
    h, column, across = a + b, np.swapaxes(b, 1, 2), (b @ CROSS).reshape(-1, 3, 3)
    by_w = 1 / (h @ a)[..., None]
    angle = (-OPPOSITION * bent[:, 1] - bent[:, 2] - rig.rest[SLOTS[0, 2]])[:, None, None]
    c, s = np.cos(angle), np.sin(angle)
    shortest = _EYE - np.swapaxes(h, 1, 2) * (h * by_w) + 2 * a[:, None] * b
    out[:, :3] = shortest @ (column * ((1 - c) * b) + s * across + c * _EYE)
    spin = swung[:, 1:] @ across
    out[:, 3:5] = spin - (spin @ a)[..., None] * by_w * b
    out[:, 4] -= OPPOSITION * b[:, 0]
    out[:, 5] = -b[:, 0]


def _trig(angles: FloatArray) -> FloatArray:
    """Return (..., 3): 1, the cosine and the sine."""
    out = np.empty((*angles.shape, 3))
    out[..., 0] = 1.0
    np.cos(angles, out[..., 1])
    np.sin(angles, out[..., 2])
    return out


def _products(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return (..., 9) products of two (..., 3)."""
    return (first[..., :, None] * second[..., None, :]).reshape(*first.shape[:-1], 9)


def _about_rest(rest: float) -> FloatArray:
    """Return the matrix from `_trig` of an angle less its rest to that of the angle."""
    c, s = np.cos(rest), np.sin(rest)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def _hinge(axis: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the matrices that 1, cosine and sine of an angle are multiplied by: Rodrigues' formula."""
    along = axis[:, None] * axis
    return along, np.eye(3) - along, _skew(axis)


def _skew(v: FloatArray) -> FloatArray:
    """Return the matrix of the cross product with v (3,)."""
    x, y, z = v
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
