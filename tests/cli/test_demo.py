"""`likelihand demo` ends with `likelihand predict`, as a user would call it; tests/apps trains for it."""

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from likelihand.apps import demo
from likelihand.cli import main
from likelihand.data.samples import PICTURES, pictures


def test_its_last_part_is_predict_on_what_it_left(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Path, int, int]] = []

    def leave(out: Path, steps: int, hands: int) -> None:
        asked.append((out, steps, hands))
        (out / "pictures").mkdir(parents=True)
        cv2.imwrite(str(out / "pictures" / "0.png"), np.zeros((64, 64, 3), np.uint8))
        (out / "boxes.json").write_text(json.dumps({"0.png": [[5, 5, 60, 60]]}))
        (out / "hand.onnx").write_bytes(model.read_bytes())

    monkeypatch.setattr(demo, "demo", leave)
    assert main(["demo", "--out", str(tmp_path / "out"), "--train", "--steps", "7", "--hands", "3"]) == 0
    assert asked == [(tmp_path / "out", 7, 3)]
    (line,) = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    assert len(json.loads(line)["hands"]) == 1
    assert "4/4  likelihand predict" in capsys.readouterr().out


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_the_samples_are_found_drawn_and_written_without_pytorch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["demo", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    lines, frames = lines_of(tmp_path / "predictions.jsonl"), lines_of(tmp_path / "two-hands.jsonl")
    assert len(lines) == len(pictures())
    for file in [*(line["overlay"] for line in lines), "two-hands.overlay.mp4", "two-hands.jsonl"]:
        assert (tmp_path / file).is_file()
        assert str(tmp_path / file) in told
    both = [frame for frame in frames if len(frame["hands"]) == 2]
    assert len(frames) == 120
    assert len(both) > 100
    assert "likelihand web" in told


def test_the_film_is_left_out_with_a_reason_where_nothing_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("likelihand.cli.demo.find_spec", lambda name: None)
    monkeypatch.setattr("likelihand.data.samples.PICTURES", tmp_path / "one")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.jpg").write_bytes((PICTURES / "hand-00.jpg").read_bytes())
    assert main(["demo", "--out", str(tmp_path / "out")]) == 0
    assert "pip install 'likelihand[video]'" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("*.mp4"))
