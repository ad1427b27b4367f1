r"""Place a posed hand before a camera and project it, with derivatives.

The camera's frame is x to the right, y down, z away. With s the pixels of a palm length at the wrist's depth, t
the wrist in the picture (from the principal point) and f the focal length in pixels, a keypoint at (X, Y, Z) palm
lengths from the wrist falls on

.. math:: u = \frac{s X + t_x}{1 + s Z / f}, \qquad v = \frac{s Y + t_y}{1 + s Z / f}

which is the pinhole camera with the wrist f / s palm lengths away. Where f is not known, s / f is held at the
inverse of a usual distance; 0 is weak perspective.
"""

from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.reconstruction.rig import ANGLES, CROSS, SLOTS, FloatArray, Rig, pose

TURN: Final = slice(0, 3)
CAMERA: Final = slice(3, 6)
ANGLE: Final = slice(6, 6 + ANGLES)
FORM: Final = slice(6 + ANGLES, None)
"""Columns of a derivative: the turn about the camera's axes; log s, t_x and t_y; the angles; the shape."""
_NEAREST: Final = 0.05
"""Least depth of a keypoint over the wrist's: what is behind the lens is held here."""


class State(NamedTuple):
    """Pose, shape and placement of hands before a camera.

    Attributes:
        turn: (N, 3, 3) from the hand's frame to the camera's.
        camera: (N, 3) log s, t_x, t_y.
        angles: (N, 21) radians.
        shape: (N, K) standard deviations.
    """

    turn: FloatArray
    camera: FloatArray
    angles: FloatArray
    shape: FloatArray

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "State":
        """Return the hands of these numbers."""
        return State(*(part[index] for part in self))


class Lens(NamedTuple):
    """The cameras' parameters; one of the two is 0.

    Attributes:
        focal: (N,) 1 / f in inverse pixels.
        distance: (N,) the inverse of the wrist's distance in palm lengths.
    """

    focal: FloatArray
    distance: FloatArray


class Placed(NamedTuple):
    """Hands in space: root-relative keypoints (N, 21, 3) in palm lengths, and their derivative (N, 21, 3, P)."""

    points: FloatArray
    by: FloatArray


class Seen(NamedTuple):
    """What a camera sees: pixels (N, 21, 2) from the principal point, by the keypoints in space (N, 21, 2, 3)."""

    points: FloatArray
    by_point: FloatArray


def place(rig: Rig, state: State) -> Placed:
    """Compute keypoints in the camera's frame, from the wrist, and their derivative by all parameters."""
    posed, count = pose(rig, state.angles, state.shape, state.turn), len(state.angles)
    points = np.zeros((count, 21, 3))
    points[:, 1:] = posed.points.reshape(count, 20, 3)
    by = np.zeros((count, 21, 3, FORM.start + state.shape.shape[1]))
    by[..., TURN] = (points @ CROSS).reshape(count, 21, 3, 3)
    places, used = _places(by.shape[-1])
    by.reshape(count, -1)[:, places] = posed.by_angle.reshape(count, -1)[:, used]
    by[:, 1:].reshape(count, 5, 4, 3, -1)[..., FORM] = np.swapaxes(posed.by_shape, 2, 3)
    return Placed(points, by)


@cache
def _places(parameters: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where derivatives by slots (5, 5, 4, 3) belong in those by parameters (21, 3, P), and which do."""
    digit, slot, keypoint, axis = np.indices((5, 5, 4, 3)).reshape(4, -1)
    places = (3 * (1 + 4 * digit + keypoint) + axis) * parameters + ANGLE.start + SLOTS[digit, slot]
    used = np.flatnonzero(SLOTS[digit, slot] >= 0)
    return places[used], used


def see(state: State, points: FloatArray, lens: Lens) -> Seen:
    """Project keypoints (N, 21, 3) from the wrist."""
    scale = np.exp(state.camera[:, :1])
    closer = scale * lens.focal[:, None] + lens.distance[:, None]
    depth = 1 + closer * points[..., 2]
    weight = 1 / np.maximum(depth, _NEAREST)
    seen = (scale[..., None] * points[..., :2] + state.camera[:, None, 1:]) * weight[..., None]
    by = np.zeros((*seen.shape, 3))
    by[..., 0, 0] = by[..., 1, 1] = scale * weight
    by[..., 2] = (-closer * weight * (depth >= _NEAREST))[..., None] * seen
    return Seen(seen, by)


def along(state: State, placed: Placed, lens: Lens, by_point: FloatArray) -> FloatArray:
    """Return the derivative (N, 21, d, P) by all parameters of what has the derivative (N, 21, d, 3) by keypoints.

    In the picture t_x moves a keypoint as X does, and log s as all of X, Y and, where f is known, Z do.
    """
    out = by_point @ placed.by
    grown = placed.points.copy()
    grown[..., 2] *= lens.focal[:, None] > 0
    out[..., 3] = (by_point @ grown[..., None])[..., 0]
    out[..., 4:6] = by_point[..., :2] / np.exp(state.camera[:, 0])[:, None, None, None]
    return out


def view(state: State, placed: Placed, lens: Lens) -> tuple[FloatArray, FloatArray]:
    """Project placed hands to pixels from the principal point (N, 21, 2); differentiate, (N, 21, 2, P)."""
    seen = see(state, placed.points, lens)
    return seen.points, along(state, placed, lens, seen.by_point)


def moved(state: State, step: FloatArray) -> State:
    """Move hands by a step (N, P) along their parameters; the turn is multiplied from the left."""
    return State(
        rotation_of(step[:, TURN]) @ state.turn,
        state.camera + step[:, CAMERA],
        state.angles + step[:, ANGLE],
        state.shape + step[:, FORM],
    )


def rotation_of(vector: FloatArray) -> FloatArray:
    """Return the turns (N, 3, 3) about vectors (N, 3) by their lengths in radians.

    Example:
        >>> rotation_of(np.array([[0.0, 0.0, np.pi / 2]]))[0].round(9) @ [1, 0, 0]
        array([0., 1., 0.])
    """
    angle = np.sqrt((vector * vector).sum(1))[:, None, None]
    across = -(vector @ CROSS).reshape(-1, 3, 3)
    safe = np.maximum(angle, 1e-9)
    return np.asarray(
        np.eye(3) + np.sin(angle) / safe * across + 2 * np.square(np.sin(angle / 2) / safe) * (across @ across)
    )
