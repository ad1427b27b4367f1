"""Tests."""

import numpy as np
import pytest

from likelihand.evaluation.robustness import summarise
from tests.evaluation.robustness.outcomes import outcome


def test_missed_hands_are_counted_and_left_out_of_the_error():
    (row,) = summarise([outcome(0.02), outcome(0.06), outcome(0.3), outcome(0, found=False, others=2)])
    assert (row.hands, row.missed, row.others) == (4, 1, 2)
    assert row.nme == pytest.approx((0.02 + 0.06 + 0.3) / 3)
    assert row.median == pytest.approx(0.06)
    assert row.right == pytest.approx(2 / 4)
    assert row.said == pytest.approx(0.75)
    assert row.true == pytest.approx(2 / 3)
    assert (row.coverage_68, row.coverage_90) == (1.0, 1.0)
    assert row.keypoints == 63


def test_coverage_counts_levels():
    (row,) = summarise([outcome(0.02, level=level) for level in (0.1, 0.7, 0.8, 0.95)])
    assert (row.coverage_68, row.coverage_90) == (0.25, 0.75)


def test_nothing_found_and_nothing_said():
    (row,) = summarise([outcome(0, found=False)])
    assert (row.missed, row.right) == (1, 0.0)
    assert np.isnan([row.nme, row.median, row.coverage_68, row.said, row.true]).all()
    (row,) = summarise([outcome(0.02, sure=False)])
    assert np.isnan([row.coverage_68, row.said]).all()
    assert row.true == 1.0


def test_keypoints_that_were_cut_away_have_rows_of_their_own():
    cut = np.arange(21) < 7
    given = outcome(0.02, cut=cut)
    given.error[cut] = 0.2
    inside, away = summarise([given]), summarise([given, outcome(0.5)], cut=True)
    assert inside[0].nme == pytest.approx(0.02)
    assert (away[0].hands, away[0].keypoints) == (1, 7)
    assert away[0].nme == pytest.approx(0.2)
