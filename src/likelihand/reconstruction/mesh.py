"""The skin of a fitted hand: the rendered hand's mesh, shaped and posed as the fit says, to draw and animate.

NumPy alone. Each vertex follows up to four bones (linear blend skinning), which is what glTF's viewers do too. One
picture says nothing of the wrist's bend and of how thick fingers are: the forearm is cut off, and each part of the
skin is as thick as the mean hand's.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.reconstruction.camera import rotation_of
from likelihand.reconstruction.result import hand_length
from likelihand.reconstruction.rig import SLOTS, FloatArray, frames_of, pose
from likelihand.reconstruction.tables import load_tables
from likelihand.structures import FINGERS, Side
from likelihand.synth.hand.asset import FOREARM, PARENTS, load_asset

if TYPE_CHECKING:
    from likelihand.reconstruction.result import HandFit

MESH_BONES: Final = (
    "hand",
    *(
        f"{finger}_{part}"
        for finger in FINGERS
        for part in (
            ("metacarpal", "proximal", "distal") if finger == "thumb" else ("proximal", "intermediate", "distal")
        )
    ),
)
"""The bones of a mesh; `MESH_PARENTS` has the number of each one's parent, -1 of the hand's."""
MESH_PARENTS: Final = PARENTS[:FOREARM]
_CUT: Final = 0.25
"""Palm lengths of forearm that are left below the wrist."""
_MIRROR: Final = np.array([-1.0, 1.0, 1.0])


class Bones(NamedTuple):
    """Posed bones in the hand's frame, palm lengths: their turns from rest (16, 3, 3), and their heads (16, 3)."""

    turns: FloatArray
    heads: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """A hand at rest, in the hand's frame of its side, in palm lengths.

    Attributes:
        heads: (16, 3) where bones begin.
        tips: (5, 3) where digits end.
        vertices: (V, 3) skin.
        triangles: (F, 3) counter-clockwise seen from outside.
        weights: (V, 16) how much each vertex follows each bone; rows sum to 1, at most four of one are not 0.
    """

    heads: FloatArray
    tips: FloatArray
    vertices: FloatArray
    triangles: NDArray[np.int64]
    weights: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A posed hand's skin.

    Attributes:
        vertices: (V, 3) hand lengths from the wrist, camera's frame, as `HandFit.joints`.
        triangles: (F, 3) counter-clockwise seen from outside.
    """

    vertices: FloatArray
    triangles: NDArray[np.int64]


def mesh_of(fit: "HandFit") -> Mesh:
    """Return the skin of a fitted hand.

    Example:
        >>> from likelihand.reconstruction import fit
        >>> from likelihand.structures import Hand
        >>> points = np.random.default_rng(0).normal(100, 20, (21, 2))
        >>> mesh = mesh_of(fit([Hand(points, np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)))])[0])
        >>> mesh.vertices.shape[1], mesh.triangles.shape[1]
        (3, 3)
    """
    person, bones = person_of(fit.shape, fit.side), bones_of(fit.shape, fit.angles, fit.side)
    carried = (person.vertices - person.heads[:, None]) @ np.swapaxes(bones.turns, 1, 2) + bones.heads[:, None]
    skin = np.einsum("vb,bvi->vi", person.weights, carried)
    return Mesh(skin @ fit.rotation.T / length_of(fit.shape, fit.angles), person.triangles)


def bones_of(shape: FloatArray, angles: FloatArray, side: Side) -> Bones:
    """Pose the bones of a hand of shape (K,) with angles (21,), in the hand's frame of its side."""
    rig = load_tables().rig
    bent = (angles[SLOTS] - rig.rest[SLOTS])[None]
    turn = np.swapaxes(frames_of(rig, bent)[0, :, :3], 1, 2)
    turns, form = [np.eye(3)[None]], (rig.mean + shape @ rig.components).reshape(2, 5, 3)
    chain, heads, head = [], [], form[0]
    for k in range(3):
        if k > 0:
            turn = turn @ rotation_of(rig.axes[:, k] * bent[0, :, 2 + k, None])
        chain.append(turn)
        heads.append(head)
        head = head + form[1][:, k, None] * (turn @ rig.directions[:, k, :, None])[..., 0]
    turns.append(np.stack(chain, 1).reshape(15, 3, 3))
    return _sided(
        np.concatenate(turns), np.concatenate([np.zeros((1, 3)), np.stack(heads, 1).reshape(15, 3)]), side
    )


