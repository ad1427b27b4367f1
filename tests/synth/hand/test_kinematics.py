import numpy as np
import pytest

from likelihand.synth.hand.anatomy import LIMITS
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.kinematics import make_skeleton, place_bones
from likelihand.synth.hand.shape import sample_shape

BONE_OF_KEYPOINT = (0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12, 12, 13, 14, 15, 15)


def matrix(q):
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


@pytest.fixture(params=range(4))
def placed(request):
    rng = np.random.default_rng(request.param)
    skeleton = sample_shape(rng, load_asset()).skeleton
    angles = rng.uniform(LIMITS[:, 0], LIMITS[:, 1])
    return skeleton, angles, place_bones(skeleton, angles)


def test_keypoints_are_rest_joints_moved_by_their_bones(placed):
    skeleton, _, (rotations, translations, joints) = placed
    for keypoint, bone in enumerate(BONE_OF_KEYPOINT):
        expected = matrix(rotations[bone]) @ skeleton.joints[keypoint] + translations[bone]
        np.testing.assert_allclose(joints[keypoint], expected, atol=1e-12)


def test_posing_keeps_bone_lengths(placed):
    skeleton, _, (_, _, joints) = placed
    for base in range(1, 21, 4):
        before = np.linalg.norm(np.diff(skeleton.joints[base : base + 4], axis=0), axis=1)
        after = np.linalg.norm(np.diff(joints[base : base + 4], axis=0), axis=1)
        np.testing.assert_allclose(after, before, atol=1e-12)
    fixed = [0, 1, 5, 9, 13, 17]  # wrist, thumb base and knuckles belong to the palm
    np.testing.assert_allclose(joints[fixed], skeleton.joints[fixed], atol=1e-12)


def test_a_bone_and_its_parent_agree_at_their_joint(placed):
    skeleton, _, (rotations, translations, _) = placed
    asset = load_asset()
    for bone in range(1, 18):
        centre, parent = skeleton.joints[asset.heads[bone]], asset.parents[bone]
        a = matrix(rotations[bone]) @ centre + translations[bone]
        b = matrix(rotations[parent]) @ centre + translations[parent]
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_angles_come_out_as_they_went_in(placed):
    _, angles, (_, _, joints) = placed
    measured = make_skeleton(joints, load_asset().dorsal)
    for finger in range(1, 5):
        bones = np.diff(joints[1 + 4 * finger : 5 + 4 * finger], axis=0)
        bones /= np.linalg.norm(bones, axis=1, keepdims=True)
        bend = np.arccos(np.clip(np.sum(bones[:-1] * bones[1:], axis=1), -1, 1))
        np.testing.assert_allclose(bend, np.abs(angles[4 * finger - 3 : 4 * finger - 1]), atol=0.06)
    np.testing.assert_allclose(measured.rest[16:18], angles[16:18], atol=1e-9)


def test_flexion_brings_finger_tips_out_of_the_palm_and_thumbs_side_is_positive():
    skeleton = make_skeleton(load_asset().joints, load_asset().dorsal)
    still = np.zeros(24)
    bent = still.copy()
    bent[:16].reshape(4, 4)[:, 0] = 0.8
    spread = still.copy()
    spread[:16].reshape(4, 4)[:, 3] = 0.2
    tips = [place_bones(skeleton, angles)[2][8::4] for angles in (still, bent, spread)]
    assert np.all(tips[1][:, 2] > tips[0][:, 2] + 0.02)
    assert np.all(tips[2][:, 0] > tips[0][:, 0] + 0.005)
