"""Covariances in the plane: distances, axes, and how near the picture's edge a hand is."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from likelihand.uncertainty import (
    FloatArray,
    determinant,
    diagonal,
    edge_nearness,
    ellipses,
    log_density,
    mahalanobis,
    principal_variances,
    size_of_hand,
)

TILTED = np.array([[5.0, 2.0], [2.0, 1.5]])


def test_mahalanobis_and_density_agree_with_linear_algebra() -> None:
    residual = np.random.default_rng(0).normal(size=(7, 2))
    expected = [r @ np.linalg.inv(TILTED) @ r for r in residual]
    np.testing.assert_allclose(mahalanobis(residual, TILTED) ** 2, expected)
    constant = -math.log(2 * math.pi) - 0.5 * math.log(np.linalg.det(TILTED))
    np.testing.assert_allclose(log_density(residual, TILTED), constant - 0.5 * np.array(expected))


def test_an_ellipse_has_the_covariances_axes() -> None:
    region = ellipses(np.zeros(2), TILTED, 2.0)
    angle = float(region.angle)
    axis = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-axis[1], axis[0]])
    assert float(mahalanobis(region.axes[0] * axis, TILTED)) == pytest.approx(2.0)
    assert float(mahalanobis(region.axes[1] * across, TILTED)) == pytest.approx(2.0)
    assert region.axes[0] > region.axes[1]


@given(arrays(np.float64, (5, 2, 2), elements=st.floats(-3, 3)))
def test_principal_variances_are_the_eigenvalues(factors: FloatArray) -> None:
    covariance = factors @ factors.swapaxes(-1, -2)
    larger, smaller = principal_variances(covariance)
    np.testing.assert_allclose(np.stack([smaller, larger], -1), np.linalg.eigvalsh(covariance), atol=1e-6)
    np.testing.assert_allclose(determinant(covariance), np.linalg.det(covariance), atol=1e-9)


def test_variances_stand_on_the_diagonal() -> None:
    assert diagonal([[1.0, 2.0]]).tolist() == [[[1.0, 0.0], [0.0, 2.0]]]


@given(st.floats(0.1, 10), st.floats(-50, 50))
def test_the_size_goes_with_the_picture_and_not_with_the_place(factor: float, shift: float) -> None:
    points = np.random.default_rng(0).uniform(0, 100, (3, 21, 2))
    np.testing.assert_allclose(size_of_hand(factor * points + shift), factor * size_of_hand(points))


def test_keypoints_are_near_the_edge_that_is_next_to_them() -> None:
    """Of a hand that is 391 pixels wide, 58.65 pixels of room are enough, on each of the four sides."""
    points = np.full((21, 2), (200.0, 150.0))
    points[:4] = (4.5, 150.0), (395.5, 150.0), (200.0, 4.5), (200.0, 295.5)
    nearness = edge_nearness(points, (300, 400))
    np.testing.assert_allclose(nearness[:4], 1 - 4.5 / 58.65)
    assert (nearness[4:] == 0).all() and edge_nearness(points - 500.0, (300, 400)).min() == 1
