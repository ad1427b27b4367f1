"""Hands written as COCO: what is written comes back, and what cannot be is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from likelihand.data.formats.coco import box_of, document, hand_entry, points_of, write_document

BUSY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine may be busy: no test measures time."""

PIXELS = st.integers(-2_000_000, 9_000_000).map(lambda n: n / 1000)
"""Places to a thousandth of a pixel, as annotation tools and our own lines have them."""

POINTS = arrays(np.int64, (21, 2), elements=st.integers(-2_000_000, 9_000_000)).map(lambda n: n / 1000)

CODES = arrays(np.int64, 21, elements=st.integers(0, 2)).filter(np.any)

SIDES = st.sampled_from(["left", "right", None])


@st.composite
def boxes(draw: st.DrawFn) -> np.ndarray:
    x, y, width, height = draw(st.tuples(PIXELS, PIXELS, *[st.integers(1, 9_000_000).map(lambda n: n / 1000)] * 2))
    return np.array([x, y, round(x + width, 3), round(y + height, 3)])


@BUSY
@given(POINTS, CODES, boxes(), SIDES)
def test_points_box_and_side_come_back_exactly(
    points: np.ndarray, codes: np.ndarray, box: np.ndarray, side: str | None
) -> None:
    entry = json.loads(json.dumps(hand_entry(1, 1, points, visibility=codes, box=box, side=side)))
    rows = np.array(entry["keypoints"]).reshape(21, 3)
    assert (points_of(rows[codes > 0, :2]) == points[codes > 0]).all()
    assert rows[:, 2].tolist() == codes.tolist()
    assert (rows[codes == 0] == 0).all()
    assert box_of(entry["bbox"]).tolist() == box.tolist()
    assert entry.get("handedness") == side
    assert entry["num_keypoints"] == (codes > 0).sum()


@BUSY
@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_any_place_is_kept_to_a_millionth_and_then_for_good(x: float, y: float) -> None:
    once = points_of(np.reshape(hand_entry(1, 1, [[x, y]] * 21, box=[0, 0, 1, 1])["keypoints"], (21, 3))[:, :2])
    np.testing.assert_allclose(once, [[x, y]] * 21, rtol=0, atol=5.1e-7)
    again = points_of(np.reshape(hand_entry(1, 1, once, box=[0, 0, 1, 1])["keypoints"], (21, 3))[:, :2])
    assert (again == once).all()


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    points = np.zeros((21, 2))
    points[3] = np.nan
    with pytest.raises(ValueError, match="annotation 7: points of shape"):
        hand_entry(7, 0, points)
    assert hand_entry(7, 0, points, visibility=np.arange(21) > 3, box=[0, 0, 1, 1])["keypoints"][9:12] == [0, 0, 0]
    with pytest.raises(ValueError, match="no labelled keypoint"):
        hand_entry(7, 0, points, visibility=0)
    with pytest.raises(ValueError, match="JSON compliant"):
        write_document(tmp_path / "a.json", [], [{"id": float("nan")}])
    assert list(tmp_path.iterdir()) == []


def test_the_document_names_keypoints_and_bones() -> None:
    (category,) = document([], [])["categories"]
    assert len(category["keypoints"]) == 21
    assert category["skeleton"][0] == [1, 2]
