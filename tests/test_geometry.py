import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from likelihand import geometry as g

SIZE = (96, 128)
finite = st.floats(-200, 200)


@st.composite
def boxes(draw):
    x, y = draw(finite), draw(finite)
    return np.array([x, y, x + draw(st.floats(5, 150)), y + draw(st.floats(5, 150))])


crops = st.builds(
    lambda box, padding, radians, flip: g.crop_matrix(box, SIZE, padding=padding, radians=radians, flip=flip),
    boxes(), st.floats(0.8, 2.0), st.floats(-math.pi, math.pi), st.booleans(),
)  # fmt: skip


def blob(size, centre, sigma):
    """A Gaussian blob integrated at pixel centres, which lie at index + 1/2."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    value = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * sigma**2))
    return np.repeat((255 * value)[..., None], 3, 2).round().astype(np.uint8)


def centroid(image):
    weight = image[..., 0].astype(np.float64)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]] + 0.5
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


@settings(max_examples=60, deadline=None)
@given(
    centre=st.tuples(st.floats(70, 90), st.floats(70, 90)),
    scale=st.floats(0.35, 2.0),
    radians=st.floats(-math.pi, math.pi),
    flip=st.booleans(),
    shift=st.tuples(st.floats(-4, 4), st.floats(-4, 4)),
)
def test_a_blob_and_its_point_move_together(centre, scale, radians, flip, shift):
    image = blob((160, 160), centre, 5.0)
    size = (128, 128)
    matrix = g.crop_matrix([60, 60, 100, 100], size, padding=128 / 40 / scale, radians=radians, flip=flip)
    matrix = g.translation(*shift) @ matrix
    moved = g.transform_points(matrix, [centre])[0]
    # OpenCV reads the source in steps of 1/32 pixel, which an enlargement enlarges
    assert np.abs(centroid(g.warp_image(image, matrix, size)) - moved).max() <= 0.03 * max(1.0, scale)


def test_the_blob_test_would_catch_half_a_pixel():
    image = blob((160, 160), (80.0, 80.0), 5.0)
    matrix = g.scaling(0.5)
    wrong = cv2.warpAffine(image, matrix[:2], (80, 80), flags=cv2.INTER_LINEAR)
    assert np.abs(centroid(wrong) - g.transform_points(matrix, [[80.0, 80.0]])[0]).max() > 0.2


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_shrinking_by_a_whole_number_averages_pixels(factor):
    image = np.random.default_rng(0).integers(0, 256, (30 * factor, 40 * factor, 3), dtype=np.uint8)
    small = g.warp_image(image, g.scaling(1 / factor), (30, 40))
    mean = image.reshape(30, factor, 40, factor, 3).mean((1, 3))
    assert np.abs(small - mean).max() <= 1


def test_identity_and_flip_keep_pixels_exactly():
    image = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert (g.warp_image(image, np.eye(3), (20, 30)) == image).all()
    assert (g.warp_image(image, g.horizontal_flip(30), (20, 30)) == image[:, ::-1]).all()


def test_large_and_small_pictures_take_the_same_road():
    big = cv2.GaussianBlur(np.random.default_rng(2).integers(0, 256, (400, 400, 3), dtype=np.uint8), (0, 0), 2)
    matrix = g.crop_matrix([100, 100, 160, 160], (64, 64), radians=0.4)
    part = g.warp_image(big[66:194, 66:194], matrix @ g.translation(66, 66), (64, 64), fill=(1, 2, 3))
    whole = g.warp_image(big, matrix, (64, 64), fill=(1, 2, 3))
    assert np.abs(whole.astype(int) - part).max() <= 1


def test_fill_outside_the_picture():
    image = np.zeros((8, 8, 3), np.uint8)
    for size in ((8, 8), (2, 2)):
        assert (g.warp_image(image, g.translation(50, 50), size, fill=(9, 8, 7)) == (9, 8, 7)).all()


@given(matrix=crops, points=st.lists(st.tuples(finite, finite), min_size=1, max_size=5))
def test_points_come_back_through_the_inverse(matrix, points):
    there = g.transform_points(matrix, points)
    assert np.allclose(g.transform_points(g.invert(matrix), there), points, atol=1e-8)


@given(first=crops, second=crops, points=st.lists(st.tuples(finite, finite), min_size=1, max_size=5))
def test_a_chain_is_a_product(first, second, points):
    chained = g.transform_points(second, g.transform_points(first, points))
    assert np.allclose(g.transform_points(second @ first, points), chained, atol=1e-6)


@given(box=boxes(), padding=st.floats(0.8, 2), radians=st.floats(-3, 3), flip=st.booleans())
def test_crop_keeps_the_middle_and_the_proportions(box, padding, radians, flip):
    matrix = g.crop_matrix(box, SIZE, padding=padding, radians=radians, flip=flip)
    middle = g.transform_points(matrix, [[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])[0]
    assert np.allclose(middle, (64, 48), atol=1e-9)
    assert math.isclose(g.magnification(matrix), 96 / (padding * g.box_length(box)), rel_tol=1e-9)
    assert (np.linalg.det(matrix) < 0) == flip


@given(matrix=crops, box=boxes())
def test_covariances_move_as_differences_do(matrix, box):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 2)) * (3, 1) + box[:2]
    moved = np.cov(g.transform_points(matrix, points).T)
    assert np.allclose(g.transform_covariances(matrix, np.cov(points.T)), moved, rtol=1e-6, atol=1e-9)


def test_stacks_of_matrices():
    matrices = np.stack([g.scaling(2.0), g.translation(1, 2)])
    points = np.array([[[1.0, 1.0]], [[1.0, 1.0]]])
    assert g.transform_points(matrices, points).tolist() == [[[2.0, 2.0]], [[2.0, 3.0]]]
    assert np.allclose(g.invert(matrices) @ matrices, np.eye(3))


def test_pixel_indices_differ_by_half():
    assert g.corner_from_pixel_index([[0, 3]]).tolist() == [[0.5, 3.5]]
    assert g.pixel_index_from_corner(g.corner_from_pixel_index([1.25])).tolist() == [1.25]


@pytest.mark.parametrize(
    "box", [[0, 0, 0, 5], [0, 0, 5, -1], [0, 0, np.nan, 5], [0, 0, np.inf, 5], [1, 2, 3], np.zeros((2, 4))]
)
def test_bad_boxes_are_refused(box):
    with pytest.raises(ValueError, match=r"box .* give"):
        g.crop_matrix(box, (8, 8))


def test_flat_matrices_have_no_inverse():
    with pytest.raises(ValueError, match="no inverse"):
        g.invert(np.zeros((3, 3)))


def test_box_of_points():
    points = [[1, 5], [4, 2], [100, 100]]
    assert g.box_of_points(points, [1, 1, 0]).tolist() == [1, 2, 4, 5]
    with pytest.raises(ValueError, match="no labelled keypoint"):
        g.box_of_points(points, [0, 0, 0])


@given(first=boxes(), second=boxes())
def test_overlap_is_symmetric_and_bounded(first, second):
    forth, back = float(g.box_iou(first, second)), float(g.box_iou(second, first))
    assert 0 <= forth <= 1
    assert math.isclose(forth, back)
    assert math.isclose(float(g.box_iou(first, first)), 1)


def test_a_vast_crop_of_a_small_picture_makes_no_vast_one() -> None:
    """A crop of a million times the picture's size shows its mean where it lies, and takes no gigabyte."""
    image = np.full((2, 3000, 3), 200, np.uint8)
    crop = g.warp_image(image, g.crop_matrix([-1e6, -1e6, 1e6, 1e6], (64, 64)), (64, 64))
    assert crop.shape == (64, 64, 3) and crop.max() <= 200
    whole, matrix = g._averaged(image, g.scaling(1e-4), (64, 64), 10_000)
    assert whole.shape == (1, 1, 3) and (whole == 200).all()
    np.testing.assert_allclose(g.transform_points(matrix, [[1.0, 1.0]]), [[0.3, 0.0002]])


