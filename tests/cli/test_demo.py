"""`likelihand demo` ends with `likelihand predict`, as a user would call it; tests/apps runs the whole road."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.apps import demo
from likelihand.cli import main


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
    assert main(["demo", "--out", str(tmp_path / "out"), "--steps", "7", "--hands", "3"]) == 0
    assert asked == [(tmp_path / "out", 7, 3)]
    (line,) = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    assert len(json.loads(line)["hands"]) == 1
    assert "4/4  likelihand predict" in capsys.readouterr().out
