import math

import numpy as np
import pytest
from scipy import stats

from likelihand.study.statistics import (
    T95,
    Estimate,
    Verdict,
    difference,
    estimate,
    paired,
    student,
    verdict,
)


def test_student_agrees_with_scipy():
    assert pytest.approx([stats.t.ppf(0.975, n) for n in range(1, 31)], abs=6e-4) == list(T95)
    assert student(1000) == T95[-1] and math.isnan(student(math.nan))


def test_the_interval_of_a_mean_agrees_with_scipy():
    values = [0.31, 0.28, 0.35, 0.30]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    made = estimate(values)
    assert (made.mean - made.spread, made.mean + made.spread) == pytest.approx((low, high), abs=1e-4)


def test_a_difference_is_welchs():
    """With equal spreads and numbers Welch's freedom is whole: 2 + 2."""
    first, second = [0.30, 0.32, 0.34], [0.20, 0.22, 0.24]
    interval = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    made = difference(first, second)
    assert (made.mean - made.spread, made.mean + made.spread) == pytest.approx(tuple(interval), abs=1e-4)
    uneven = difference([0.30, 0.40, 0.50], [0.2, 0.2001, 0.1999])
    exact = stats.ttest_ind([0.30, 0.40, 0.50], [0.2, 0.2001, 0.1999], equal_var=False).confidence_interval()
    assert uneven.spread == pytest.approx((exact.high - exact.low) / 2, rel=0.01)


def test_pairs_know_what_their_runs_share():
    first, second = [0.3, 0.5, 0.7], [0.2, 0.4, 0.61]
    assert verdict(difference(first, second)) is Verdict.NONE
    assert verdict(paired(first, second)) is Verdict.HIGHER
    with pytest.raises(ValueError, match="3 and 2 values"):
        paired(first, second[:2])


@pytest.mark.parametrize(
    ("mean", "spread", "expected"),
    [
        (0.0999, 0.1, Verdict.NONE),
        (-0.1, 0.1, Verdict.NONE),
        (0.1001, 0.1, Verdict.HIGHER),
        (-0.1001, 0.1, Verdict.LOWER),
        (0.5, math.nan, Verdict.UNKNOWN),
        (math.nan, math.nan, Verdict.UNKNOWN),
    ],
)
def test_a_difference_smaller_than_its_spread_is_called_none(mean, spread, expected):
    assert verdict(Estimate(mean, spread, 3)) is expected


def test_one_run_has_no_interval():
    assert math.isnan(estimate([0.3]).spread) and str(estimate([0.3])) == "0.3000"
    assert verdict(difference([0.3], [0.1, 0.2])) is Verdict.UNKNOWN
    assert verdict(difference([], [0.1])) is Verdict.UNKNOWN
    assert verdict(difference([0.3, 0.3], [0.2, 0.2])) is Verdict.HIGHER


def test_chance_alone_rarely_makes_a_difference():
    """Of differences between runs of one distribution about one in twenty crosses its spread."""
    rng = np.random.default_rng(0)
    found = [verdict(difference(*rng.normal(size=(2, 3)))) is not Verdict.NONE for _ in range(2000)]
    assert 0.01 < np.mean(found) < 0.06
