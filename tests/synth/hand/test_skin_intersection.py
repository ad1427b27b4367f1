"""Skin inside other skin."""

import numpy as np

from assets.penetration import finger_depths
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.gestures import GESTURES
from likelihand.synth.hand.hand_sampler import pose_hand
from likelihand.synth.hand.pose import gesture_angles, limit
from likelihand.synth.hand.shape import sample_shape
from likelihand.synth.hand.skin_intersection import skin_crossings


def test_the_quick_measure_sees_what_the_exact_one_sees():
    """Close fists without any care for collisions: both measures must find the same deep overlaps."""
    asset, rng = load_asset(), np.random.default_rng(2)
    exact, quick = [], []
    for _ in range(12):
        angles = limit(gesture_angles(GESTURES["fist"]) + rng.normal(0, 0.15, 24))
        hand = pose_hand(sample_shape(rng, asset), angles, asset)
        exact.append(finger_depths(hand.vertices, hand.triangles, asset)[1:].max())
        quick.append(skin_crossings(hand.vertices, asset)[1:].max())
    assert max(exact) > 0.003
    assert np.median(np.abs(np.array(exact) - quick)) < 0.0015
