import numpy as np

from likelihand.synth.hand.anatomy import ANGLES, LABEL_SHIFT, LIMITS, THUMB, WRIST


def test_limits_are_intervals_that_hold_the_straight_hand():
    assert LIMITS.shape == (ANGLES, 2)
    assert (LIMITS[:, 0] < 0).all()
    assert (LIMITS[:, 1] > 0).all()
    assert (np.abs(LIMITS) < np.pi / 2 + 0.4).all()
    assert THUMB < WRIST < ANGLES


def test_labels_lie_on_their_first_bones():
    assert all(towards == keypoint + 1 and 0 < share < 0.5 for keypoint, (towards, share) in LABEL_SHIFT.items())
