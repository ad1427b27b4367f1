import numpy as np
import pytest

from likelihand.reconstruction.camera import rotation_of
from likelihand.reconstruction.rig import ANGLE_LIMITS, ANGLES, SLOTS, pose
from tests.reconstruction.hands import RIG

COUNT = 5
UNTURNED = np.tile(np.eye(3), (COUNT, 1, 1))


def drawn(seed, spread=1.0):
    """Draw angles within their limits and shapes."""
    rng = np.random.default_rng(seed)
    low, high = ANGLE_LIMITS.T
    return rng.uniform(low, high, (COUNT, ANGLES)), spread * rng.normal(size=(COUNT, len(RIG.components)))


def test_poses_are_those_of_the_renderer():
    pytest.importorskip("numba")
    from likelihand.synth.hand.asset import load_asset
    from likelihand.synth.hand.kinematics import make_skeleton, place_bones
    from likelihand.synth.scene.labels import keypoints_of

    asset = load_asset()
    skeleton = make_skeleton(asset.joints / asset.palm_length, asset.dorsal)
    digits = skeleton.joints[1:].reshape(5, 4, 3)
    lengths = np.linalg.norm(np.diff(digits, axis=1), axis=-1)
    mean = np.concatenate([digits[:, 0].ravel(), lengths.ravel()])
    same = type(RIG)(RIG.directions, RIG.axes, RIG.rest, mean, RIG.components)
    angles, shape = drawn(0, spread=0.0)
    points = pose(same, angles, shape, UNTURNED).points.reshape(COUNT, 20, 3)
    for i in range(COUNT):
        theirs = keypoints_of(place_bones(skeleton, np.concatenate([angles[i], np.zeros(3)])).joints)
        np.testing.assert_allclose(points[i], theirs[1:], atol=2e-4)


def test_derivatives_of_the_pose_are_those_of_finite_differences():
    (angles, shape), h = drawn(1), 1e-6
    turn = rotation_of(np.random.default_rng(2).normal(size=(COUNT, 3)))
    found = pose(RIG, angles, shape, turn)
    for digit, slots in enumerate(SLOTS):
        for slot, angle in enumerate(slots):
            if angle < 0:
                continue
            step = np.zeros_like(angles)
            step[:, angle] = h
            ends = (pose(RIG, angles + s * step, shape, turn).points for s in (1, -1))
            numeric = np.subtract(*ends) / (2 * h)
            np.testing.assert_allclose(found.by_angle[:, digit, slot], numeric[:, digit], atol=1e-8)
            assert not np.delete(numeric, digit, 1).any()
    for k in range(shape.shape[1]):
        step = np.zeros_like(shape)
        step[:, k] = h
        ends = (pose(RIG, angles, shape + s * step, turn).points for s in (1, -1))
        np.testing.assert_allclose(
            found.by_shape[..., k], np.swapaxes(np.subtract(*ends) / (2 * h), 2, 3), atol=1e-8
        )
