import numpy as np

from assets.penetration import finger_depths
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.gestures import GESTURES
from likelihand.synth.hand.hand_sampler import pose_hand
from likelihand.synth.hand.pose import gesture_angles, limit
from likelihand.synth.hand.shape import sample_shape
from likelihand.synth.hand.skin import skin, skin_crossings, vertex_normals
from likelihand.synth.scene.objects import superellipsoid


def test_normals_of_a_ball_point_outwards() -> None:
    ball = superellipsoid((1.0, 1.0, 1.0), 1.0, 1.0)
    normals = vertex_normals(ball.vertices, ball.triangles)
    middle = np.abs(ball.vertices[:, 1]) < 0.95
    assert (normals[middle] * ball.vertices[middle]).sum(1).min() > 0.98


def rigid(rng):
    q = rng.normal(size=4)
    q /= np.linalg.norm(q)
    w, x, y, z = q
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return q, np.eye(3) + 2 * w * cross + 2 * cross @ cross, rng.normal(0, 0.3, 3)


def test_bones_that_move_as_one_move_the_skin_rigidly():
    asset = load_asset()
    q, rotation, translation = rigid(np.random.default_rng(0))
    signs = np.where(np.arange(18) % 2, -1.0, 1.0)[:, None]  # q and -q are the same turn
    moved = skin(asset.vertices, asset.weight_bones, asset.weight_shares, signs * q, np.tile(translation, (18, 1)))
    np.testing.assert_allclose(moved, asset.vertices @ rotation.T + translation, atol=2e-7)


def test_skin_of_one_bone_alone_moves_with_it():
    asset, rng = load_asset(), np.random.default_rng(1)
    motions = [rigid(rng) for _ in range(18)]
    moved = skin(
        asset.vertices,
        asset.weight_bones,
        asset.weight_shares,
        np.stack([q for q, _, _ in motions]),
        np.stack([t for _, _, t in motions]),
    )
    weights = asset.weights()
    for bone in (3, 6, 9, 12, 15):
        alone = weights[:, bone] > 0.9999
        assert alone.sum() > 20
        _, rotation, translation = motions[bone]
        np.testing.assert_allclose(moved[alone], asset.vertices[alone] @ rotation.T + translation, atol=2e-5)


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
