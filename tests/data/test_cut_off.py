"""Hands cut off by the picture's edge: labels move with the picture, boxes hold what is left."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.data.cut_off import CutOff
from likelihand.data.dataset import groups_of
from likelihand.data.drawn import DrawnHands
from likelihand.structures import Record

HANDS = DrawnHands(24, size=96)


def test_labels_and_pixels_move_together() -> None:
    """The rest is a part of the picture, and each label that is left points at the pixel that it pointed at."""
    for i in range(24):
        whole, cut = HANDS.record(i), CutOff(HANDS, [0.3]).record(i)
        moved = cut.points - whole.points
        np.testing.assert_allclose(moved, moved[:1].repeat(21, 0), atol=1e-9)
        image, rest = whole.read(), cut.read()
        x, y = (-moved[0]).round().astype(int)
        np.testing.assert_array_equal(rest, image[y : y + rest.shape[0], x : x + rest.shape[1]])
        inside = ((cut.points >= 0) & (cut.points <= rest.shape[1::-1])).all(1)
        assert not inside.all()
        tight = np.concatenate([cut.points[inside].min(0), cut.points[inside].max(0)])
        np.testing.assert_allclose(cut.box, tight)


def test_shares_are_drawn_alike_and_again_the_same() -> None:
    some = CutOff(HANDS, [0.0, 0.5], seed=3)
    cut = [i for i in range(24) if some.record(i).read().shape != (96, 96, 3)]
    assert 6 <= len(cut) <= 18
    assert [i for i in range(24) if CutOff(HANDS, [0.0, 0.5], seed=3).record(i).read().shape != (96, 96, 3)] == cut
    assert len(some) == 24 and some.groups() == groups_of(HANDS)


def test_a_hand_of_which_too_little_would_be_left_stays_whole() -> None:
    class Few:
        def __len__(self) -> int:
            return 1

        def record(self, index: int) -> Record:
            visibility = np.zeros(21, np.int8)
            visibility[[0, 4, 8, 12]] = 2
            return replace(HANDS.record(0), visibility=visibility)

    np.testing.assert_array_equal(CutOff(Few(), [0.5]).record(0).points, HANDS.record(0).points)


@pytest.mark.parametrize("shares", [[], [1.0], [-0.1]])
def test_wrong_shares_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="from 0 to below 1"):
        CutOff(HANDS, shares)
