"""Doubles: the surer hand stays, different hands stay both."""

import numpy as np
import pytest

from likelihand.inference.duplicates import distance, without_duplicates
from likelihand.structures import Hand

POINTS = np.random.default_rng(0).uniform(0, 100, (21, 2))
POINTS[:2] = [[0, 0], [100, 60]]  # the size is 100


def hand(shift: float, score: float = 1.0, scale: float = 1.0, clarity: float = 1.0) -> Hand:
    points = POINTS + np.array([shift, 0])
    return Hand(points, np.full((21, 2), scale), np.zeros(4), score=score, clarity=clarity)


def test_distance_is_relative_to_size() -> None:
    assert distance(hand(0), hand(12)) == pytest.approx(0.12)
    small, moved = (Hand(h.points / 10, h.scale, h.box) for h in (hand(0), hand(12)))
    assert distance(small, moved) == pytest.approx(0.12)
    assert distance(hand(0), Hand(POINTS * 0, np.ones((21, 2)), np.zeros(4))) > 0.3


@pytest.mark.parametrize(("shift", "count"), [(19.9, 1), (20.1, 2)])
def test_the_border(shift: float, count: int) -> None:
    assert len(without_duplicates([hand(0), hand(shift)])) == count


def test_the_surer_one_stays_and_the_order_too() -> None:
    far, weak, strong = hand(200), hand(0, score=0.6), hand(5, score=0.9)
    assert without_duplicates([far, weak, strong]) == [far, strong]
    hazy, clear = hand(0, score=0.6, clarity=0.6), hand(5, score=0.5, clarity=0.9)
    assert without_duplicates([hazy, clear]) == [clear]
    sharp, blurred = hand(0, scale=1), hand(5, scale=3)
    assert without_duplicates([blurred, sharp, far]) == [sharp, far]


def test_a_chain_is_not_merged_into_one() -> None:
    """The second lies near both others; they are 28 % apart and stay."""
    first, middle, last = hand(0, 0.9), hand(14, 0.8), hand(28, 0.7)
    assert without_duplicates([first, middle, last]) == [first, last]


def test_points_on_one_spot_do_no_harm() -> None:
    spot = Hand(np.zeros((21, 2)), np.ones((21, 2)), np.zeros(4))
    assert len(without_duplicates([spot, spot])) == 1
    assert without_duplicates([]) == []
