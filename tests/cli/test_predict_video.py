"""`likelihand predict` on films and cameras: a line and an overlay frame for each frame, whatever happens."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from likelihand.cli import main
from tests.cli.conftest import TIMES

pytest.importorskip("av")


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments), "--threads", "1"])


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.usefixtures("gullible")
def test_a_film(model: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from likelihand.tracking import VideoReader

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
    assert capsys.readouterr().err.strip() == f"1 hand in 6 frames -> {out / 'clip.jsonl'}"


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


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt the command when it writes its fifth frame."""
    from likelihand.tracking import TrackedFrame

    honest = TrackedFrame.to_json

    def stopped(frame: Any) -> Any:
        if frame.index == 4:
            raise KeyboardInterrupt
        return honest(frame)

    monkeypatch.setattr(TrackedFrame, "to_json", stopped)


@pytest.mark.usefixtures("interrupted")
def test_an_interruption_loses_nothing(
    model: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from likelihand.tracking import VideoReader

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
        ([], "no input; give a SOURCE or --camera 0"),
        (["FILM", "--format", "xml"], "--format 'xml' is not known; give jsonl, coco, csv, dlc"),
        (["FILM", "--boxes", "b.json"], "--boxes is for pictures"),
        (["FILM", "--detect-every", "0"], "--detect-every is 0; give 1 or more"),
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


def clips(folder: Path) -> None:
    """Films of ten frames as capture cards, HLS and cameras leave them: names say little or the wrong thing."""
    from tests.tracking.conftest import clip

    for name, form, codec in (
        ("a.ts", "mpegts", "libx264"),
        ("b.m2v", "mpegts", "libx264"),
        ("c.mts", "mpegts", "mpeg2video"),
        ("d", "mp4", "libx264"),
        ("e.jpg", "matroska", "mpeg4"),
    ):
        folder.mkdir(exist_ok=True)
        clip(folder / name, form, codec, frames=10)


def test_films_are_known_by_their_content(model: Path, tmp_path: Path) -> None:
    clips(tmp_path / "in")
    out = tmp_path / "out"
    assert predict(*sorted((tmp_path / "in").iterdir()), "--model", model, "--out", out, "--no-overlay") == 0
    assert sorted(p.name for p in out.iterdir()) == [f"{name}.jsonl" for name in "abcde"]
    assert all(len(lines(file)) == 10 for file in out.iterdir())


def test_a_mixed_folder(model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips(pictures)
    out = pictures / "results"
    for _ in range(2):  # the second time there are overlays in the folder
        assert predict(pictures, "--model", model, "--out", out, "--crop") == 0
        assert len(lines(out / "predictions.jsonl")) == 3
        assert sorted(p.name for p in out.glob("*.overlay.mp4")) == [f"{name}.overlay.mp4" for name in "abcde"]
    assert "in 3 pictures" in capsys.readouterr().err


def test_a_damaged_film_does_not_stop_the_pictures(model: Path, pictures: Path, tmp_path: Path) -> None:
    (pictures / "broken.mp4").write_text("no film")
    assert predict(pictures, "--model", model, "--out", tmp_path, "--no-overlay") == 2
    assert len(lines(tmp_path / "predictions.jsonl")) == 3


@pytest.mark.parametrize(("form", "codec"), [("mp4", "libx264"), ("mpegts", "libx264"), ("matroska", "mpeg4")])
def test_a_film_on_standard_input(form: str, codec: str, model: Path, tmp_path: Path) -> None:
    from tests.tracking.conftest import clip

    file = clip(tmp_path / "clip", form, codec, frames=10)
    command = [sys.executable, "-m", "likelihand", "predict", "-", "--model", str(model), "--threads", "1"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], input=file.read_bytes(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(lines(tmp_path / "stdin.jsonl")) == 10 and (tmp_path / "stdin.overlay.mp4").is_file()


def test_a_broadcast_that_changes_its_size(model: Path, tmp_path: Path) -> None:
    from likelihand.tracking import VideoReader
    from tests.tracking.conftest import clip

    small = clip(tmp_path / "small.ts", "mpegts", "mpeg2video").read_bytes()
    large = clip(tmp_path / "large.ts", "mpegts", "mpeg2video", size=(96, 160)).read_bytes()
    (tmp_path / "both.ts").write_bytes(small + large)
    assert predict(tmp_path / "both.ts", "--model", model, "--out", tmp_path) == 0
    found = lines(tmp_path / "both.jsonl")
    sizes = [tuple(line["size"]) for line in found]
    assert sizes[:19] == [(48, 64)] * 19 and sizes[-20:] == [(96, 160)] * 20
    assert 39 <= len(sizes) <= 40  # FFmpeg drops a frame that the seam ends
    assert (np.diff([line["time"] for line in found]) > 0).all() and found[-1]["time"] < 1.6
    assert {frame.image.shape for frame in VideoReader(tmp_path / "both.overlay.mp4")} == {(48, 64, 3)}


def test_addresses(
    model: Path, pictures: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.tracking.servers import web

    with web(tmp_path / "in") as host:
        asked = [f"http://{host}/{name}" for name in ("clip.mp4", "b/y.jpg", "none.mp4")]
        assert (
            predict(*asked, "rtsp://me:secret@127.0.0.1:9/1", "--model", model, "--out", tmp_path, "--crop") == 2
        )
    assert len(lines(tmp_path / "127.0.0.1-clip.jsonl")) == 6
    (line,) = lines(tmp_path / "predictions.jsonl")
    assert line["file"] == asked[1] and line["overlay"] == "127.0.0.1-y.overlay.png"
    told = capsys.readouterr().err
    assert f"likelihand: {asked[2]}: the server answers 404" in told
    assert "likelihand: rtsp://me:***@127.0.0.1:9/1: cannot be opened (Connection refused)" in told
    assert "secret" not in told and told.count("likelihand: ") == 2


def test_coarse_times_stretch_neither_lines_nor_overlay(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import av

    from tests.tracking.test_reading import coarse

    for name, stamp in (
        ("coarse", lambda i: 33 * i - 33 * i % 99),
        ("jumps", lambda i: 33 * i + 4_000_000 * (i > 9)),
    ):
        film = coarse(tmp_path / f"{name}.mkv", 12, stamp)
        assert predict(film, "--model", model, "--out", tmp_path) == 0
        times = [line["time"] for line in lines(tmp_path / f"{name}.jsonl")]
        assert len(times) == 30 and abs(times[-1] - 29 * 0.033) < 0.034 and (np.diff(times) > 0).all()
        with av.open(str(tmp_path / f"{name}.overlay.mp4")) as overlay:
            assert abs(overlay.duration / 1e6 - 30 * 0.033) < 0.034
    told = capsys.readouterr().err
    assert told.count("the clock jumps") == 1 and "at frame 10; times go on by the frame rate" in told
    assert predict(film, "--model", model, "--out", tmp_path, "--no-overlay", "--longest-gap", 5000) == 0
    assert lines(tmp_path / "jumps.jsonl")[-1]["time"] == pytest.approx(4000.957)
    assert predict(film, "--model", model, "--out", tmp_path, "--longest-gap", -1) == 2


@pytest.mark.usefixtures("gullible")
def test_a_table_of_a_row_a_keypoint(model: Path, film: Path, tmp_path: Path) -> None:
    assert predict(film, "--model", model, "--out", tmp_path, "--crop", "--no-overlay", "--format", "csv") == 0
    with (tmp_path / "clip.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = lines(tmp_path / "clip.jsonl")
    assert len(rows) == 6 * 21
    assert ",".join(rows[0]) == "frame,time,hand,side,seen,score,keypoint,x,y,scale_x,scale_y,confidence,inside"
    row, line = rows[2 * 21 + 8], found[2]
    assert (row["frame"], row["keypoint"], row["hand"], row["seen"]) == ("2", "index_tip", "0", "1")
    assert [float(row["time"]), float(row["x"]), float(row["y"])] == [
        line["time"],
        *line["hands"][0]["keypoints"][8],
    ]


@pytest.mark.usefixtures("gullible")
def test_a_table_as_deeplabcut_has_it(model: Path, film: Path, tmp_path: Path) -> None:
    assert predict(film, "--model", model, "--out", tmp_path, "--crop", "--no-overlay", "--format", "dlc") == 0
    with (tmp_path / "clip.dlc.csv").open(newline="") as file:
        scorer, individuals, bodyparts, coords, *rows = csv.reader(file)
    assert scorer == ["scorer"] + 63 * ["likelihand"] and individuals == ["individuals"] + 63 * ["hand0"]
    assert bodyparts[:4] == ["bodyparts", "wrist", "wrist", "wrist"]
    assert coords[:4] == ["coords", "x", "y", "likelihood"]
    assert [row[0] for row in rows] == list("012345")
    (hand,) = lines(tmp_path / "clip.jsonl")[3]["hands"]
    x, y = hand["keypoints"][0]
    assert [float(v) for v in rows[3][1:4]] == pytest.approx([x - 0.5, y - 0.5, hand["confidence"][0]], abs=1e-9)


@pytest.mark.usefixtures("gullible")
def test_a_film_as_coco_is_read_back(model: Path, film: Path, tmp_path: Path) -> None:
    """Its images are the frames, which FFmpeg's program writes under the names in it."""
    from likelihand.data import CocoHands
    from likelihand.tracking import VideoReader

    assert predict(film, "--model", model, "--out", tmp_path, "--crop", "--no-overlay", "--format", "coco") == 0
    content = json.loads((tmp_path / "clip.json").read_text())
    assert [image["file_name"] for image in content["images"]] == [f"clip/{i:06d}.jpg" for i in range(6)]
    np.testing.assert_allclose([image["time"] for image in content["images"]], TIMES, atol=1e-4)
    assert all((a["track"], a["seen"]) == (0, True) for a in content["annotations"])
    (tmp_path / "clip").mkdir()
    for frame in VideoReader(film):
        cv2.imwrite(str(tmp_path / f"clip/{frame.index:06d}.jpg"), frame.image)
    hands = CocoHands(tmp_path / "clip.json")
    assert len(hands) == 6
    for i, line in enumerate(lines(tmp_path / "clip.jsonl")):
        np.testing.assert_allclose(hands.record(i).points, line["hands"][0]["keypoints"], atol=1e-9)
        assert hands.record(i).read().shape == (48, 64, 3)


def test_a_hand_that_is_not_there_is_nan(
    model: Path, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the first frame, whose row pandas would take for the index's name if it were empty."""
    import likelihand.tracking.tracker as tracking

    monkeypatch.setattr(tracking.Tracker, "_is_good", lambda *arguments: False)
    assert predict(film, "--model", model, "--out", tmp_path, "--no-overlay", "--format", "dlc") == 0
    rows = (tmp_path / "clip.dlc.csv").read_text().splitlines()
    assert rows[4:] == [f"{i},{','.join(63 * ['NaN'])}" for i in range(6)]


@pytest.mark.usefixtures("interrupted")
def test_an_interruption_keeps_the_table_too(model: Path, film: Path, tmp_path: Path) -> None:
    assert predict(film, "--model", model, "--out", tmp_path, "--format", "dlc", "--no-overlay") == 130
    assert len((tmp_path / "clip.dlc.csv").read_text().splitlines()) == 4 + 4


def lossless(file: Path, flip: bool) -> Path:
    """Write six frames of noise, or their mirror images, without loss."""
    import av

    rng = np.random.default_rng(0)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        for _ in range(6):
            image = rng.integers(0, 256, (48, 64, 3)).astype(np.uint8)
            image = np.ascontiguousarray(image[:, ::-1]) if flip else image
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="bgr0")))
        container.mux(stream.encode(None))
    return file


@pytest.mark.usefixtures("gullible")
def test_a_film_that_is_turned_back_is_the_film_of_the_other_side(model: Path, tmp_path: Path) -> None:
    from likelihand.tracking import VideoReader

    film, other = lossless(tmp_path / "film.mkv", False), lossless(tmp_path / "other.mkv", True)

    def points(source: Path, *options: str) -> Any:
        out = tmp_path / "".join(("out", source.stem, *options))
        assert predict(source, "--model", model, "--out", out, "--crop", *options) == 0
        return np.array([line["hands"][0]["keypoints"] for line in lines(out / f"{source.stem}.jsonl")])

    np.testing.assert_array_equal(points(film, "--unmirror"), points(other))
    np.testing.assert_array_equal(points(film, "--mirrored"), points(film))
    assert np.abs(points(film) - points(other)).max() > 1
    (first, *_), (overlay, *_) = VideoReader(other), VideoReader(tmp_path / "outfilm--unmirror/film.overlay.mp4")
    assert np.corrcoef(first.image.ravel(), overlay.image.ravel())[0, 1] > 0.2


def test_a_folder_of_numbered_pictures_is_no_film(model: Path, pictures: Path, tmp_path: Path) -> None:
    assert predict(pictures, "--model", model, "--out", tmp_path / "out", "--no-overlay") == 0
    assert (tmp_path / "out" / "predictions.jsonl").is_file()
