import numpy as np
import pytest

from likelihand.synth.hand.asset import load_asset
from likelihand.synth.layers import render_layers
from likelihand.synth.options import SynthOptions
from likelihand.synth.picture import labels_of
from likelihand.synth.scene.compose import compose_crop
from likelihand.synth.scene.labels import FLESH_OVER, Occlusion, keypoints_of, screen_points


def first_surface(origin_to: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> tuple[float, int]:
    """Moeller and Trumbore (1997): depth and triangle that the line from the camera through a place hits."""
    direction = origin_to / origin_to[2]
    a, b, c = (vertices[triangles[:, k]].astype(np.float64) for k in range(3))
    e1, e2 = b - a, c - a
    h = np.cross(direction, e2)
    det = (e1 * h).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = -(a * h).sum(1) / det
        q = np.cross(-a, e1)
        v = q @ direction / det
        t = (e2 * q).sum(1) / det
        inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 1e-3)
    front = (np.cross(e1, e2) @ direction < 0) & (np.stack([a, b, c])[..., 2] > 1e-3).all(0)
    hit = front & inside
    if not hit.any():
        return np.inf, -1
    best = int(np.where(hit, t, np.inf).argmin())
    return float(t[best]), best


def test_points_and_occlusion_agree_with_rays_and_an_independent_projection() -> None:
    agree, count, codes = 0, 0, set()
    for index in range(36):
        scene = compose_crop(11, index, 64, SynthOptions(backgrounds=False))
        labels = labels_of(scene, np.zeros((64, 64), np.int32))
        k = scene.matrix
        for hand, label in zip(scene.hands, labels, strict=True):
            metres = label.joints / hand.metres
            for n in range(21):
                x, y, z = metres[n]
                point = np.array([k[0, 0] * x / z + k[0, 2], k[1, 1] * y / z + k[1, 2]])
                assert np.abs(point - label.points[n]).max() <= 0.01
                depth, triangle = first_surface(metres[n], scene.vertices, scene.triangles)
                if not (0 <= point[0] <= 64 and 0 <= point[1] <= 64):
                    expected = Occlusion.OUTSIDE
                elif triangle < 0:
                    expected = Occlusion.VISIBLE
                elif scene.part[triangle] == hand.part:
                    expected = Occlusion.VISIBLE if z - depth <= FLESH_OVER[n] else Occlusion.SELF
                else:
                    expected = Occlusion.VISIBLE if z - depth <= 0.02 else Occlusion.OTHER
                agree, count = agree + (label.occlusion[n] == expected), count + 1
                codes.add(int(expected))
    assert codes == {0, 1, 2, 3}
    assert agree / count >= 0.99


def test_labels_lie_where_annotators_place_them() -> None:
    """By wrist to middle knuckle: FreiHAND's and RHD's thumb base 0.40 to 0.45, middle bone 0.34 to 0.38."""
    joints = load_asset().joints.astype(np.float64)
    keypoints = keypoints_of(joints)
    palm = np.linalg.norm(keypoints[9] - keypoints[0])
    assert 0.34 < np.linalg.norm(keypoints[1] - keypoints[0]) / palm < 0.46
    assert 0.38 < np.linalg.norm(keypoints[10] - keypoints[9]) / palm < 0.52
    unmoved = np.setdiff1d(np.arange(21), [1, 5, 9, 13])
    np.testing.assert_array_equal(keypoints[unmoved], joints[unmoved])
    for moved, end in ((1, 2), (5, 6), (9, 10), (13, 14)):
        straight = np.cross(keypoints[moved] - joints[moved], joints[end] - joints[moved])
        assert np.abs(straight).max() < 1e-6
    np.testing.assert_allclose(keypoints_of(joints @ np.diag([-1, 2, 3])), keypoints @ np.diag([-1, 2, 3]))


def test_box_side_and_mask_are_those_of_the_picture() -> None:
    scene = compose_crop(4, 2, 96, SynthOptions(second_hand=False, objects=False), side="left")
    layers = render_layers(scene)
    (label,) = labels_of(scene, layers.part)
    assert label.side == "left"
    np.testing.assert_allclose(label.box, [*label.points.min(0), *label.points.max(0)])
    assert (label.mask == (layers.colour[..., 3] > 0)).all()
    inside = (label.points > 1).all(1) & (label.points < 95).all(1)
    x, y = label.points[inside].astype(int).T
    assert label.mask[y, x].mean() > 0.95


def test_palm_length_in_metres_is_a_human_one() -> None:
    for index in range(8):
        scene = compose_crop(5, index, 64, SynthOptions(backgrounds=False, second_hand=False))
        (label,) = labels_of(scene, np.zeros((64, 64), np.int32))
        assert 0.04 < np.linalg.norm(label.joints[9] - label.joints[0]) < 0.13


def test_vertices_behind_the_camera_come_out_as_zeros() -> None:
    flat = screen_points(np.array([[1, 1, -1], [1, 2, 2]], np.float32), np.diag([10.0, 10, 1]))
    assert flat.tolist() == [[0, 0], [5, 10]]


def test_mirror_gives_mirrored_labels_exactly() -> None:
    for index in range(6):
        scene = compose_crop(8, index, 64, SynthOptions(backgrounds=False))
        blank = np.zeros((64, 64), np.int32)
        for label, other in zip(labels_of(scene, blank), labels_of(scene.mirrored(), blank), strict=True):
            assert {label.side, other.side} == {"left", "right"}
            np.testing.assert_allclose(other.points, [64, 0] + label.points * [-1, 1], atol=1e-9)
            assert (label.occlusion == other.occlusion).all()
            assert other.joints == pytest.approx(label.joints * [-1, 1, 1])
