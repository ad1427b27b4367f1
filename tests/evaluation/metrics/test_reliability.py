"""Scores of uncertainty against closed forms."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from likelihand.evaluation.metrics.reliability import (
    confidence_bins,
    confidence_error,
    coverage,
    kept,
    region_error,
    reliability,
    risk_coverage,
)


def test_coverage_counts_what_lies_within() -> None:
    uniform = (np.arange(10_000) + 0.5) / 10_000
    np.testing.assert_allclose(coverage(uniform, [0.5, 0.68, 0.95]), [0.5, 0.68, 0.95], atol=1e-4)
    # twice too large regions of a uniform: p -> p / 2
    assert coverage(uniform / 2, 0.3)[0] == pytest.approx(0.6)


def test_region_error_is_the_mean_gap() -> None:
    """With every truth at level 0 coverage is 1 at every level: the mean of 1 - level over 5 to 95 % is 1 / 2."""
    assert region_error(np.zeros(100)) == pytest.approx(0.5)


def test_confidence_error_of_a_constant_lie() -> None:
    right = np.arange(1000) % 10 < 3
    assert confidence_error(np.full(1000, 0.9), right, bins=1) == pytest.approx(0.6)


def test_bins_are_ordered_and_even() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(size=1001)
    rows = confidence_bins(confidence, rng.uniform(size=1001) < confidence)
    assert (np.diff(rows[:, 0]) > 0).all()
    assert rows[:, 2].sum() == 1001
    assert np.ptp(rows[:, 2]) <= 1
    assert np.abs(rows[:, 0] - rows[:, 1]).max() < 0.2


def test_the_order_of_equal_confidences_changes_no_calibration_error() -> None:
    correct = np.arange(100) < 50
    mixed = np.random.default_rng(0).permutation(correct)
    errors = [confidence_error(np.full(100, 0.5), each) for each in (correct, mixed)]
    assert errors == pytest.approx([0.0, 0.0], abs=1e-12)
    some = np.repeat([0.2, 0.4, 0.9], [30, 40, 30])
    np.testing.assert_allclose(confidence_bins(some, correct)[:, 1], [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0, 0])


def test_risk_coverage_by_hand() -> None:
    np.testing.assert_allclose(risk_coverage([3, 2, 1], [1.0, 2.0, 6.0]), [1.0, 1.5, 3.0])


@given(st.lists(st.floats(0, 10), min_size=2, max_size=30), st.randoms())
def test_equal_confidences_leave_the_order_to_chance(errors: list[float], random: object) -> None:
    random.shuffle(errors)  # type: ignore[attr-defined]
    np.testing.assert_allclose(risk_coverage(np.ones(len(errors)), errors), np.mean(errors), atol=1e-12)


def test_no_order_is_better_than_the_errors_own() -> None:
    rng = np.random.default_rng(0)
    errors = rng.exponential(size=200)
    best = risk_coverage(-errors, errors)
    assert (best <= risk_coverage(rng.uniform(size=200), errors) + 1e-12).all()
    assert kept(best) < 0.5 * errors.mean()


def test_reliability_puts_them_together_and_says_nothing_of_what_is_not_stated() -> None:
    result = reliability([0.05, 0.05, 0.3, 0.4], [0.9, 0.8, 0.2, 0.1], [True, True, False, False])
    assert result.error == pytest.approx(0.2)
    assert result.error_kept == pytest.approx(0.05)
    assert result.reduction == pytest.approx(0.75)
    assert np.isnan(result.nll) and np.isnan(result.size) and np.isnan(result.coverage[0.9])
    assert result.to_json()["nll"] is None
    with pytest.raises(ValueError, match="no labelled keypoint"):
        reliability([], [], [])