def _sided(turns: FloatArray, heads: FloatArray, side: Side) -> Bones:
    if side == "left":
        return Bones(turns * _MIRROR * _MIRROR[:, None], heads * _MIRROR)
    return Bones(turns, heads)


def person_of(shape: FloatArray, side: Side) -> Person:
    """Return a hand of shape (K,) at rest.

    The mean hand's bones are stretched to the shape's lengths, and its palm to where the shape's fingers begin.
    """
    rig, skin = load_tables().rig, _skin()
    form = (rig.mean + shape @ rig.components).reshape(2, 5, 3)
    ends = form[0][:, None] + np.cumsum(form[1][:, :, None] * rig.directions, 1)
    heads = np.concatenate([np.zeros((1, 3)), np.concatenate([form[0][:, None], ends[:, :2]], 1).reshape(15, 3)])
    along = rig.directions.reshape(15, 3)
    longer = form[1].ravel() / np.linalg.norm(skin.ends - skin.heads[1:], axis=1) - 1
    stretch = np.eye(3) + longer[:, None, None] * along[:, :, None] * along[:, None]
    begun = skin.heads[1::3]
    broader, taller = ((form[0][:, i] @ begun[:, i]) / (begun[:, i] @ begun[:, i]) for i in (0, 1))
    stretches = np.concatenate([np.diag([broader, taller, broader])[None], stretch])
    carried = (skin.vertices - skin.heads[:, None]) @ np.swapaxes(stretches, 1, 2) + heads[:, None]
    vertices, tips, triangles = np.einsum("vb,bvi->vi", skin.weights, carried), ends[:, 2], skin.triangles
    if side == "left":
        heads, vertices, tips, triangles = heads * _MIRROR, vertices * _MIRROR, tips * _MIRROR, triangles[:, ::-1]
    return Person(heads, tips, vertices, triangles, skin.weights)


def length_of(shape: FloatArray, angles: FloatArray) -> float:
    """Return a hand's length in palm lengths; it changes a little with the pose, as knuckles' keypoints do."""
    joints = np.zeros((21, 3))
    joints[1:] = pose(load_tables().rig, angles[None], shape[None], np.eye(3)[None]).points.reshape(20, 3)
    return float(hand_length(joints))


class _Skin(NamedTuple):
    """The mean hand without its forearm, palm lengths; heads (16, 3) and ends (15, 3) of its bones."""

    vertices: FloatArray
    triangles: NDArray[np.int64]
    weights: FloatArray
    heads: FloatArray
    ends: FloatArray


@cache
def _skin() -> _Skin:
    asset = load_asset()
    kept = asset.solid[:, 1] > -_CUT
    inside = kept[asset.triangles].all(1)
    numbers = np.cumsum(kept) - 1
    weights = asset.weights()[kept].astype(np.float64)
    weights[:, 0] += weights[:, FOREARM:].sum(1)
    weights = weights[:, :FOREARM]
    joints = np.asarray(asset.joints / asset.palm_length, np.float64)
    digits = joints[1:].reshape(5, 4, 3)
    heads = np.concatenate([joints[:1], digits[:, :3].reshape(15, 3)])
    return _Skin(
        np.asarray(asset.vertices[kept] / asset.palm_length, np.float64),
        np.asarray(numbers[asset.triangles[inside]], np.int64),
        weights / weights.sum(1, keepdims=True),
        heads,
        digits[:, 1:].reshape(15, 3),
    )


def pictured(fit: "HandFit", points: FloatArray) -> FloatArray:
    """Return where points (N, 3) in the frame and unit of `fit.joints` are in the fit's picture, (N, 2) pixels.

    The fit's camera is found again from its joints and their projections: with Z the depth and w = 1 + k Z, the
    places (u, v) w are affine in the points.
    """
    joints, seen = fit.joints[1:], fit.reprojected[1:]
    away, depth, nothing = seen - fit.reprojected[0], joints[:, 2], np.zeros(len(joints))
    across = np.stack([joints[:, 0], nothing, depth, nothing, -depth * away[:, 0]], 1)
    down = np.stack([nothing, joints[:, 1], nothing, depth, -depth * away[:, 1]], 1)
    a, b, c, d, k = np.linalg.lstsq(np.concatenate([across, down]), away.T.ravel(), rcond=None)[0]
    flat = points[:, :2] * [a, b] + points[:, 2:] * [c, d]
    return np.asarray(fit.reprojected[0] + flat / np.maximum(1 + k * points[:, 2:], 0.05))
