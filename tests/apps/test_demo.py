"""The demonstration that trains, cut short: every step runs and leaves what it promises."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from likelihand.cli import main


def test_it_leaves_a_model_scores_predictions_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("run.json", "last.safetensors"):  # an earlier demonstration's
        (tmp_path / "run" / name).touch()
    assert main(["demo", "--train", "--out", str(tmp_path), "--steps", "1", "--hands", "2"]) == 0
    assert {"hand.onnx", "scores.json", "boxes.json", "run", "pictures"} <= {p.name for p in tmp_path.iterdir()}
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["total"]["hands"] == 2
    lines = [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    assert [len(line["hands"]) for line in lines] == [1, 1]
    assert all((tmp_path / line["overlay"]).is_file() for line in lines)
