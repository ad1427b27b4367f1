"""What `likelihand triangulate` writes: columns, names of points, and cells of what nobody sees."""

import csv
from pathlib import Path

import numpy as np
import pytest

from likelihand.cli.space import COLUMNS, SpaceResults, motion_of
from likelihand.reconstruction.multiview import Reprojection, SpaceHand
from likelihand.reconstruction.multiview.triangulation import Triangulated
from likelihand.structures import KEYPOINTS, Side


def hand(number: int, side: Side | None = "right", shift: float = 0.0) -> SpaceHand:
    """A hand that two cameras see, but for its last keypoint."""
    points = np.arange(63.0).reshape(21, 3) + shift
    covariance = np.tile(np.diag([1.0, 4.0, 9.0]), (21, 1, 1))
    residual, distance, weight = np.full((2, 21, 2), 3.0), np.ones((2, 21)), np.ones((2, 21))
    for array in (points, covariance):
        array[20] = np.nan
    residual[:, 20], distance[:, 20], weight[:, 20] = np.nan, np.nan, 0.0
    return SpaceHand(number, side, Triangulated(points, covariance, residual, distance, weight), (0, 1))


def test_a_row_is_a_keypoint_and_what_nobody_sees_is_empty(tmp_path: Path) -> None:
    with SpaceResults(tmp_path, [], "m", Reprojection(("a", "b"))) as results:
        results.add(3, 0.12, [hand(5, None)])
    rows = list(csv.DictReader((tmp_path / "hands.csv").open()))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 21
    first, last = rows[0], rows[20]
    assert (first["frame"], first["time"], first["hand"], first["side"]) == ("3", "0.12", "5", "")
    assert [first[name] for name in ("x", "y", "z", "xx", "xy", "yy", "zz")] == ["0", "1", "2", "1", "0", "4", "9"]
    assert float(first["error_px"]) == pytest.approx(18**0.5, rel=1e-4)
    assert (last["x"], last["zz"], last["error_px"], last["views"]) == ("", "", "", "0")


def test_points_over_time_are_named_by_the_side_of_most_frames() -> None:
    frames = [[hand(4, "left"), hand(9)], [hand(9)], [hand(4, "right", 1.0), hand(9)], [hand(4, "left")]]
    motion = motion_of([0.0, 0.1, 0.2, 0.3], frames, "mm")
    assert motion.names[0] == "left4_wrist" and motion.names[21] == "right9_wrist"
    assert len(motion.names) == 42 and motion.names[20] == f"left4_{KEYPOINTS[20]}"
    assert np.isnan(motion.points[1, :21]).all() and np.isnan(motion.points[3, 21:]).all()
    np.testing.assert_allclose(motion.points[2, 0], [1.0, 2.0, 3.0])
    np.testing.assert_allclose(motion.scale[0, 0], (14 / 3) ** 0.5)


@pytest.mark.parametrize(
    ("forms", "unit", "message"),
    [(["bvh"], "m", "--format 'bvh' is not known; give trc, c3d"), ([], "inch", "--unit 'inch' is not known")],
)
def test_what_is_not_known_is_named(forms: list[str], unit: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        SpaceResults(tmp_path / "out", forms, unit, Reprojection(("a",)))
    assert not (tmp_path / "out").exists()


def test_an_interruption_leaves_whole_files(tmp_path: Path) -> None:
    report = Reprojection(("a", "b"))
    with pytest.raises(KeyboardInterrupt), SpaceResults(tmp_path, ["trc"], "m", report) as results:
        results.add(0, 0.0, [hand(0)])
        raise KeyboardInterrupt
    assert len((tmp_path / "hands.csv").read_text().splitlines()) == 22
    assert len((tmp_path / "hands.trc").read_text().splitlines()) == 7
    assert (tmp_path / "hands.json").is_file()
