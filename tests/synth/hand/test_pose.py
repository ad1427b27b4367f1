"""Poses within the limits of anatomy."""

import numpy as np

from likelihand.synth.hand.anatomy import LIMITS, THUMB_AZIMUTH
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.gestures import GESTURES
from likelihand.synth.hand.pose import gesture_angles, limit, sample_pose


def test_drawn_poses_obey_every_limit():
    rng, contacts = np.random.default_rng(0), load_asset().contacts
    for _ in range(500):
        angles = sample_pose(rng, contacts).angles
        assert np.all(angles >= LIMITS[:, 0] - 1e-9) and np.all(angles <= LIMITS[:, 1] + 1e-9)
        fingers = angles[:16].reshape(4, 4)
        assert np.all(fingers[:, 2] <= 0.9 * fingers[:, 1] + np.radians(12) + 1e-9)
        assert np.all(np.diff(fingers[:, 3]) <= 1e-9)
        np.testing.assert_allclose(limit(angles), angles, atol=1e-9)


def test_a_gesture_says_its_angles_in_degrees() -> None:
    angles = np.degrees(gesture_angles(GESTURES["ok"]))
    assert angles[:3].round().tolist() == [50, 54, 30]
    assert round(angles[THUMB_AZIMUTH]) == 28


def test_gestures_can_be_asked_for_by_name() -> None:
    rng = np.random.default_rng(0)
    bent = [np.degrees(sample_pose(rng, {}, ["fist"]).angles[1:16:4]).mean() for _ in range(30)]
    assert np.median(bent) > 70
