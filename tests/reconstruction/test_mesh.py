import numpy as np
import pytest

from likelihand.reconstruction import fit, hand_length
from likelihand.reconstruction.mesh import (
    MESH_BONES,
    MESH_PARENTS,
    bones_of,
    length_of,
    mesh_of,
    person_of,
    pictured,
)
from tests.reconstruction.hands import hand_of, made

HEADS = (2, 3, 6, 7, 10, 11, 14, 15, 18, 19)
"""Keypoints at which bones begin and that do not slide along them."""
BONES = (2, 3, 5, 6, 8, 9, 11, 12, 14, 15)
CAMERA = np.array([[900.0, 0, 310], [0, 700.0, 190], [0, 0, 1]])


def fits(side, camera=None):
    return fit([hand_of(h.points, 2.0, side) for h in made(5, seed=30, shaped=1.0)[0]], camera)


@pytest.mark.parametrize("side", ["right", "left"])
def test_bones_and_tips_are_where_the_fit_has_its_joints(side):
    for found in fits(side):
        bones, person = bones_of(found.shape, found.angles, side), person_of(found.shape, side)
        last = [3 * digit + 3 for digit in range(5)]
        tips = bones.heads[last] + (bones.turns[last] @ (person.tips - person.heads[last])[..., None])[..., 0]
        seen = np.concatenate([bones.heads[list(BONES)], tips]) @ found.rotation.T
        joints = found.joints[[*HEADS, 4, 8, 12, 16, 20]]
        scale = np.linalg.norm(joints[0]) / np.linalg.norm(seen[0])
        np.testing.assert_allclose(seen * scale, joints, atol=1e-9)
        assert scale * length_of(found.shape, found.angles) == pytest.approx(1)


def test_the_skin_is_about_the_joints():
    for side in ("right", "left"):
        for found in fits(side):
            mesh = mesh_of(found)
            away = np.linalg.norm(mesh.vertices[:, None] - found.joints, axis=-1).min(0)
            assert away.max() < 0.15
            assert away[[4, 8, 12, 16, 20]].max() < 0.08


@pytest.mark.parametrize("side", ["right", "left"])
def test_triangles_look_outwards(side):
    person = person_of(np.zeros(10), side)
    a, b, c = np.moveaxis(person.vertices[person.triangles], 1, 0)
    volume = np.einsum("ni,ni->n", np.cross(a, b), c).sum() / 6  # about the wrist, where the mesh is open
    assert volume > 0.05


def test_a_left_hand_is_a_right_one_in_a_mirror():
    right, left = (person_of(np.full(10, 0.5), side) for side in ("right", "left"))
    np.testing.assert_allclose(left.vertices, right.vertices * [-1, 1, 1])
    np.testing.assert_allclose(right.weights.sum(1), 1)
    assert ((right.weights > 0).sum(1) <= 4).all()
    assert len(MESH_BONES) == len(MESH_PARENTS) == right.weights.shape[1]


@pytest.mark.parametrize("camera", [None, CAMERA])
def test_the_camera_of_a_fit_is_found_again(camera):
    for found in fits("right", camera):
        np.testing.assert_allclose(pictured(found, found.joints), found.reprojected, atol=1e-6)
        assert hand_length(found.joints) == pytest.approx(1)
