r"""Where a posed hand stands, what a camera sees of it, and the derivatives of both.

The camera's frame is x to the right, y down, z away. With s the pixels of a palm length at the wrist's depth, t
the wrist in the picture (from the principal point) and f the focal length in pixels, a keypoint at (X, Y, Z) palm
lengths from the wrist falls on

.. math:: u = \frac{s X + t_x}{1 + s Z / f}, \qquad v = \frac{s Y + t_y}{1 + s Z / f}

which is the pinhole camera with the wrist f / s palm lengths away. Where f is not known, s / f is held at the
inverse of a usual distance; 0 is weak perspective. Batches are the last axis.
"""

from typing import Final, NamedTuple

import numpy as np

from likelihand.fitting.rig import ANGLES, SLOTS, FloatArray, Rig, pose

TURN: Final = slice(0, 3)
CAMERA: Final = slice(3, 6)
ANGLE: Final = slice(6, 6 + ANGLES)
FORM: Final = slice(6 + ANGLES, None)
"""Columns of a derivative: the turn about the camera's axes; log s, t_x and t_y; the angles; the shape."""
_NEAREST: Final = 0.05
"""Least depth of a keypoint over the wrist's: what is behind the lens is held here."""
_DIGITS, _USED = np.nonzero(SLOTS >= 0)
_COLUMNS: Final = 6 + SLOTS[_DIGITS, _USED]


class State(NamedTuple):
    """Hands before a camera.

    Attributes:
        turn: (3, 3, N) from the hand's frame to the camera's.
        camera: (3, N) log s, t_x, t_y.
        angles: (21, N) radians.
        shape: (K, N) standard deviations.
    """

    turn: FloatArray
    camera: FloatArray
    angles: FloatArray
    shape: FloatArray


class Lens(NamedTuple):
    """What is known of the cameras: one of the two is 0.

    Attributes:
        focal: (N,) 1 / f in inverse pixels.
        distance: (N,) the inverse of the wrist's distance in palm lengths.
    """

    focal: FloatArray
    distance: FloatArray


class Placed(NamedTuple):
    """Hands in space: root-relative keypoints (21, 3, N) in palm lengths, and their derivative (21, 3, P, N)."""

    points: FloatArray
    by: FloatArray


def place(rig: Rig, state: State) -> Placed:
    """Compute keypoints in the camera's frame, from the wrist, and their derivative by all parameters."""
    posed, count = pose(rig, state.angles, state.shape), state.angles.shape[-1]
    points = np.zeros((21, 3, count))
    points[1:] = np.einsum("ijn,kjn->kin", state.turn, posed.points.reshape(20, 3, count))
    by = np.zeros((21, 3, ANGLE.stop + len(state.shape), count))
    by[:, 1, 0], by[:, 2, 0] = -points[:, 2], points[:, 1]
    by[:, 0, 1], by[:, 2, 1] = points[:, 2], -points[:, 0]
    by[:, 0, 2], by[:, 1, 2] = -points[:, 1], points[:, 0]
    turned = np.einsum("ijn,akjn->akin", state.turn, posed.by_angle[_DIGITS, _USED])
    for digit, column, change in zip(_DIGITS, _COLUMNS, turned, strict=True):
        by[1 + 4 * digit : 5 + 4 * digit, :, column] = change
    shaped = posed.by_shape.reshape(-1, 20, 3, count)
    by[1:, :, FORM] = np.einsum("ijn,skjn->kisn", state.turn, shaped)
    return Placed(points, by)


def view(state: State, placed: Placed, lens: Lens) -> tuple[FloatArray, FloatArray]:
    """Project placed hands, and differentiate.

    Args:
        state: of the same hands.
        placed: of `place`.
        lens: of the same hands.

    Returns:
        (21, 2, N) pixels from the principal point and their derivative (21, 2, P, N).
    """
    scale, middle = np.exp(state.camera[0]), state.camera[1:]
    by_scale = scale * lens.focal
    closer = by_scale + lens.distance
    depth = 1 + closer * placed.points[:, 2]
    held = depth < _NEAREST
    weight = 1 / np.where(held, _NEAREST, depth)
    seen = (scale * placed.points[:, :2] + middle) * weight[:, None]
    by = (scale * weight)[:, None, None] * placed.by[:, :2]
    by[:, :, 3] = scale * placed.points[:, :2] * weight[:, None]
    by[:, 0, 4] = by[:, 1, 5] = weight
    if closer.any():
        slope = np.where(held, 0.0, weight)[:, None] * seen
        by -= (slope * closer)[:, :, None] * placed.by[:, None, 2]
        by[:, :, 3] -= slope * by_scale * placed.points[:, 2:]
    return seen, by


def moved(state: State, step: FloatArray) -> State:
    """Move hands by a step (P, N) along their parameters; the turn is multiplied from the left."""
    return State(
        np.einsum("ijn,jkn->ikn", rotation_of(step[TURN]), state.turn),
        state.camera + step[CAMERA],
        state.angles + step[ANGLE],
        state.shape + step[FORM],
    )


def rotation_of(vector: FloatArray) -> FloatArray:
    """Return the turns (3, 3, N) about vectors (3, N) by their lengths in radians.

    Example:
        >>> rotation_of(np.array([[0.0], [0.0], [np.pi / 2]]))[..., 0].round(9) @ [1, 0, 0]
        array([0., 1., 0.])
    """
    angle = np.sqrt((vector * vector).sum(0))
    safe = np.maximum(angle, 1e-12)
    axis, s, c = vector / safe, np.sin(angle), np.cos(angle)
    x, y, z = axis * s
    out = (1 - c) * axis[:, None] * axis[None]
    out += np.array([[c, -z, y], [z, c, -x], [-y, x, c]])
    return np.asarray(out)
