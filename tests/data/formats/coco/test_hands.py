"""The hands of COCO annotations, in the forms that tools write."""

import pytest

from likelihand.data.formats.coco import bbox_of, box_of, extent_of, keypoints_of, points_of
from likelihand.utils.validation import Malformed


def test_a_box_is_continuous_and_a_keypoint_names_a_pixel() -> None:
    """The single pixel in column 3 and row 2: pycocotools' `toBbox` gives (3, 2, 1, 1), its keypoint is (3, 2)."""
    assert box_of([3, 2, 1, 1]).tolist() == [3, 2, 4, 3]
    assert points_of([[3, 2]]).tolist() == [[3.5, 2.5]]
    assert points_of([[3.5, 2.5]], pixel_centre=0.5).tolist() == [[3.5, 2.5]]


@pytest.mark.parametrize("form", ["rows", "flat", "text"])
def test_keypoints_come_in_rows_or_flat_and_as_text(form: str) -> None:
    rows = [[3, 4, 2], [5, 6, 1], [0, 0, 0]]
    flat = [value for row in rows for value in row]
    value = {"rows": rows, "flat": flat, "text": [str(v) for v in flat]}[form]
    assert keypoints_of(value, 3, "a.json").tolist() == rows


@pytest.mark.parametrize(("code", "visibility"), [(0.3, 1), (1.0, 1), (1.4, 1), (1.6, 2), (2, 2)])
def test_a_confidence_is_a_label(code: float, visibility: int) -> None:
    assert keypoints_of([[3, 4, code]], 1, "a.json").tolist() == [[3, 4, visibility]]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 2, 2, 3], "a.json: 4 numbers, expected 3 .x, y, visibility. or 2"),
        ([1, 2, 3], "keypoint 0: 3.0 is not a visibility"),
        ([1, None, 2], r"keypoint 0: \[1.0, nan\] is not finite"),
        ("x", "is not numbers"),
    ],
)
def test_keypoints_that_cannot_be_read_are_named(value: object, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        keypoints_of(value, 1, "a.json")


def test_two_hands_without_names_say_what_they_need() -> None:
    with pytest.raises(Malformed, match=r"126 numbers, .*; two hands need 42 named keypoints"):
        keypoints_of([1] * 126, 21, "a.json")


@pytest.mark.parametrize("value", [None, [], [0, 0, 0, 0], [1, 2, 0, 4], [1, 2, -3, 4], [None] * 4])
def test_a_box_that_says_nothing_is_none(value: object) -> None:
    assert bbox_of(value, "a.json") is None


def test_a_place_is_the_box_or_that_of_the_polygons() -> None:
    polygons = [[1, 2, 5, 2, 5, 8], [4, 4, 9, 4, 9, 5]]
    for annotation in ({"segmentation": polygons}, {"bbox": [1, 2, 8, 6], "segmentation": [[0, 0, 9, 9, 9, 0]]}):
        assert extent_of(annotation, "a.json").tolist() == [1, 2, 9, 8]  # type: ignore[union-attr]
    assert extent_of({"segmentation": {"counts": "run lengths"}}, "a.json") is None
    with pytest.raises(Malformed, match="three corners or more"):
        extent_of({"segmentation": [[1, 2, 3, 4]]}, "a.json")
