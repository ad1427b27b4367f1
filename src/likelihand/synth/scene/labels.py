"""Labels of rendered hands: exact points, their occlusion, box, side, mask, joints in space."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import box_of_points
from likelihand.structures import Side
from likelihand.synth.compiled import compiled
from likelihand.synth.hand.anatomy import LABEL_SHIFT
from likelihand.synth.render.raster import first_hits
from likelihand.synth.scene.camera import project

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


class Occlusion(IntEnum):
    """What stands between the camera and a keypoint."""

    VISIBLE = 0
    SELF = 1
    OTHER = 2
    OUTSIDE = 3


FLESH_OVER: Final = np.array([0.36, 0.30, 0.22, 0.19, 0.16] + [0.25, 0.16, 0.14, 0.13] * 4, np.float64)
"""(21,) palm lengths: a keypoint is visible where at most so much of its own hand lies over it."""


@dataclass(frozen=True, slots=True, eq=False)
class HandLabel:
    """The truth about one rendered hand.

    Attributes:
        points: (21, 2) float64 (x, y) in image pixels, corner origin.
        occlusion: (21,) int8 codes of `Occlusion`.
        box: (4,) float64 (x0, y0, x1, y1), tight around the points, in image pixels.
        side: "left" or "right".
        mask: (height, width) bool, the pixels that show this hand or its arm.
        joints: (21, 3) float64, metres, the keypoints in the camera's frame (x right, y down, z forward).
    """

    points: NDArray[np.float64]
    occlusion: NDArray[np.int8]
    box: NDArray[np.float64]
    side: Side
    mask: NDArray[np.bool_]
    joints: NDArray[np.float64]


def keypoints_of(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the keypoints of a hand: its joints (21, 3), but for the base of the thumb and three knuckles.

    There data sets and annotators place the label further from the wrist than the joint bends. Wrist to thumb base
    is 0.27 of wrist to middle knuckle in the mesh's anatomy, 0.40 in FreiHAND and 0.42 to 0.45 in RHD; the first
    bone of the middle finger 0.55, 0.34 and 0.38 of it. The knuckles go a part of that way: other sets have them
    at the joint.

    Example:
        >>> joints = np.zeros((21, 3))
        >>> joints[2] = 1.0
        >>> keypoints_of(joints)[1]
        array([0.18, 0.18, 0.18])
    """
    keypoints = joints.copy()
    for moved, (towards, share) in LABEL_SHIFT.items():
        keypoints[moved] += share * (joints[towards] - joints[moved])
    return keypoints


def occlusion_of(
    joints: NDArray[np.float64],
    matrix: NDArray[np.float64],
    size: tuple[int, int],
    own: int,
    vertices: Floats,
    triangles: Integers,
    part: Integers,
) -> NDArray[np.int8]:
    """Return what hides each keypoint, (21,) codes of `Occlusion`: the first surface on the camera's line to it.

    Keypoints and the vertices of everything in the picture are in the camera's frame, palm lengths; `part` (F,)
    has the part number of each triangle, `own` is this hand's.
    """
    points = project(matrix, joints).astype(np.float32)
    depth = np.ascontiguousarray(vertices[:, 2])
    seen, hit = first_hits(points, screen_points(vertices, matrix), depth, triangles)
    hidden = np.where(part[hit] == own, Occlusion.SELF, Occlusion.OTHER)
    clear = joints[:, 2] - seen <= np.where(part[hit] == own, FLESH_OVER, 0.02)
    codes = np.where(clear | (hit < 0), Occlusion.VISIBLE, hidden)
    outside = ((points < 0) | (points > np.array([size[1], size[0]]))).any(1) | (joints[:, 2] <= 0)
    return np.where(outside, Occlusion.OUTSIDE, codes).astype(np.int8)


@compiled
def screen_points(vertices: Floats, matrix: NDArray[np.float64]) -> Floats:
    """Project vertices to (V, 2) float32 pixels; those behind the camera come out as zeros."""
    flat = np.zeros((vertices.shape[0], 2), np.float32)
    for v in range(vertices.shape[0]):
        depth = float(vertices[v, 2])
        if depth > 1e-6:
            flat[v, 0] = vertices[v, 0] / depth * matrix[0, 0] + matrix[0, 2]
            flat[v, 1] = vertices[v, 1] / depth * matrix[1, 1] + matrix[1, 2]
    return flat


def label_hand(
    joints: NDArray[np.float64],
    matrix: NDArray[np.float64],
    palm: float,
    side: Side,
    occlusion: NDArray[np.int8],
    mask: NDArray[np.bool_],
) -> HandLabel:
    """Assemble a hand's label; `joints` are in palm lengths, of `palm` metres, in the camera's frame."""
    points = project(matrix, joints)
    return HandLabel(points, occlusion, box_of_points(points), side, mask, joints * palm)
