import numpy as np
import pytest

from assets.penetration import depth_inside
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import sample_hand
from likelihand.synth.scene.objects import FLESH, beneath, held, in_front, superellipsoid


def volume(vertices: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (vertices[triangles[:, k]].astype(float) for k in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def test_volumes_are_those_of_the_solids() -> None:
    ball = superellipsoid((1.0, 1.0, 1.0), 1.0, 1.0)
    assert volume(ball.vertices, ball.triangles) == pytest.approx(4 / 3 * np.pi, rel=0.04)
    box = superellipsoid((1.0, 2.0, 0.5), 0.05, 0.05)
    assert volume(box.vertices, box.triangles) == pytest.approx(8 * 1.0 * 2.0 * 0.5, rel=0.06)
    cylinder = superellipsoid((0.5, 2.0, 0.5), 0.05, 1.0)
    assert volume(cylinder.vertices, cylinder.triangles) == pytest.approx(np.pi * 0.25 * 4, rel=0.06)


def test_held_things_touch_the_hand_and_do_not_run_through_its_joints() -> None:
    rng, near, count = np.random.default_rng(0), 0, 0
    for _ in range(60):
        hand = sample_hand(rng, load_asset())
        palm = np.linalg.norm(hand.joints[9] - hand.joints[0])
        joints = (hand.joints / palm).astype(np.float32)
        thing = held(rng, joints)
        if thing is None:
            continue
        assert volume(thing.vertices, thing.triangles) > 0
        skin = hand.vertices / palm
        gap = np.sqrt(((skin[:, None, ::1] - thing.vertices[None, ::5]) ** 2).sum(-1)).min()
        near, count = near + (gap < 0.12), count + 1
    assert count > 30
    assert near / count > 0.8
    assert 0.05 < FLESH < 0.12


def test_what_is_in_front_is_nearer_to_the_camera() -> None:
    rng, joints = np.random.default_rng(1), np.zeros((21, 3), np.float32)
    towards = np.array([0, 0, 1], np.float32)
    heights = [in_front(rng, joints, towards).vertices[:, 2].mean() for _ in range(50)]
    assert np.mean(heights) > 0.4


def test_what_a_hand_lies_on_is_on_its_palm_side_and_holds_no_joint() -> None:
    rng = np.random.default_rng(2)
    for _ in range(30):
        hand = sample_hand(rng, load_asset())
        joints = (hand.joints / np.linalg.norm(hand.joints[9] - hand.joints[0])).astype(np.float32)
        thing = beneath(rng, joints)
        assert volume(thing.vertices, thing.triangles) > 0
        assert thing.vertices[:, 2].mean() > joints[:, 2].mean()
        assert depth_inside(joints, thing.vertices[thing.triangles]) == 0
