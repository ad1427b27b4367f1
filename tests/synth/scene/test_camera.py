import numpy as np
import pytest

from likelihand.synth.scene.camera import about, frame_hand, project, random_rotation, sample_rotation


def test_rotations_turn_the_right_way() -> None:
    np.testing.assert_allclose(about(2, np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(about(0, np.pi / 2) @ [0, 1, 0], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(about(1, np.pi / 2) @ [0, 0, 1], [1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("viewpoints", ["full", "upright"])
def test_views_are_proper_rotations_that_keep_the_forearm_off_the_lens(viewpoints: str) -> None:
    rng, arm = np.random.default_rng(0), np.array([0.0, -1.0, 0.0])
    for _ in range(200):
        rotation = sample_rotation(rng, arm, viewpoints)
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1.0)
        assert -(rotation @ arm)[2] < 0.73


def test_uniform_rotations_have_no_favourite_direction() -> None:
    rng = np.random.default_rng(1)
    turned = np.stack([random_rotation(rng) for _ in range(4000)])
    assert np.abs(turned.mean(0)).max() < 4 / np.sqrt(3 * 4000)
    np.testing.assert_allclose((turned**2).mean(0), np.full((3, 3), 1 / 3), atol=0.03)


def test_full_views_look_everywhere_and_upright_ones_point_up() -> None:
    rng, arm, fingers = np.random.default_rng(2), np.array([0.0, -1, 0]), np.array([0.0, 1, 0])
    full = np.stack([sample_rotation(rng, arm) @ fingers for _ in range(600)])
    upright = np.stack([sample_rotation(rng, arm, "upright") @ fingers for _ in range(600)])
    assert (upright[:, 1] < 0).mean() > 0.97
    assert 0.1 < (full[:, 1] > 0.3).mean() < 0.4
    assert (np.abs(full[:, 0]) > 0.7).mean() > 0.1
    assert 0.08 < (full[:, 2] < -0.7).mean() < 0.35
    assert (upright[:, 2] < -0.8).mean() < 0.1


def test_the_box_fills_its_share_of_the_picture() -> None:
    rng = np.random.default_rng(3)
    joints = rng.normal([0, 0, 5], 0.5, (21, 3))
    lengths, centres = [], []
    for _ in range(400):
        points = project(frame_hand(rng, joints, 200), joints)
        lengths.append((points.max(0) - points.min(0)).max() / 200)
        centres.append((points.max(0) + points.min(0)) / 2 - 100)
    assert min(lengths) >= 0.42 and max(lengths) <= 0.90
    assert np.abs(np.mean(centres, 0)).max() < 3
