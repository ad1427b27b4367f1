"""Tables of predictions: what stands in a row, and where hands that are not seen are left empty."""

import math

import pytest

from likelihand.cli.tables import FILM_COLUMNS, PICTURE_COLUMNS, deeplabcut_rows, film_rows, picture_rows
from likelihand.structures import KEYPOINTS

POINTS = [[0.5 + i, 10.5 + i] for i in range(21)]
HAND = {
    "keypoints": POINTS,
    "scale": [[1.0, 2.0]] * 21,
    "confidence": [i / 20 for i in range(21)],
    "inside": [True] * 20 + [False],
    "side": None,
    "score": 0.75,
}
TRACKED = HAND | {"track": 4, "seen": False, "side": "left"}


def test_a_row_is_a_keypoint() -> None:
    head, *rows = picture_rows([{"file": "a.jpg", "hands": [HAND, HAND]}, {"file": "b.jpg", "hands": []}])
    assert head == PICTURE_COLUMNS and len(rows) == 42 and {len(row) for row in rows} == {len(head)}
    first, last = dict(zip(head, rows[0], strict=True)), dict(zip(head, rows[-1], strict=True))
    assert (first["file"], first["hand"], first["side"], first["keypoint"]) == ("a.jpg", 0, "", "wrist")
    assert (first["x"], first["y"], first["scale_y"], first["inside"]) == (0.5, 10.5, 2.0, 1)
    assert (last["hand"], last["keypoint"], last["confidence"], last["inside"]) == (1, KEYPOINTS[20], 1.0, 0)


def test_a_films_row_has_its_track_and_time() -> None:
    head, *rows = film_rows([{"frame": 7, "time": 0.28, "hands": [TRACKED]}])
    row = dict(zip(head, rows[3], strict=True))
    assert head == FILM_COLUMNS and len(rows) == 21
    assert (row["frame"], row["time"], row["hand"], row["side"], row["seen"]) == (7, 0.28, 4, "left", 0)


def test_a_wide_table_has_every_hand_in_every_row() -> None:
    lines = [
        {"frame": 0, "hands": [TRACKED]},
        {"frame": 1, "hands": []},
        {"frame": 2, "hands": [TRACKED | {"track": 9}]},
    ]
    rows = list(deeplabcut_rows(lambda: lines, "frame"))
    assert {len(row) for row in rows} == {1 + 2 * 21 * 3}
    assert [row[0] for row in rows] == ["scorer", "individuals", "bodyparts", "coords", 0, 1, 2]
    assert sorted(set(rows[1][1:])) == ["hand4", "hand9"]
    assert rows[4][1:4] == (0.0, 10.0, 0.0)  # their first pixel's centre is (0, 0)
    assert all(math.isnan(float(str(cell))) for cell in rows[5][1:])
    assert rows[6][1] == "NaN" and rows[6][1 + 63 : 4 + 63] == (0.0, 10.0, 0.0)


@pytest.mark.parametrize("index", ["frame", "file"])
def test_pandas_reads_the_wide_table(index: str, tmp_path) -> None:
    pandas = pytest.importorskip("pandas")
    rows = deeplabcut_rows(lambda: [{index: "7", "hands": [HAND]}], index)
    (tmp_path / "a.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    table = pandas.read_csv(tmp_path / "a.csv", header=[0, 1, 2, 3], index_col=0)
    assert table["likelihand"]["hand0"]["wrist"]["y"].tolist() == [10.0]
