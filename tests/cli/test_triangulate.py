"""`likelihand triangulate`, from JSON Lines of two films to CSV, TRC, C3D and the report."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from likelihand.cli import main
from likelihand.cli.space import COLUMNS
from likelihand.inference import Predictor
from likelihand.inference.metadata import ModelMetadata
from likelihand.reconstruction import ANGLE_NAMES
from likelihand.structures import KEYPOINTS
from likelihand.tracking.tracker import TrackedHand
from tests.interop.lines import frame
from tests.reconstruction.multiview.rigs import points, rig
from tests.reconstruction.multiview.test_camera_files import toml_of
from tests.reconstruction.multiview.test_fitted import CAMERAS as POSED, seen as views_of, truth

CAMERAS = rig(2)
TRUTH = [points(seed=0) + np.array([0.002 * i, 0, 0]) for i in range(6)]


def film(folder: Path, view: int, frames: int = 6, name: str = "") -> Path:
    path = folder / f"{name or CAMERAS[view].name}.jsonl"
    lines = []
    for i in range(frames):
        seen, spread = CAMERAS[view].project(TRUTH[i]), np.tile(np.eye(2), (21, 1, 1))
        hand = TrackedHand(seen, np.ones((21, 2)), np.array([0.0, 0, 9, 9]), spread, "right", track=3 + view)
        lines.append(json.dumps(frame(i, hand) | {"size": [720, 1280]}))
    path.write_text("\n".join([*lines, ""]))
    return path


def calibration(folder: Path) -> str:
    (folder / "cameras.toml").write_text(toml_of(CAMERAS))
    return str(folder / "cameras.toml")


def test_csv_trc_c3d_and_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    out = tmp_path / "out"
    sources = [str(film(tmp_path, 1)), str(film(tmp_path, 0))]  # cameras are found by name, whatever the order
    command = ["triangulate", *sources, "--calibration", calibration(tmp_path), "--out", str(out)]
    assert main([*command, "--format", "trc", "--format", "c3d", "--unit", "m"]) == 0
    rows = list(csv.DictReader((out / "hands.csv").open()))
    assert len(rows) == 6 * 21
    assert [row["keypoint"] for row in rows[:21]] == list(KEYPOINTS)
    assert {(row["hand"], row["side"], row["views"]) for row in rows} == {("0", "right", "2")}
    found = np.array([[float(row[axis]) for axis in "xyz"] for row in rows]).reshape(6, 21, 3)
    np.testing.assert_allclose(found, TRUTH, atol=1e-5)
    assert max(float(row["error_px"]) for row in rows) < 0.01
    spread = np.array([[float(row[name]) for name in ("xx", "yy", "zz")] for row in rows])
    assert ((spread > 1e-8) & (spread < 1e-4)).all()
    c3d = ezc3d.c3d(str(out / "hands.c3d"))
    assert c3d["parameters"]["POINT"]["LABELS"]["value"][8] == "right0_index_tip"
    np.testing.assert_allclose(c3d["data"]["points"][:3].transpose(2, 1, 0), TRUTH, atol=1e-5)
    assert len((out / "hands.trc").read_text().splitlines()) == 6 + 6
    report = json.loads((out / "hands.json").read_text())
    assert report["hands"] == 6
    assert report["cameras"]["cam1"]["keypoints"] == 126
    assert report["cameras"]["cam1"]["median_px"] < 0.01
    told = capsys.readouterr()
    assert told.out.splitlines()[0].split()[:2] == ["camera", "keypoints"]
    assert "6 hands in 6 frames" in told.err


def test_fits_are_written_beside_the_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    joints, angles = truth(2)
    paths = [str(posed_film(tmp_path, view, joints)) for view in (0, 1)]
    cameras = [replace(c, name=f"cam{i}", size=(480, 640)) for i, c in enumerate(POSED[:2])]
    (tmp_path / "cameras.toml").write_text(toml_of(cameras))
    given = ["--calibration", str(tmp_path / "cameras.toml"), "--unit", "m"]
    assert main(["triangulate", *paths, *given, "--out", str(tmp_path / "plain")]) == 0
    out = tmp_path / "out"
    wanted = ["--fit", "--format", "c3d", "--format", "trc"]
    assert main(["triangulate", *paths, *given, "--out", str(out), *wanted]) == 0
    assert f"{out / 'hands.csv'}, {out / 'angles.csv'}, {out / 'hands.c3d'}" in capsys.readouterr().err
    rows = list(csv.DictReader((out / "hands.csv").open()))
    plain = list(csv.DictReader((tmp_path / "plain/hands.csv").open()))
    assert [{name: row[name] for name in COLUMNS} for row in rows] == plain  # nothing that was there is changed
    found = np.array([[float(row[f"joint_{axis}"]) for axis in "xyz"] for row in rows]).reshape(2, 21, 3)
    np.testing.assert_allclose(found, joints, atol=0.004)
    assert all(0 < float(row[f"joint_{axis}"]) < 1e-3 for row in rows for axis in ("xx", "yy", "zz"))
    c3d = ezc3d.c3d(str(out / "hands.c3d"))
    np.testing.assert_allclose(c3d["data"]["points"][:3].transpose(2, 1, 0), found, atol=1e-5)
    bent = list(csv.DictReader((out / "angles.csv").open()))
    assert [row["angle"] for row in bent] == 2 * list(ANGLE_NAMES)
    assert {(row["frame"], row["hand"], row["side"]) for row in bent} == {(f, "0", "right") for f in "01"}
    away = np.array([float(row["radians"]) for row in bent]).reshape(2, 21) - angles
    assert np.median(np.abs(away)) < np.radians(4)
    assert all(float(row["scale"]) > 0 for row in bent)


def posed_film(folder: Path, view: int, joints: np.ndarray) -> Path:
    path, lines = folder / f"cam{view}.jsonl", []
    for i, posed in enumerate(joints):
        hand = views_of(posed, np.random.default_rng([i, view]), 0.3)[view]
        tracked = TrackedHand(hand.points, hand.scale, np.array([0.0, 0, 9, 9]), hand.covariance, "right")
        lines.append(json.dumps(frame(i, tracked) | {"size": [480, 640]}))
    path.write_text("\n".join([*lines, ""]))
    return path


def test_the_shortest_source_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = str(film(tmp_path, 0)), str(film(tmp_path, 1, frames=4))
    out = str(tmp_path / "out")
    assert main(["triangulate", first, second, "--calibration", calibration(tmp_path), "--out", out]) == 0
    told = capsys.readouterr().err
    assert f"{second} ends after 4 frames, {first} does not" in told
    assert "4 hands in 4 frames" in told


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (["--format", "bvh"], "--format 'bvh' is not known; give trc, c3d"),
        (["--unit", "inch"], "--unit 'inch' is not known; give m, dm, cm, mm"),
        (
            ["--cameras", "cam0", "--cameras", "top"],
            "--cameras 'top' is not in the calibration; it has cam0, cam1",
        ),
        (["--cameras", "cam0"], "1 names in --cameras for 2 sources"),
        (["--calibration", "no.toml"], "no.toml is missing; give a calibration of cameras"),
    ],
)
def test_requests_that_make_no_sense(
    tmp_path: Path, more: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = more if "--calibration" in more else ["--calibration", calibration(tmp_path), *more]
    command = ["triangulate", str(film(tmp_path, 0)), str(film(tmp_path, 1)), *given]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    assert line in capsys.readouterr().err


def test_options_may_stand_before_the_films(tmp_path: Path) -> None:
    out = tmp_path / "out"
    films = [str(film(tmp_path, view)) for view in (0, 1)]
    command = ["triangulate", "--calibration", calibration(tmp_path), "--format", "trc", "--out", str(out), *films]
    assert main(command) == 0
    assert {file.name for file in out.iterdir()} == {"hands.csv", "hands.json", "hands.trc"}


def test_sources_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--calibration", calibration(tmp_path), "--out", str(tmp_path / "out")]
    one = str(film(tmp_path, 0))
    assert main(["triangulate", one, *given]) == 2
    assert "1 source; give one per camera" in capsys.readouterr().err
    assert main(["triangulate", one, str(tmp_path / "b.jsonl"), *given]) == 2
    assert "b.jsonl is missing; give a film, or the JSON Lines" in capsys.readouterr().err
    (tmp_path / "c.jsonl").write_text('{"file": "a.jpg", "size": [4, 5], "hands": []}\n')
    assert main(["triangulate", one, str(tmp_path / "c.jsonl"), *given]) == 2
    assert "c.jsonl line 1 is no frame of a film" in capsys.readouterr().err
    names = [str(film(tmp_path, view, name=f"film{view}")) for view in (0, 1)]
    assert main(["triangulate", *names, str(film(tmp_path, 1, name="third")), *given]) == 2
    assert "3 sources for 2 cameras (cam0, cam1); say with --cameras which is whose" in capsys.readouterr().err


def test_a_film_of_another_shape_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = film(tmp_path, 0)
    path.write_text(path.read_text().replace("[720, 1280]", "[720, 720]"))
    given = ["--calibration", calibration(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["triangulate", str(path), str(film(tmp_path, 1)), *given]) == 2
    assert "calibrated with 1280 x 720 pixels and the film has 720 x 720" in capsys.readouterr().err


class Middle:
    """A runtime that sees the same hand in the middle of every crop."""

    metadata = ModelMetadata(size=(64, 64))
    shape = np.random.default_rng(0).uniform(12, 52, (21, 2))

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        return {"points": np.stack([self.shape] * len(crops)), "scale": np.ones((len(crops), 21, 2))}


def clip(path: Path, rate: float = 25.0, frames: int = 3) -> str:
    from likelihand.tracking import VideoWriter

    with VideoWriter(path) as written:
        for i in range(frames):
            written.write(np.zeros((360, 640, 3), np.uint8), seconds=i / rate)
    return str(path)


def test_films_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av")
    monkeypatch.setattr("likelihand.cli.triangulate._predictor", lambda arguments: Predictor(Middle()))
    films = [clip(tmp_path / f"{camera.name}.mp4") for camera in CAMERAS]
    given = ["--calibration", calibration(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["triangulate", *films, *given]) == 0  # half as large as the calibration's pictures
    rows = list(csv.DictReader((tmp_path / "out/hands.csv").open()))
    assert [row["frame"] for row in rows[::21]] == ["0", "1", "2"]
    small = [camera.resized((360, 640)) for camera in CAMERAS]
    for camera in small:  # both see it in the middle of their picture, so there it is in space
        middle = camera.project([[float(rows[0][axis]) for axis in "xyz"]])[0]
        assert 0 < middle[0] < 640
        assert 0 < middle[1] < 360
    assert "3 hands in 3 frames" in capsys.readouterr().err


def test_films_of_other_rates_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("av")
    films = [clip(tmp_path / "cam0.mp4", frames=8), clip(tmp_path / "cam1.mp4", rate=50.0, frames=8)]
    given = ["--calibration", calibration(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["triangulate", *films, *given]) == 2
    assert "cam0.mp4 has 25 and" in (told := capsys.readouterr().err)
    assert "cam1.mp4 has 50 frames per second" in told
