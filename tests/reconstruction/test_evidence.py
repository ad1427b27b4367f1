import numpy as np

from likelihand.reconstruction.evidence import evidence_of
from tests.reconstruction.hands import hand_of, made


def test_hands_come_in_sizes_of_their_own_and_left_ones_mirrored():
    points = made(1)[0][0].points
    right, left = hand_of(points, 2.0), hand_of(points, 2.0, "left")
    evidence, frames = evidence_of([(right, "right"), (left, "left")], None, 0.0, 5.0)
    size = np.ptp(points, axis=0).max()
    np.testing.assert_allclose(frames.size, size)
    np.testing.assert_allclose(evidence.points[0], evidence.points[1] * [-1, 1], atol=1e-12)
    np.testing.assert_allclose(np.ptp(evidence.points[0], axis=0).max(), 1)
    np.testing.assert_allclose(evidence.whiten[..., 0, 0], size / 2.0)
    np.testing.assert_allclose(evidence.distance, 0.2)
    assert not evidence.focal.any()


def test_a_camera_of_unequal_focal_lengths_is_made_square():
    camera = np.array([[400.0, 0, 300], [0, 200.0, 100], [0, 0, 1]])
    points = made(1)[0][0].points
    evidence, frames = evidence_of([(hand_of(points), "right")], camera, 0.0, 5.0)
    np.testing.assert_allclose(evidence.points[0] * frames.size, (points - [300, 100]) * [1, 2], rtol=1e-12)
    np.testing.assert_allclose(evidence.focal, frames.size / 400)
    assert not evidence.distance.any()


def test_what_is_not_known_has_no_say():
    points = made(1)[0][0].points.copy()
    points[3] = np.nan
    evidence, _ = evidence_of([(hand_of(points), "right")], None, 0.01, 5.0)
    assert not evidence.whiten[0, 3].any()
    assert (evidence.whiten[0, [0, 1, 2, 4], 0, 0] > 0).all()
