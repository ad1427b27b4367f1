"""Rows of hands, and of inputs that gave none."""

import numpy as np
import pytest

from likelihand.apps.bulk.rows import failure, rows_of, schema
from likelihand.structures import Hand
from likelihand.tracking import TrackedHand


def hand(kind: type[Hand] = Hand, **more: object) -> Hand:
    points = np.arange(42.0).reshape(21, 2) / 3
    return kind(points, np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)), "left", 0.5, **more)


def test_a_table_holds_what_json_lines_hold() -> None:
    pa = pytest.importorskip("pyarrow", reason="needs likelihand[ray]")
    line = {"size": [4, 5], "hands": [hand().to_json(), hand().to_json()]}
    rows = [*rows_of("a.jpg", line, "0f"), failure("b.jpg", OSError("b.jpg:\n gone"), "0f")]
    one, two, bad = pa.Table.from_pylist(rows, schema()).to_pylist()
    assert (one["hand"], two["hand"], bad["hand"]) == (0, 1, None)
    assert one["points"] == line["hands"][0]["keypoints"]
    for name in ("side", "score", "box", "covariance", "confidence"):
        assert one[name] == line["hands"][0][name]
    assert (bad["error"], bad["height"], one["error"], one["frame"], one["seen"]) == (
        "b.jpg: gone",
        None,
        None,
        None,
        None,
    )
    assert set(schema().names) == set(one)


def test_a_frame_has_its_number_and_its_tracks() -> None:
    line = {"frame": 7, "time": 0.28, "size": [4, 5], "hands": [hand(TrackedHand, track=3, seen=False).to_json()]}
    (row,) = rows_of("a.mp4", line, "0f")
    assert (row["frame"], row["time"], row["hand"], row["seen"]) == (7, 0.28, 3, False)
