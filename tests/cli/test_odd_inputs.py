"""Three hundred odd and damaged pictures in one run: a line on standard error each, and the good ones kept."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from likelihand.cli import main
from tests.odd_files import PICTURE, encoded, write_all

TIMEOUT = 300  # a hang, on however slow a machine


def predict(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "likelihand",
        "predict",
        *map(str, arguments),
        "--no-overlay",
        "--threads",
        "1",
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)


def files_of(out: Path) -> list[str]:
    text = (out / "predictions.jsonl").read_text("utf-8")
    return [Path(json.loads(line)["file"]).name for line in text.splitlines()]


def test_each_bad_file_has_its_line_and_each_good_one_its_result(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    expected = write_all(folder)
    assert len(expected) >= 280
    (folder / "folder.jpg").mkdir()
    (folder / "folder.jpg" / "inside.png").write_bytes(encoded(".png"))
    expected["inside.png"] = True
    (folder / "broken-link.jpg").symlink_to(folder / "nowhere.jpg")
    if os.geteuid():
        (folder / "forbidden.jpg").write_bytes(encoded(".jpg"))
        (folder / "forbidden.jpg").chmod(0)
        expected["forbidden.jpg"] = False

    done = predict(folder, folder / "missing.jpg", "--crop", "--out", tmp_path / "out")
    *told, summary = done.stderr.splitlines()
    good = sorted(name for name, fine in expected.items() if fine)
    bad = sorted([*(name for name, fine in expected.items() if not fine), "missing.jpg"])
    assert "Traceback" not in done.stderr and done.returncode == 1
    assert sorted(files_of(tmp_path / "out")) == good
    assert all(line.startswith(f"likelihand: {folder}{os.sep}") for line in told)
    named = [line.removeprefix(f"likelihand: {folder}{os.sep}").split(": ")[0] for line in told]
    assert sorted(named) == bad
    assert summary.startswith(f"{len(good)} hands in {len(good) + len(bad)} pictures")
    assert summary.endswith(f"{len(bad)} failed, see above")


BOXES = {
    "nan": ("[[NaN, 0, 9, 9]]", "box 0: nan is not a finite number"),
    "infinite": ("[[0, 0, Infinity, 9]]", "box 0: inf is not a finite number"),
    "empty": ("[[5, 5, 5, 9]]", "is empty"),
    "inverted": ("[[9, 9, 2, 2]]", "is empty"),
    "outside": ("[[100, 100, 120, 120]]", "lies outside the picture of 48 x 36 pixels"),
    "left": ("[[-20, 0, 0, 9]]", "lies outside"),
    "second": ("[[1, 1, 9, 9], [NaN, 0, 0, 0]]", "box 1: nan"),
    "short": ("[[1, 2, 3]]", "box 0: [1, 2, 3] is not 4 numbers"),
    "ragged": ("[[1, 2, 3, 4], [1, 2]]", "box 1: [1, 2] is not 4 numbers"),
    "vast": ("[[-1e300, -1e300, 1e300, 1e300]]", "is not a finite number up to 1e+06"),
}
GOOD_BOXES = {
    "none": "[]",
    "partly": "[[-10, -10, 20, 20]]",
    "thin": "[[5, 5, 5.001, 30]]",
    "wide": "[[-1e6, 0, 1e6, 9]]",
}


def test_odd_boxes_fail_their_own_picture_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    every = {name: text for name, (text, _) in BOXES.items()} | GOOD_BOXES
    for name in every:
        (tmp_path / f"{name}.png").write_bytes(encoded(".png"))
    text = ", ".join(f'"{name}.png": {boxes}' for name, boxes in every.items())
    (tmp_path / "boxes.json").write_text(f"{{{text}}}")
    arguments = [str(tmp_path), "--boxes", str(tmp_path / "boxes.json"), "--out", str(tmp_path / "out")]
    assert main(["predict", *arguments, "--no-overlay", "--threads", "1"]) == 1
    told = capfd.readouterr().err.splitlines()
    assert len(told) == len(BOXES) + 1
    for name, (_, message) in BOXES.items():
        assert sum(f"{name}.png: " in line and message in line for line in told) == 1, (name, told)
    assert sorted(files_of(tmp_path / "out")) == sorted(f"{name}.png" for name in GOOD_BOXES)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_a_boxes_file_that_is_cut_is_one_line(
    share: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png"))
    whole = json.dumps({"a.png": [[0, 0, PICTURE.shape[1], PICTURE.shape[0]]]})
    (tmp_path / "boxes.json").write_text(whole[: int(len(whole) * share)])
    assert main(["predict", str(tmp_path / "a.png"), "--boxes", str(tmp_path / "boxes.json")]) == 2
    told = capfd.readouterr().err
    assert told.count("\n") == 1 and "boxes.json is not whole JSON" in told


def test_ctrl_c_keeps_what_was_done_and_hides_no_problem(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "c.png", "d.png"):
        (tmp_path / name).write_bytes(encoded(".png"))
    (tmp_path / "b.png").write_bytes(b"no picture")
    from likelihand.data import images

    read = images.read_image

    def interrupted(path: str) -> object:
        if path.endswith("d.png"):
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(images, "read_image", interrupted)
    out = tmp_path / "out"
    arguments = [str(tmp_path), "--crop", "--out", str(out), "--format", "coco", "--no-overlay", "--threads", "1"]
    assert main(["predict", *arguments]) == 130
    told = capfd.readouterr().err.splitlines()
    assert len(told) == 3 and "b.png: cannot be decoded" in told[0] and told[2] == "likelihand: interrupted"
    assert told[1].endswith("predictions.json") and " 2 " in told[1], told[1]
    assert files_of(out) == ["a.png", "c.png"]
    content = json.loads((out / "predictions.json").read_text())
    assert [Path(image["file_name"]).name for image in content["images"]] == ["a.png", "c.png"]
