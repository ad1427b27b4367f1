"""Uncertainty: densities integrate to 1, regions hold what they say, confidence is a probability."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from likelihand.structures import Hand
from likelihand.uncertainty import (
    ONE_SIGMA,
    UNIT,
    Calibration,
    RadialTable,
    look_covariance,
)

TABLE = RadialTable((0.0, 0.3, ONE_SIGMA, 0.9, 0.98), (0.0, 0.7, UNIT, 2.4, 4.0), 1.3)

TILTED = np.array([[5.0, 2.0], [2.0, 1.5]])


def calibration(scale: float = 0.6, spread: float = 0.9) -> Calibration:
    return Calibration(scale, spread, -1.0, TABLE, "a test")


def test_the_covariance_follows_its_formula() -> None:
    """det C = e^{4c} s^{4a} h^{4b}, in shares of the crop; C is H but for a factor."""
    scale, spread, side = np.array([6.0, 3.0]), np.array([[64.0, 16.0], [16.0, 16.0]]), 96.0
    c = calibration().covariance(scale, spread, side)
    h = spread + (1e-3 * side) ** 2 * np.eye(2)
    np.testing.assert_allclose(c / c[0, 0], h / h[0, 0])
    log_s, log_h = 0.5 * math.log(18 / side**2), 0.25 * math.log(np.linalg.det(h / side**2))
    expected = -1.0 + 0.6 * log_s + 0.9 * log_h + math.log(side)
    assert 0.25 * math.log(np.linalg.det(c)) == pytest.approx(expected)


@given(st.floats(1.0, 4.0), st.sampled_from([48.0, 96.0, 224.0]))
def test_a_larger_crop_gives_the_same_region_in_its_own_pixels(factor: float, side: float) -> None:
    scale, spread = np.array([[6.0, 3.0]]), np.array([[[64.0, -9.6], [-9.6, 16.0]]])
    ours = calibration().covariance(scale, spread, side)
    theirs = calibration().covariance(factor * scale, factor**2 * spread, factor * side)
    np.testing.assert_allclose(theirs, factor**2 * ours)


def test_a_single_cells_heatmap_still_gives_a_region() -> None:
    c = calibration().covariance(np.array([1.0, 1.0]), np.zeros((2, 2)), 96.0)
    assert np.linalg.eigvalsh(c).min() > 0


def test_a_model_without_spread_cannot_use_a_calibration_that_needs_it() -> None:
    with pytest.raises(ValueError, match="spread"):
        calibration().covariance(np.ones((21, 2)), None, 96.0)


def test_it_travels_as_json() -> None:
    ours = Calibration.from_json(calibration().to_json())
    assert Calibration.from_json(ours.to_json()) == ours


@pytest.mark.parametrize("change", [{"tail": "x"}, {"radii": 3}, {"scale": 1e9}, {"scale": math.nan}])
def test_damaged_json_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"calibration|convert"):
        Calibration.from_json(calibration().to_json() | change)


def test_without_calibration_the_scale_is_a_gaussians() -> None:
    covariance = look_covariance(None, np.array([[3.0, 1.0]]), None, 96.0)
    assert covariance.tolist() == [[[9.0, 0.0], [0.0, 1.0]]]


def test_a_hands_confidence_does_not_depend_on_its_size_in_the_picture() -> None:
    points = np.random.default_rng(0).uniform(0, 100, (21, 2))
    covariance = np.tile(TILTED, (21, 1, 1))
    one = Hand(points, np.ones((21, 2)), np.zeros(4), covariance, radial=TABLE)
    large = Hand(7 * points, np.ones((21, 2)), np.zeros(4), 49 * covariance, radial=TABLE)
    np.testing.assert_allclose(one.confidence, large.confidence)
    assert ((one.confidence > 0) & (one.confidence < 1)).all()
    np.testing.assert_allclose(large.region(0.9).axes, 7 * one.region(0.9).axes)
