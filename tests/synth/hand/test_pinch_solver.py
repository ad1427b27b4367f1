"""Two spots of skin brought together."""

import numpy as np
import pytest

from assets.penetration import skin_distance
from likelihand.synth.hand.anatomy import LIMITS
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.gestures import GESTURES
from likelihand.synth.hand.hand_sampler import bring_together, pose_hand
from likelihand.synth.hand.pinch_solver import solve
from likelihand.synth.hand.pose import Pose
from likelihand.synth.hand.shape import sample_shape


def test_solve_is_the_inverse_of_a_product() -> None:
    rng = np.random.default_rng(0)
    for size in (1, 5, 9):
        factor = rng.normal(size=(size, size))
        matrix, expected = factor @ factor.T + np.eye(size), rng.normal(size=size)
        np.testing.assert_allclose(solve(matrix, matrix @ expected), expected, rtol=1e-9)


def test_only_the_thumb_and_one_finger_move_and_stay_within_their_limits() -> None:
    asset, gesture = load_asset(), GESTURES["ok"]
    shape, before = sample_shape(np.random.default_rng(0), asset), asset.contacts["ok"][0]
    angles, _ = bring_together(shape, Pose(before, gesture.pinch), asset)
    assert (angles[4:16] == before[4:16]).all() and (angles[21:] == before[21:]).all()
    assert (angles[:4] != before[:4]).any()
    assert (angles >= LIMITS[:, 0] - 1e-9).all() and (angles <= LIMITS[:, 1] + 1e-9).all()


@pytest.mark.parametrize("name", ["ok", "pinch_index", "pinch_loose"])
def test_pinches_touch_on_hands_of_any_shape(name):
    asset, gesture, gaps = load_asset(), GESTURES[name], []
    for i in range(10):
        shape = sample_shape(np.random.default_rng(i), asset)
        angles, touching = bring_together(shape, Pose(asset.contacts[name][i], gesture.pinch), asset)
        if touching:
            gaps.append(skin_distance(pose_hand(shape, angles, asset, "index"), asset))
    assert len(gaps) >= 7
    assert max(gaps) < 0.0015
