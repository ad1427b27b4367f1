import numpy as np
import pytest

from likelihand.fitting.camera import Lens, State, moved, place, rotation_of, view
from likelihand.fitting.rig import ANGLE_LIMITS, ANGLES, SLOTS, pose
from likelihand.fitting.tables import load_tables

RIG = load_tables().rig
COUNT = 5
PARAMETERS = 6 + ANGLES + len(RIG.components)


def drawn(seed, spread=1.0):
    """Draw angles within their limits and shapes."""
    rng = np.random.default_rng(seed)
    low, high = ANGLE_LIMITS.T[..., None]
    return rng.uniform(low, high, (ANGLES, COUNT)), spread * rng.normal(size=(len(RIG.components), COUNT))


def state_of(seed):
    rng = np.random.default_rng(seed)
    camera = np.stack([rng.normal(0, 0.3, COUNT), *rng.normal(0, 0.3, (2, COUNT))])
    return State(rotation_of(rng.normal(0, 2, (3, COUNT))), camera, *drawn(seed))


def test_the_table_holds_unit_vectors_that_are_orthogonal_to_their_axes():
    np.testing.assert_allclose(np.linalg.norm(RIG.directions, axis=-1), 1, atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(RIG.axes, axis=-1), 1, atol=2e-5)
    np.testing.assert_allclose((RIG.directions * RIG.axes).sum(-1), 0, atol=2e-5)


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
    points = pose(same, angles, shape).points.reshape(20, 3, COUNT)
    for i in range(COUNT):
        theirs = keypoints_of(place_bones(skeleton, np.concatenate([angles[:, i], np.zeros(3)])).joints)
        np.testing.assert_allclose(points[..., i], theirs[1:], atol=2e-4)


def test_derivatives_of_the_pose_are_those_of_finite_differences():
    (angles, shape), h = drawn(1), 1e-6
    found = pose(RIG, angles, shape)
    for digit, slots in enumerate(SLOTS):
        for slot, angle in enumerate(slots):
            if angle < 0:
                continue
            step = np.zeros_like(angles)
            step[angle] = h
            ends = (pose(RIG, angles + s * step, shape).points for s in (1, -1))
            numeric = np.subtract(*ends) / (2 * h)
            np.testing.assert_allclose(found.by_angle[digit, slot], numeric[digit], atol=1e-8)
            assert not np.delete(numeric, digit, 0).any()
    for k in range(len(shape)):
        step = np.zeros_like(shape)
        step[k] = h
        ends = (pose(RIG, angles, shape + s * step).points for s in (1, -1))
        np.testing.assert_allclose(found.by_shape[k], np.subtract(*ends) / (2 * h), atol=1e-8)


@pytest.mark.parametrize(("focal", "distance"), [(0.0, 0.0), (0.15, 0.0), (0.0, 0.2)])
def test_derivatives_of_the_view_are_those_of_finite_differences(focal, distance):
    state, near, h = state_of(2), Lens(np.full(COUNT, focal), np.full(COUNT, distance)), 1e-6
    placed = place(RIG, state)
    _, by = view(state, placed, near)
    for k in range(PARAMETERS):
        step = np.zeros((PARAMETERS, COUNT))
        step[k] = h
        there = [moved(state, s * step) for s in (1, -1)]
        space = np.subtract(*(place(RIG, s).points for s in there)) / (2 * h)
        plane = np.subtract(*(view(s, place(RIG, s), near)[0] for s in there)) / (2 * h)
        np.testing.assert_allclose(placed.by[:, :, k], space, atol=1e-7)
        np.testing.assert_allclose(by[:, :, k], plane, atol=1e-7)


def test_the_camera_is_a_pinhole():
    state, focal = state_of(3), 4.0
    placed = place(RIG, state)
    seen, _ = view(state, placed, Lens(np.full(COUNT, 1 / focal), np.zeros(COUNT)))
    scale, middle = np.exp(state.camera[0]), state.camera[1:]
    root = np.stack([*(middle / scale), focal / scale])
    points = placed.points + root
    np.testing.assert_allclose(seen, focal * points[:, :2] / points[:, 2:], rtol=1e-9)


def test_turns_are_rotations():
    turn = np.moveaxis(rotation_of(np.random.default_rng(0).normal(0, 2, (3, 9))), -1, 0)
    np.testing.assert_allclose(turn @ np.swapaxes(turn, 1, 2), np.tile(np.eye(3), (9, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turn), 1)
    assert np.isfinite(rotation_of(np.zeros((3, 1)))).all()
