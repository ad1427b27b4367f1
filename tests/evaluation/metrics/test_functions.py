"""Closed forms of every score."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from likelihand.evaluation.metrics import Average, area_under_curve, average, distance, epe, nme, pck

INF = np.inf


def test_distance_of_a_point_that_is_not_finite_is_infinite() -> None:
    points = [[3.0, 4.0], [np.nan, 0.0], [np.inf, 1.0], [-np.inf, np.nan]]
    assert distance(points, np.zeros((4, 2))).tolist() == [5.0, INF, INF, INF]


def test_the_three_averages_differ_as_they_should() -> None:
    values = [[1.0, 5.0, 9.0], [2.0, 100.0, 100.0]]
    counted = [[True, True, False], [True, False, False]]
    assert average(values, counted) == pytest.approx((1 + 5 + 2) / 3)
    assert average(values, counted, Average.HAND) == pytest.approx(((1 + 5) / 2 + 2) / 2)
    assert average(values, counted, Average.KEYPOINT) == pytest.approx(((1 + 2) / 2 + 5) / 2)


def test_nothing_counted_is_not_a_number() -> None:
    for over in Average:
        assert math.isnan(average([[1.0]], [[False]], over))


def test_misses_are_left_out_of_epe_and_nme_and_are_wrong_in_pck() -> None:
    distances, counted, lengths = [[1.0, INF, 3.0], [INF, INF, INF]], np.ones((2, 3), bool), [10.0, 10.0]
    assert epe(distances, counted) == 2.0
    assert nme(distances, counted, lengths) == pytest.approx(0.2)
    assert pck(distances, counted, lengths, [1e9]).tolist() == pytest.approx([(2 / 3 + 0) / 2])


def test_strictness_of_the_threshold() -> None:
    one = ([[1.0]], [[True]], [10.0], [0.1])
    assert pck(*one).tolist() == [1.0]
    assert pck(*one, strict=True).tolist() == [0.0]
    assert pck([[0.0]], [[True]], [1.0], [0.0], strict=True).tolist() == [0.0]


def test_area_under_a_straight_line_is_its_middle() -> None:
    assert area_under_curve([0.0, 0.1, 0.4], [0.0, 0.1, 0.4]) == pytest.approx(0.2)


def test_uniform_errors_give_a_linear_curve() -> None:
    distances = (np.arange(1000) + 0.5)[:, None] / 1000
    thresholds = np.linspace(0, 1, 11)
    curve = pck(distances, np.ones((1000, 1), bool), np.ones(1000), thresholds, over=Average.POOLED)
    assert curve == pytest.approx(thresholds)
    assert area_under_curve(thresholds, curve) == pytest.approx(0.5)


@given(
    arrays(np.float64, (5, 3), elements=st.floats(0, 100)),
    arrays(np.bool_, (5, 3)),
    arrays(np.float64, 5, elements=st.floats(1, 50)),
)
def test_pck_grows_with_the_threshold_and_scales(
    distances: np.ndarray, counted: np.ndarray, lengths: np.ndarray
) -> None:
    thresholds = np.array([0.0, 0.1, 0.5, 200.0])
    curve = pck(distances, counted, lengths, thresholds)
    if counted.any():
        assert (np.diff(curve) >= 0).all()
        assert curve[-1] == pytest.approx(1)
        assert nme(2 * distances, counted, 2 * lengths) == pytest.approx(nme(distances, counted, lengths))
    else:
        assert np.isnan(curve).all()


def test_a_large_set_is_cut_into_parts_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    distances, counted = rng.uniform(0, 1, (50, 4)), rng.random((50, 4)) < 0.8
    thresholds = np.linspace(0, 1, 13)
    whole = pck(distances, counted, np.ones(50), thresholds)
    monkeypatch.setattr("likelihand.evaluation.metrics.functions._CELLS", 450)
    assert np.array_equal(pck(distances, counted, np.ones(50), thresholds), whole)
