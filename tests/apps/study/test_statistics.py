import math

import numpy as np
import pytest
from scipy import stats

from likelihand.apps.study.statistics import Interval, Verdict, interval, student, verdict


def test_student_has_the_tables_values():
    assert [round(student(n), 3) for n in (1, 2, 10, 30)] == [12.706, 4.303, 2.228, 2.042]
    assert math.isnan(student(0.5)) and math.isnan(student(math.nan))


def test_without_hands_it_is_the_interval_of_paired_runs():
    first, second = np.array([0.31, 0.28, 0.35, 0.30]), np.array([0.25, 0.26, 0.28, 0.22])
    exact = stats.ttest_rel(first, second).confidence_interval(0.95)
    made = interval(first - second)
    assert (made.low, made.high) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert made.runs == 4


def test_the_variance_of_hands_is_added():
    """Runs that agree to the last digit still leave the hands' variance, with its freedom."""
    hands = np.array([0.1, 0.2, 0.4, 0.1, 0.3])
    made = interval(np.stack([hands, hands, hands]))
    exact = stats.t.interval(0.95, 4, hands.mean(), stats.sem(hands))
    assert (made.low, made.high) == pytest.approx(exact, abs=1e-12)


def test_freedom_is_welchs_where_both_vary():
    values = np.array([[0.0, 1.0], [2.0, 5.0]])
    runs, hands = np.array([0.5, 3.5]).var(ddof=1) / 2, np.array([1.0, 3.0]).var(ddof=1) / 2
    freedom = (runs + hands) ** 2 / (runs**2 + hands**2)
    assert interval(values).spread == pytest.approx(stats.t.ppf(0.975, freedom) * math.sqrt(runs + hands))


def test_the_interval_holds_the_truth_19_times_in_20():
    """Seeds, hands and what they have together vary; new seeds and new hands are drawn each time."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        table = 0.01 + rng.normal(0, 0.003, (3, 1)) + rng.normal(0, 0.04, (1, 200)) + rng.normal(0, 0.03, (3, 200))
        made = interval(table)
        held += made.low <= 0.01 <= made.high
    assert 930 <= held <= 1000


def test_one_run_has_no_interval():
    for values in ([0.3], [[0.3, 0.1]]):
        made = interval(values)
        assert math.isnan(made.spread) and made.runs == 1 and verdict(made, 0.1) is Verdict.UNDECIDED
    assert interval(np.zeros((0, 0))).runs == 0
    assert interval([0.2, 0.2]).spread == 0.0


@pytest.mark.parametrize(
    ("mean", "spread", "expected"),
    [
        (0.010, 0.009, Verdict.HOLDS),
        (0.001, 0.0005, Verdict.HOLDS),
        (-0.010, 0.009, Verdict.FAILS),
        (0.001, 0.0015, Verdict.UNDECIDED),
        (0.000, 0.0019, Verdict.FAILS),
        (-0.01, 0.03, Verdict.UNDECIDED),
        (0.01, 0.03, Verdict.UNDECIDED),
        (0.01, math.nan, Verdict.UNDECIDED),
    ],
)
def test_verdicts(mean, spread, expected):
    assert verdict(Interval(mean, spread, 3), worth=0.002) is expected


def test_an_advantage_must_be_worth_something():
    with pytest.raises(ValueError, match=r"worth is 0\.0: expected more than 0"):
        verdict(Interval(0.1, 0.1, 3), 0.0)
