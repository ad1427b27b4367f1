import hashlib

import numpy as np
import pytest

from likelihand.data.dataset import record_problems
from likelihand.data.drawn import DrawnHands
from likelihand.structures import FINGER_KEYPOINTS

HANDS = DrawnHands(40, seed=5)


def test_labels_are_sound_and_inside():
    for i in range(len(HANDS)):
        record = HANDS.record(i)
        assert record_problems(record) == []
        assert (record.points > 4).all()
        assert (record.points < 124).all()


def test_pictures_are_functions_of_seed_and_index():
    first, again = HANDS.record(3), DrawnHands(4, seed=5).record(3)
    assert (first.read() == again.read()).all()
    assert (first.points == again.points).all()
    assert (first.read() != HANDS.record(4).read()).any()
    assert (first.points != DrawnHands(4, seed=6).record(3).points).any()
    digests = {hashlib.sha256(HANDS.record(i).read().tobytes()).digest() for i in range(len(HANDS))}
    assert len(digests) == len(HANDS)


def test_both_sides_come_and_differ_in_their_turn():
    sides = [HANDS.record(i).side for i in range(len(HANDS))]
    assert 10 <= sides.count("left") <= 30
    for i in range(len(HANDS)):
        record = HANDS.record(i)
        palm = record.points[[5, 17]] - record.points[0]
        turn = np.linalg.det(palm)
        assert (turn > 0) == (record.side == "right")


def test_fingertips_lie_on_a_bright_spot_of_their_own_finger():
    """The label is where the picture shows it: around a tip that is nearest to the viewer lies its nail."""
    nearer = 0
    for i in range(len(HANDS)):
        record = HANDS.record(i)
        image = record.read().astype(float).mean(2)
        for tip in (k[3] for k in FINGER_KEYPOINTS.values()):
            x, y = record.points[tip].astype(int)
            dip = record.points[tip - 1].astype(int)
            nearer += image[y, x] > image[dip[1], dip[0]]
    assert nearer > 0.75 * 5 * len(HANDS)


def test_sizes():
    assert DrawnHands(1, size=64).record(0).read().shape == (64, 64, 3)
    small, large = (DrawnHands(1, size=s).record(0).points for s in (64, 256))
    assert np.allclose(4 * small, large)
    for wrong in ({"count": -1}, {"count": 1, "size": 8}):
        with pytest.raises(ValueError, match="give a count"):
            DrawnHands(**wrong)
    assert len(DrawnHands(0)) == 0
