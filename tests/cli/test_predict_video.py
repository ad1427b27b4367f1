"""`likelihand predict` on films and cameras: a line and an overlay frame for each frame, whatever happens."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.cli import main, predict_video

pytest.importorskip("av")

TIMES = [0.0, 0.05, 0.2, 0.24, 0.5, 0.6]


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments), "--threads", "1"])


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six frames of a smooth picture, not evenly spaced."""
    from likelihand.video import VideoWriter

    rng = np.random.default_rng(0)
    file = tmp_path / "in" / "clip.mp4"
    with VideoWriter(file) as out:
        for seconds in TIMES:
            out.write(rng.integers(0, 256, (48, 64, 3)).astype(np.uint8), seconds)
    return file


@pytest.fixture
def gullible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tracker take what a network of random weights says for a hand, and look at the same place again.

    Where such a network's points lie differs from processor to processor; they may lead out of the picture.
    """
    import likelihand.tracking as tracking

    monkeypatch.setattr(tracking._Track, "box", property(lambda self: np.array([12.0, 4.0, 52.0, 44.0])))
    monkeypatch.setattr(tracking.Tracker, "_is_good", lambda self, hand, image, track=None: True)


@pytest.mark.usefixtures("gullible")
def test_a_film(model: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from likelihand.video import VideoReader

    out = tmp_path / "out"
    assert predict(film, "--model", model, "--out", out, "--crop") == 0
    found = lines(out / "clip.jsonl")
    assert [line["frame"] for line in found] == list(range(6))
    np.testing.assert_allclose([line["time"] for line in found], TIMES, atol=1e-4)
    for line in found:
        (hand,) = line["hands"]
        assert hand["track"] == 0 and hand["seen"] is True
        assert np.shape(hand["keypoints"]) == (21, 2) and np.shape(hand["covariance"]) == (21, 2, 2)
    overlay = list(VideoReader(out / "clip.overlay.mp4"))
    np.testing.assert_allclose([frame.seconds for frame in overlay], TIMES, atol=1e-4)
    assert capsys.readouterr().err.strip() == f"1 hands in 6 frames -> {out / 'clip.jsonl'}"


@pytest.mark.usefixtures("gullible")
def test_smoothing_can_be_left_out(model: Path, film: Path, tmp_path: Path) -> None:
    for name, options in (("smooth", []), ("raw", ["--no-smoothing"])):
        assert predict(film, "--model", model, "--out", tmp_path / name, "--no-overlay", "--crop", *options) == 0
        assert sorted(p.name for p in (tmp_path / name).iterdir()) == ["clip.jsonl"]
    smooth, raw = (
        lines(tmp_path / name / "clip.jsonl")[-1]["hands"][0]["keypoints"] for name in ("smooth", "raw")
    )
    assert np.abs(np.array(smooth) - raw).max() > 0.1


def test_a_truncated_film_keeps_what_was_read(
    model: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = film.with_stem("cut")
    data = film.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    assert predict(cut, film, "--model", model, "--out", tmp_path, "--no-overlay") == 2
    assert 1 <= len(lines(tmp_path / "cut.jsonl")) < 6 and len(lines(tmp_path / "clip.jsonl")) == 6
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("likelihand: ")]
    assert len(told) == 1 and "cut.mp4" in told[0]


def test_an_interruption_loses_nothing(
    model: Path, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from likelihand.video import VideoReader

    honest = predict_video.frame_json

    def stopped(frame: Any) -> Any:
        if frame.index == 4:
            raise KeyboardInterrupt
        return honest(frame)

    monkeypatch.setattr(predict_video, "frame_json", stopped)
    assert predict(film, "--model", model, "--out", tmp_path) == 130
    assert len(lines(tmp_path / "clip.jsonl")) == 4
    assert len(list(VideoReader(tmp_path / "clip.overlay.mp4"))) == 4
    assert "in 4 frames" in capsys.readouterr().err


class Device:
    """A camera that is interrupted after five pictures."""

    def __init__(self, number: int) -> None:
        self.left = 5

    def isOpened(self) -> bool:
        return True

    def read(self) -> Any:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return True, np.full((48, 64, 3), 90, np.uint8)

    def release(self) -> None:
        pass


def test_a_camera_until_ctrl_c(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cv2.VideoCapture", Device)
    assert predict("--camera", 0, "--model", model, "--out", tmp_path) == 0
    assert len(lines(tmp_path / "camera-0.jsonl")) == 5
    assert (tmp_path / "camera-0.overlay.mp4").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--camera", "63"], "camera 63 cannot be opened"),
        (["--camera", "0", "FILM"], "--camera and SOURCE exclude each other"),
        ([], "nothing to look at; give a SOURCE or --camera 0"),
        (["FILM", "photo.jpg"], "films and pictures in one request"),
        (["FILM", "FOLDER"], "films and pictures in one request"),
        (["FILM", "--format", "csv"], "--boxes and --format are for pictures"),
        (["FILM", "--detect-every", "0"], "tracking's every is 0"),
        (["missing.mp4"], "missing.mp4: no such file"),
        (["BROKEN"], "broken.mp4: no film that FFmpeg can read"),
    ],
)
def test_a_wrong_request_is_one_line(
    arguments: list[str], message: str, model: Path, film: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = film.with_stem("broken")
    broken.write_text("no film")
    names = {"FILM": film, "FOLDER": film.parent, "BROKEN": broken}
    assert predict(*(names.get(a, a) for a in arguments), "--model", model, "--out", tmp_path / "out") == 2
    told = capfd.readouterr().err
    assert message in told and told.count("likelihand: ") == 1
    assert "Traceback" not in told


def test_pyav_is_named_where_it_is_missing(model: Path, film: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['av'] = None; from likelihand.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["predict", str(film), "--model", str(model), "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "pip install 'likelihand[video]'" in done.stderr


def test_a_folder_of_numbered_pictures_is_no_film(model: Path, pictures: Path, tmp_path: Path) -> None:
    assert predict(pictures, "--model", model, "--out", tmp_path / "out", "--no-overlay") == 0
    assert (tmp_path / "out" / "predictions.jsonl").is_file()
