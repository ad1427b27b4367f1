"""`likelihand evaluate`: scores of uncertainty, pictures of them, wrong requests."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from likelihand.cli import main
from likelihand.inference import bundled
from tests.cli.conftest import DATA

pytest.importorskip("torch")


def test_unknown_protocol_and_data_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", "likelihand.data.DrawnHands", "--data.count", "2"]
    assert main(["evaluate", str(folder / "run"), *data, "--protocol", "best"]) == 2
    assert "protocol 'best' is not known; give one of paper, mmpose" in capsys.readouterr().err
    assert main(["evaluate", str(folder / "run"), "--data", str(folder / "nothing")]) == 2
    told = capsys.readouterr().err
    assert "nothing" in told and told.count("\n") == 1


def test_evaluate_scores_uncertainty_and_draws(
    calibrated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    report = tmp_path / "scores.json"
    wanted = ["--json", str(report), "--plots", str(tmp_path / "plots"), "--worst", str(tmp_path / "worst.png")]
    data = [part.replace("count=40", "count=60") for part in DATA]
    assert main(["evaluate", str(calibrated), *data, "--data.init_args.seed=3", *wanted]) == 0
    printed = capsys.readouterr().out
    assert "1 - sigma (RLE)" in printed and "NME" in printed
    total = json.loads(report.read_text())["uncertainty"]["total"]
    assert set(total["calibrated"]["coverage"]) == {"0.5", "0.68", "0.9", "0.95"}
    assert (tmp_path / "plots" / "risk-coverage.png").is_file()
    assert (tmp_path / "worst.png").is_file()


def evaluated(processes: int, report: Path, *options: str) -> tuple[str, str]:
    """Return what the command prints and writes as one process, or under a launcher of several."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [*(launcher if processes > 1 else []), "-m", "likelihand", "evaluate", *options]
    done = subprocess.run(
        [sys.executable, *command, "--json", str(report)], capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout, report.read_text()


def test_scores_are_the_same_on_one_process_two_and_eight(folder: Path, tmp_path: Path) -> None:
    data = [part.replace("count=40", "count=13") for part in DATA]
    options = [str(folder / "run"), *data, "--batch-size", "2"]  # 7 batches: of eight processes one has none
    one = evaluated(1, tmp_path / "1.json", *options)
    assert "13 samples" in one[0]
    assert evaluated(2, tmp_path / "2.json", *options) == one
    assert evaluated(8, tmp_path / "8.json", *options) == one


def test_uncertainty_is_the_same_on_one_process_and_two(calibrated: Path, tmp_path: Path) -> None:
    data = [part.replace("count=40", "count=41") for part in DATA]
    options = [str(calibrated), *data, "--tta=2", "--uncertainty", "--batch-size=4"]
    one, two = (evaluated(n, tmp_path / f"{n}.json", *options) for n in (1, 2))
    assert "NLL" in one[0]
    assert two == one


def test_a_detector_is_judged_once_whatever_the_number_of_processes(tmp_path: Path) -> None:
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((40, 60, 3), 80 * i, np.uint8))
    options = [str(bundled().with_name("detect.onnx")), "--data", str(tmp_path), "--threads", "1"]
    one, two = (evaluated(n, tmp_path / f"{n}.json", *options) for n in (1, 2))
    assert "total          3" in one[0]
    assert two == one


def test_the_bundled_model_goes_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = tmp_path / "deep" / "scores.json"
    assert main(["evaluate", "bundled", *DATA, "--limit", "2", "--json", str(scores)]) == 0
    assert "2 samples" in capsys.readouterr().out and json.loads(scores.read_text())["total"]


def test_what_the_end_needs_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("likelihand.evaluation.predictions_by_look", pytest.fail)
    assert main(["evaluate", "bundled", *DATA, "--json", str(tmp_path)]) == 2
    assert "this is a folder; give a file" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["evaluate", "bundled", *DATA, "--plots", str(tmp_path / "plots")]) == 2
    assert "pip install 'likelihand[plots]'" in capsys.readouterr().err


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


def test_looks_that_would_not_count_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(bundled()), *DATA, "--tta", "4"]) == 2
    assert (
        capsys.readouterr()
        .err.strip()
        .endswith("--tta is 4, but points are scored on one look; add --uncertainty")
    )