IMAGE = np.zeros((40, 60, 3), np.uint8)


@pytest.mark.parametrize(
    "boxes", [[[1, 2, 30, 20]], np.array([[1, 2, 30, 20]], np.int32), [(1.0, 2.0, 30.0, 20.0)]]
)
def test_numbers_of_any_kind_become_float64(boxes: object) -> None:
    checked = g.check_boxes(boxes, IMAGE)  # type: ignore[arg-type]
    assert checked.dtype == np.float64 and checked.tolist() == [[1, 2, 30, 20]]


@pytest.mark.parametrize("boxes", [[], np.empty((0, 4)), [[]]])
def test_no_box_is_no_box(boxes: object) -> None:
    assert g.check_boxes(boxes, IMAGE).shape == (0, 4)  # type: ignore[arg-type]


def test_a_box_may_reach_over_the_edge() -> None:
    assert g.check_boxes([[-50, -50, 0.5, 0.5], [59.5, 39.5, 900, 900]], IMAGE).shape == (2, 4)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([1, 2, 3, 4], r"shape \(4,\); give \(N, 4\)"),
        ([[1, 2, 3]], r"shape \(1, 3\)"),
        ([["a", 2, 3, 4]], "not numbers"),
        ([[1, 2, 3, 4], [1, 2]], "not numbers"),
        ([[0, 0, 9, 9], [5, 5, 5, 9]], "^box 1"),
        ([[np.nan, 0, 9, 9]], "^box 0"),
        ([[0, 0, 9, 2 * g.FARTHEST]], "is too large; give coordinates within 1e\\+08 pixels"),
        ([[60, 0, 70, 9]], "outside the picture of 60 x 40 pixels"),
        ([[0, -9, 9, 0]], "outside the picture of 60 x 40 pixels"),
    ],
)
def test_what_is_wrong_is_named(boxes: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        g.check_boxes(boxes, IMAGE)  # type: ignore[arg-type]


def test_a_picture_holds_its_edges_and_nothing_beyond() -> None:
    points = np.array([[0.0, 0.0], [8.0, 4.0], [-1e-9, 2.0], [8.0 + 1e-9, 2.0], [4.0, 4.1], [np.nan, 2.0]])
    assert g.points_inside(points, (4, 8)).tolist() == [True, True, False, False, False, False]
    stack, sizes = np.stack([points, points]), np.array([[4, 8], [8, 4]])
    assert g.points_inside(stack, sizes).tolist() == [g.points_inside(points, size).tolist() for size in sizes]
