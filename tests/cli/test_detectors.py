"""`likelihand evaluate` judges a hand detector by what it finds in whole pictures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

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


def test_a_detector_is_trained_scored_and_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(3):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((40, 60, 3), 80 * i, np.uint8))
    backbone = {"class_path": "likelihand.TimmBackbone", "init_args": {"name": "test_resnet", "stride": 16}}
    part = {"class_path": "likelihand.data.EmptyScenes", "init_args": {"folder": str(folder)}}
    mix = {"class_path": "likelihand.data.SceneMix", "init_args": {"parts": [part]}}
    run_file = {
        "network": {
            "class_path": "likelihand.models.DetectionNetwork",
            "init_args": {"width": 8, "backbone": backbone},
        },
        "loss": {"class_path": "likelihand.losses.DetectionLoss"},
        "train_data": mix,
        "train": {"steps": 2, "batch_size": 2, "size": 64, "workers": 0, "tensorboard": False, "device": "cpu"},
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(run_file))
    (tmp_path / "mix.yaml").write_text(yaml.safe_dump(mix))
    run = tmp_path / "run"
    arguments = ["train", "--config", str(tmp_path / "run.yaml"), "--out", str(run)]
    assert main(arguments) == 0
    assert (run / "training.csv").read_text().startswith("step,epoch,learning_rate,loss,loss_hands,gradient_norm")
    assert main(["evaluate", str(run), "--data", str(tmp_path / "mix.yaml")]) == 0
    assert main(["export", str(run), "--out", str(tmp_path / "detect.onnx")]) == 0
    assert main(["evaluate", str(tmp_path / "detect.onnx"), "--data", str(folder)]) == 0
    capsys.readouterr()
    hands = ["--validation_data.class_path=likelihand.data.DrawnHands", "--validation_data.init_args.count=2"]
    assert main([*arguments, "--resume", *hands]) == 2
    assert "a detector is not validated while it is trained" in capsys.readouterr().err
    assert main(["data", "check", str(tmp_path / "mix.yaml")]) == 2
    assert "a SceneMix holds whole pictures, for a detector; give labelled hands" in capsys.readouterr().err
