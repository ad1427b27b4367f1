"""Capsules, and fingers that are moved apart."""

import numpy as np
import pytest

from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.collision import capsule, finger_overlaps, overlap
from likelihand.synth.hand.gestures import GESTURES
from likelihand.synth.hand.hand_sampler import FINGER_DEPTH, free_fingers
from likelihand.synth.hand.kinematics import place_bones
from likelihand.synth.hand.pose import gesture_angles, limit
from likelihand.synth.hand.shape import sample_shape


def deepest(first: np.ndarray, second: np.ndarray, steps: int = 200) -> float:
    """Depth of overlap by trying places along both axes."""
    t = np.linspace(0, 1, steps)[:, None]
    places = [row[:3] + t * (row[3:6] - row[:3]) for row in (first, second)]
    radii = [row[6] + t[:, 0] * (row[7] - row[6]) for row in (first, second)]
    distance = np.linalg.norm(places[0][:, None] - places[1][None], axis=2)
    at = np.unravel_index(distance.argmin(), distance.shape)
    return float(radii[0][at[0]] + radii[1][at[1]] - distance[at])


@pytest.mark.parametrize("seed", range(20))
def test_overlap_is_that_of_the_closest_places(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.column_stack([rng.normal(size=(2, 6)), rng.uniform(0.1, 0.4, (2, 2))])
    assert overlap(capsule(rows, 0), capsule(rows, 1)) == pytest.approx(deepest(*rows), abs=0.01)
    assert overlap(capsule(rows, 0), capsule(rows, 1)) == pytest.approx(
        overlap(capsule(rows, 1), capsule(rows, 0))
    )


def test_fingers_that_cross_are_moved_apart() -> None:
    asset, freed = load_asset(), 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        shape = sample_shape(rng, asset)
        start = limit(gesture_angles(GESTURES["flat"]) + np.radians(rng.normal(0, 5, 24)))
        angles, free = free_fingers(shape, start, asset)
        if free:
            overlaps = finger_overlaps(place_bones(shape.skeleton, angles).joints, shape.radii)
            assert overlaps.max() <= FINGER_DEPTH
            freed += 1
    assert freed >= 8
