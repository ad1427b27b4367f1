import numpy as np

from assets.penetration import depth_inside
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.scene.two_hands import ARRANGEMENTS, SQUEEZE, capsules, clearance, sample_pair


def test_clearance_of_two_parallel_capsules():
    one = np.array([[0, 0, 0, 1, 0, 0, 0.1, 0.1]], float)
    two = np.array([[0, 0.5, 0, 1, 0.5, 0, 0.2, 0.2]], float)
    assert abs(clearance(one, two) - 0.2) < 1e-12
    assert clearance(one, one) < 0


def test_pairs_are_rigid_repeatable_and_do_not_run_into_each_other():
    asset, seen, deep, near = load_asset(), [], [], []
    for i in range(16):
        pair = sample_pair(np.random.default_rng([3, i]), asset)
        again = sample_pair(np.random.default_rng([3, i]), asset)
        np.testing.assert_array_equal(pair.first_from_second, again.first_from_second)
        np.testing.assert_array_equal(pair.second.vertices, again.second.vertices)
        rotation, shift = pair.first_from_second[:3, :3], pair.first_from_second[:3, 3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(rotation) > 0
        moved = (pair.second.vertices @ rotation.T + shift).astype(np.float32)
        corners = pair.first.vertices[pair.first.triangles]
        deep.append(depth_inside(moved, corners))
        other = capsules(pair.second, asset)
        for column in (0, 3):
            other[:, column : column + 3] = other[:, column : column + 3] @ rotation.T + shift
        near.append(clearance(capsules(pair.first, asset), other))
        seen.append(pair.arrangement)
    assert set(seen) <= set(ARRANGEMENTS) and len(set(seen)) >= 4
    laced = np.array(seen) == "laced"
    assert np.min(np.array(near)[~laced]) > -0.003 and np.min(near) > -SQUEEZE
    assert np.mean(np.array(deep) > 0.003) <= 0.15  # the forearm is a capsule, its muscle is not
    assert np.median(near) < 0.01
