"""Cameras and points that the tests of several views share."""

import numpy as np

from likelihand.reconstruction.camera import rotation_of
from likelihand.reconstruction.multiview import Camera

MATRIX = np.array([[900.0, 0, 640], [0, 880, 360], [0, 0, 1]])
LENS = np.array([-0.28, 0.09, 0.001, -0.0007, -0.01])
FISHEYE = np.array([0.05, -0.01, 0.003, -0.0005])


def rig(count: int = 3, lens: np.ndarray = LENS, fisheye: bool = False) -> list[Camera]:
    """Cameras on an arc of 1 m around the origin, each looking at it."""
    cameras = []
    for i in range(count):
        turn = rotation_of(np.array([[0.1 * i, 0.5 * (i - (count - 1) / 2), 0.05 * i]]))[0]
        cameras.append(Camera(MATRIX, turn, np.array([0.01 * i, 0.0, 1.0]), lens, fisheye, f"cam{i}", (720, 1280)))
    return cameras


def points(count: int = 21, seed: int = 0, size: float = 0.1) -> np.ndarray:
    """Points in a cube about the origin, metres."""
    return np.random.default_rng(seed).uniform(-size, size, (count, 3))


def covariances(views: int, count: int, seed: int = 1) -> np.ndarray:
    """Covariances of 0.5 to 4 pixels along axes of any direction."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(views, count, 2, 2)) + np.eye(2)
    return root @ np.swapaxes(root, -1, -2) + 0.25 * np.eye(2)
