"""The lens models against OpenCV's, their Jacobians against differences, and their inverse against themselves."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from likelihand.reconstruction.multiview.lens import fisheye_distortion, pinhole_distortion, undistort
from tests.reconstruction.multiview.rigs import FISHEYE, LENS

RATIONAL = np.array([-0.2, 0.05, 0.001, -0.002, 0.01, 0.1, -0.02, 0.005, 0.001, -0.0005, 0.0008, 0.0003])
SEEN = np.random.default_rng(0).uniform(-0.7, 0.7, (200, 2))
MODELS = [(pinhole_distortion, LENS), (pinhole_distortion, RATIONAL), (fisheye_distortion, FISHEYE)]
MODELS += [(pinhole_distortion, np.zeros(0)), (fisheye_distortion, np.zeros(4))]


def of_opencv(model: Callable, coefficients: np.ndarray, flat: np.ndarray) -> np.ndarray:
    space = np.column_stack([flat, np.ones(len(flat))])[:, None]
    nothing = np.zeros(3)
    if model is fisheye_distortion:
        return cv2.fisheye.projectPoints(space, nothing, nothing, np.eye(3), coefficients)[0][:, 0]
    return cv2.projectPoints(space, nothing, nothing, np.eye(3), coefficients if len(coefficients) else None)[0][
        :, 0
    ]


@pytest.mark.parametrize(("model", "coefficients"), MODELS)
def test_points_fall_where_opencv_has_them(model: Callable, coefficients: np.ndarray) -> None:
    ours = model(coefficients, SEEN)[0]
    np.testing.assert_allclose(ours, of_opencv(model, coefficients, SEEN), atol=1e-9)


@pytest.mark.parametrize(("model", "coefficients"), MODELS)
def test_jacobians_are_the_derivatives(model: Callable, coefficients: np.ndarray) -> None:
    jacobians, step = model(coefficients, SEEN)[1], 1e-6
    for axis in range(2):
        moved = step * np.eye(2)[axis]
        slope = (model(coefficients, SEEN + moved)[0] - model(coefficients, SEEN - moved)[0]) / (2 * step)
        np.testing.assert_allclose(jacobians[..., axis], slope, atol=1e-8)


@pytest.mark.parametrize(("model", "coefficients"), MODELS)
def test_undistorted_points_come_back(model: Callable, coefficients: np.ndarray) -> None:
    back = undistort(model, coefficients, model(coefficients, SEEN)[0])
    np.testing.assert_allclose(back, SEEN, atol=1e-9)


def test_opencv_undistorts_to_the_same_points() -> None:
    seen = pinhole_distortion(LENS, SEEN)[0]
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-12)
    theirs = cv2.undistortPoints(seen[:, None], np.eye(3), LENS, criteria=criteria)[:, 0]
    np.testing.assert_allclose(undistort(pinhole_distortion, LENS, seen), theirs, atol=1e-7)


def test_the_middle_of_a_fisheye_picture() -> None:
    points, jacobians = fisheye_distortion(FISHEYE, np.array([[0.0, 0.0], [1e-7, -1e-7]]))
    np.testing.assert_allclose(points, [[0, 0], [1e-7, -1e-7]], atol=1e-15)
    np.testing.assert_allclose(jacobians, np.tile(np.eye(2), (2, 1, 1)), atol=1e-8)


def test_what_no_place_is_seen_at_is_nan() -> None:
    barrel = np.array([-0.4])  # r (1 - 0.4 r^2) reaches 0.609 at most
    found = undistort(pinhole_distortion, barrel, [[0.5, 0.0], [0.7, 0.0]])
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()
