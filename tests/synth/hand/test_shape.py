"""The shapes of people's hands."""

import numpy as np

from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.shape import sample_shape


def test_joints_move_with_the_skin() -> None:
    """Every joint stays inside the finger: as near to the skin as its radius says, on any hand."""
    asset = load_asset()
    for seed in range(6):
        shape = sample_shape(np.random.default_rng(seed), asset)
        for keypoint in range(5, 21):
            ring = asset.finger == (keypoint - 1) // 4 + 1
            distance = np.linalg.norm(shape.vertices[ring] - shape.skeleton.joints[keypoint], axis=1).min()
            assert 0.2 < distance / shape.radii[keypoint] < 1.5


def test_a_shape_is_a_function_of_the_seed_alone() -> None:
    one, two = (sample_shape(np.random.default_rng(4), load_asset()) for _ in range(2))
    np.testing.assert_array_equal(one.vertices, two.vertices)
    np.testing.assert_array_equal(one.skeleton.joints, two.skeleton.joints)


def test_palm_length_is_that_of_the_skeleton() -> None:
    shape = sample_shape(np.random.default_rng(1), load_asset())
    measured = np.linalg.norm(shape.skeleton.joints[9] - shape.skeleton.joints[0])
    assert abs(measured / shape.palm_length - 1) < 0.1
