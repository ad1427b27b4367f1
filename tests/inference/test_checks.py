"""The boxes that a predictor is handed: what is taken, and what each refusal says."""

import numpy as np
import pytest

from likelihand.inference.checks import FARTHEST, check_boxes

IMAGE = np.zeros((40, 60, 3), np.uint8)


@pytest.mark.parametrize(
    "boxes", [[[1, 2, 30, 20]], np.array([[1, 2, 30, 20]], np.int32), [(1.0, 2.0, 30.0, 20.0)]]
)
def test_numbers_of_any_kind_become_float64(boxes: object) -> None:
    checked = check_boxes(boxes, IMAGE)  # type: ignore[arg-type]
    assert checked.dtype == np.float64 and checked.tolist() == [[1, 2, 30, 20]]


@pytest.mark.parametrize("boxes", [[], np.empty((0, 4)), [[]]])
def test_no_box_is_no_box(boxes: object) -> None:
    assert check_boxes(boxes, IMAGE).shape == (0, 4)  # type: ignore[arg-type]


def test_a_box_may_reach_over_the_edge() -> None:
    assert check_boxes([[-50, -50, 0.5, 0.5], [59.5, 39.5, 900, 900]], IMAGE).shape == (2, 4)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([1, 2, 3, 4], r"shape \(4,\); give \(N, 4\)"),
        ([[1, 2, 3]], r"shape \(1, 3\)"),
        ([["a", 2, 3, 4]], "not numbers"),
        ([[1, 2, 3, 4], [1, 2]], "not numbers"),
        ([[0, 0, 9, 9], [5, 5, 5, 9]], "^box 1"),
        ([[np.nan, 0, 9, 9]], "^box 0"),
        ([[0, 0, 9, 2 * FARTHEST]], "is too large; give coordinates within 1e\\+08 pixels"),
        ([[60, 0, 70, 9]], "outside the picture of 60 x 40 pixels"),
        ([[0, -9, 9, 0]], "outside the picture of 60 x 40 pixels"),
    ],
)
def test_what_is_wrong_is_named(boxes: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_boxes(boxes, IMAGE)  # type: ignore[arg-type]
