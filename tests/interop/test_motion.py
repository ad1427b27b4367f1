"""TRC line by line, C3D through ezc3d."""

from pathlib import Path

import numpy as np
import pytest

from likelihand.interop.motion import Motion, trc, write_c3d, write_trc

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(4, 3, 3))
POINTS[1, 2] = np.nan
MOTION = Motion(("a", "b", "c"), np.arange(4) / 50, POINTS, np.where(np.isnan(POINTS[..., 0]), np.nan, 0.25), "m")


def test_trc_holds_the_points(tmp_path: Path) -> None:
    lines = write_trc(MOTION, tmp_path / "a.trc").read_text().splitlines()
    assert lines[0].split("\t")[:3] == ["PathFileType", "4", "(X/Y/Z)"]
    head = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    assert head["DataRate"] == "50"
    assert (head["NumFrames"], head["NumMarkers"], head["Units"]) == ("4", "3", "m")
    assert lines[3].split("\t") == ["Frame#", "Time", "a", "", "", "b", "", "", "c", "", ""]
    assert lines[4].split("\t")[2:5] == ["X1", "Y1", "Z1"]
    assert lines[5] == ""
    rows = [line.split("\t") for line in lines[6:]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    read = np.array([[float(cell) if cell else np.nan for cell in row[2:]] for row in rows]).reshape(4, 3, 3)
    np.testing.assert_allclose(read, POINTS, atol=1e-6)
    assert all(len(row) == 11 for row in rows)


def test_ezc3d_reads_the_points(tmp_path: Path) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    read = ezc3d.c3d(str(write_c3d(MOTION, tmp_path / "a.c3d")))
    assert read["parameters"]["POINT"]["LABELS"]["value"] == ["a", "b", "c"]
    assert read["parameters"]["POINT"]["UNITS"]["value"] == ["m"]
    assert read["parameters"]["POINT"]["RATE"]["value"][0] == pytest.approx(50)
    np.testing.assert_allclose(read["data"]["points"][:3].transpose(2, 1, 0), POINTS, atol=1e-6)
    residuals = read["data"]["meta_points"]["residuals"][0].T
    np.testing.assert_allclose(residuals, np.where(np.isnan(MOTION.scale), -1, 0.25), atol=1e-3)


def test_shapes_and_units() -> None:
    with pytest.raises(ValueError, match="unit 'inch' is unknown"):
        Motion(("a",), np.zeros(1), np.zeros((1, 1, 3)), np.zeros((1, 1)), "inch")
    with pytest.raises(ValueError, match=r"give \(1, 2, 3\) and \(1, 2\)"):
        Motion(("a", "b"), np.zeros(1), np.zeros((1, 1, 3)), np.zeros((1, 1)))
    assert (
        trc(Motion(("a",), np.zeros(1), np.zeros((1, 1, 3)), np.zeros((1, 1)))).splitlines()[2].startswith("30\t")
    )
