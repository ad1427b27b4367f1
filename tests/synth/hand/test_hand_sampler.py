import numpy as np
import pytest

from assets.penetration import finger_depths, skin_distance
from likelihand.synth.hand.anatomy import LIMITS
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import mirrored, sample_hand, sample_hand_of
from likelihand.synth.hand.shape import sample_shape

COUNT = 100


@pytest.fixture(scope="module")
def hands():
    return [sample_hand(np.random.default_rng([5, i]), load_asset()) for i in range(COUNT)]


def test_same_seed_same_hand_whatever_came_before(hands):
    for i in (7, 3):
        again = sample_hand(np.random.default_rng([5, i]), load_asset())
        assert again.side == hands[i].side and again.contact == hands[i].contact
        np.testing.assert_array_equal(again.vertices, hands[i].vertices)
        np.testing.assert_array_equal(again.joints, hands[i].joints)


def test_left_is_the_exact_mirror_of_right():
    right, left = (sample_hand(np.random.default_rng(9), load_asset(), side) for side in ("right", "left"))
    np.testing.assert_array_equal(left.vertices, right.vertices * np.float32([-1, 1, 1]))
    np.testing.assert_array_equal(left.joints, right.joints * np.float32([-1, 1, 1]))
    np.testing.assert_array_equal(left.triangles, right.triangles[:, ::-1])
    back = mirrored(left)
    np.testing.assert_array_equal(back.vertices, right.vertices)
    np.testing.assert_array_equal(back.triangles, right.triangles)
    for hand in (left, right):
        a, b, c = (hand.vertices[hand.triangles[:, k]].astype(float) for k in range(3))
        assert np.sum(a * np.cross(b, c)) > 0


def test_both_sides_and_all_ages_are_drawn(hands):
    assert 0.35 < np.mean([hand.side == "left" for hand in hands]) < 0.65
    lengths = np.array([hand.palm_length for hand in hands])
    assert lengths.min() < 0.065 and lengths.max() > 0.095
    assert np.all((lengths > 0.04) & (lengths < 0.125))


def test_angles_stay_within_anatomy(hands):
    slack = 1e-9
    for hand in hands:
        assert np.all(hand.angles >= LIMITS[:, 0] - slack) and np.all(hand.angles <= LIMITS[:, 1] + slack)


def test_gestures_can_be_asked_for():
    asset, rng = load_asset(), np.random.default_rng(0)
    for names, low, high in ((("flat", "open"), -40, 45), (("hook", "curled"), 55, 110)):
        hands = [sample_hand_of(sample_shape(rng, asset), rng, asset, None, names) for _ in range(12)]
        bent = np.degrees([hand.angles[1:16:4].mean() for hand in hands])
        assert np.all((bent > low) & (bent < high))


def test_fingers_do_not_run_into_each_other(hands):
    asset = load_asset()
    depths = np.array([finger_depths(hand.vertices, hand.triangles, asset)[1:].max() for hand in hands])
    assert np.mean(depths > 0.0015) <= 0.02


def test_drawn_contacts_touch(hands):
    gaps = [skin_distance(hand, load_asset()) for hand in hands if hand.contact not in ("", "rest")]
    assert len(gaps) >= 5 and max(gaps) < 0.0015
