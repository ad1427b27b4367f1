"""A picture's hands go where the picture goes."""

import numpy as np
import pytest

from likelihand.data.augment import Augmentation, sample_rng
from likelihand.data.placing import MOST, place
from likelihand.geometry import box_of_points, magnification, transform_points

WILD = Augmentation(rotation=60, zoom=0.5, shift=0.2)
POINTS = np.random.default_rng(0).uniform([40, 30], [90, 80], (21, 2))


@pytest.mark.parametrize("index", range(8))
def test_box_is_the_tight_one_of_the_moved_points(index: int) -> None:
    spot = place((120, 200), [POINTS], ["left"], (96, 96), sample_rng(0, 0, index), WILD)
    moved = transform_points(spot.crop_from_image, POINTS)
    np.testing.assert_allclose(spot.boxes[0], box_of_points(moved))
    mirrored = np.linalg.det(spot.crop_from_image[:2, :2]) < 0
    assert spot.right.tolist() == [float(mirrored)]


def test_corners_are_not_turned() -> None:
    corners = np.array([[40.0, 30.0], [90.0, 30.0], [90.0, 80.0], [40.0, 80.0]])
    for index in range(8):
        spot = place((120, 200), [corners], [None], (96, 96), sample_rng(0, 0, index), WILD)
        assert spot.crop_from_image[0, 1] == pytest.approx(0, abs=1e-12)
        size = spot.boxes[0, 2:] - spot.boxes[0, :2]
        np.testing.assert_allclose(size, 50 * magnification(spot.crop_from_image))
        assert spot.right.tolist() == [0.5]


def test_hand_over_the_edge_is_left_out_and_one_outside_forgotten() -> None:
    inside, cut, outside = (np.array([[x, 20.0], [x + 40, 60.0]]) for x in (20.0, 90.0, 300.0))
    spot = place(
        (100, 100), [inside, cut, outside], ["left", "right", None], (100, 100), sample_rng(0, 0, 0), None
    )
    np.testing.assert_allclose(spot.shown, [1.0, 0.25, 0.0])
    labels = spot.labels((100, 100), complete=True)
    assert labels.boxes.shape == (MOST, 4)
    assert labels.asked.tolist() == [1.0, 0.0] + [0.0] * (MOST - 2)
    assert sorted(labels.boxes[:2].tolist()) == [[20.0, 20.0, 60.0, 60.0], [90.0, 20.0, 130.0, 60.0]]
    assert not labels.boxes[2:].any()
    assert labels.right[:2].tolist() == [0.0, 1.0]


def test_a_picture_without_hands_says_whether_it_is_labelled_completely() -> None:
    spot = place((50, 50), [], [], (64, 64), sample_rng(0, 0, 0), None)
    for complete in (False, True):
        labels = spot.labels((64, 64), complete)
        assert labels.complete == float(complete) and not labels.asked.any() and not labels.boxes.any()
