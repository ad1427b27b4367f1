"""Cameras against OpenCV's, in the library's corner-origin pixels."""

import cv2
import numpy as np
import pytest

from likelihand.reconstruction.multiview import Camera
from tests.reconstruction.multiview.rigs import FISHEYE, MATRIX, points, rig

SPACE = points(50, size=0.3)


def test_pixels_are_those_of_opencv_and_half_a_pixel() -> None:
    for camera in rig():
        vector = cv2.Rodrigues(camera.rotation)[0]
        matrix = camera.matrix - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
        theirs = cv2.projectPoints(SPACE, vector, camera.translation, matrix, camera.distortion)[0][:, 0]
        np.testing.assert_allclose(camera.project(SPACE), theirs + 0.5, atol=1e-8)


@pytest.mark.parametrize("fisheye", [False, True])
def test_jacobians_are_the_derivatives(fisheye: bool) -> None:
    camera, step = rig(3, FISHEYE, fisheye)[2], 1e-6
    jacobians = camera.projection(SPACE)[1]
    for axis in range(3):
        moved = step * np.eye(3)[axis]
        slope = (camera.project(SPACE + moved) - camera.project(SPACE - moved)) / (2 * step)
        np.testing.assert_allclose(jacobians[..., axis], slope, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("fisheye", [False, True])
def test_rays_lead_back_to_the_points(fisheye: bool) -> None:
    camera = rig(3, FISHEYE, fisheye)[0]
    seen = SPACE @ camera.rotation.T + camera.translation
    rays, jacobians = camera.rays(camera.project(SPACE))
    np.testing.assert_allclose(rays, seen[:, :2] / seen[:, 2:], atol=1e-9)
    near = camera.rays(camera.project(SPACE) + np.array([1e-3, 0]))[0]
    np.testing.assert_allclose((near - rays) / 1e-3, jacobians[..., 0], atol=1e-7)


def test_behind_the_camera_nothing_is_seen() -> None:
    camera = Camera(MATRIX)
    assert np.isnan(camera.project([[0.0, 0, -1], [0, 0, 0]])).all()
    np.testing.assert_allclose(camera.centre, 0)
    np.testing.assert_allclose(rig()[1].rotation @ rig()[1].centre + rig()[1].translation, 0, atol=1e-12)


def test_a_resized_film_has_resized_points() -> None:
    camera = rig()[1]
    small = camera.resized((360, 640))
    np.testing.assert_allclose(small.project(SPACE), camera.project(SPACE) / 2, atol=1e-9)
    assert small.size == (360, 640)
    with pytest.raises(
        ValueError, match=r"'cam1' was calibrated with 1280 x 720 pixels and the film has 720 x 720"
    ):
        camera.resized((720, 720))


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"matrix": np.eye(2)}, "matrix is no finite array"),
        ({"rotation": 2 * np.eye(3)}, "rotation is none"),
        ({"rotation": np.diag([1.0, 1, -1])}, "rotation is none"),
        ({"translation": np.array([0, 0, np.nan])}, "translation is no finite"),
        ({"distortion": np.zeros(14)}, "give up to 12"),
        ({"distortion": np.zeros(5), "fisheye": True}, "give up to 4"),
    ],
)
def test_what_is_no_camera(fields: dict, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        Camera(**({"matrix": MATRIX} | fields))
