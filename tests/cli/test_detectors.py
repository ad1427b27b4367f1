"""`likelihand evaluate` judges a hand detector by what it finds in whole pictures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.cli import main
from likelihand.inference import bundled


def test_evaluate_counts_what_a_detector_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((40, 60, 3), 80 * i, np.uint8))
    detector = bundled().with_name("detect.onnx")
    report = tmp_path / "report.json"
    options = ["--data", str(tmp_path), "--threshold", "0.6", "--threads", "1", "--json", str(report)]
    assert main(["evaluate", str(detector), *options]) == 0
    assert "score at least 0.6" in capsys.readouterr().out
    total = json.loads(report.read_text())["total"]
    assert (total["pictures"], total["hands"], total["extra"]) == (3, 0, 0)


def test_hands_without_whole_pictures_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "data.yaml"
    file.write_text("class_path: likelihand.data.DrawnHands\ninit_args: {count: 2}\n")
    assert main(["evaluate", str(bundled().with_name("detect.onnx")), "--data", str(file)]) == 2
    assert "DrawnHands holds no whole pictures; give a hand detector a SceneMix" in capsys.readouterr().err
