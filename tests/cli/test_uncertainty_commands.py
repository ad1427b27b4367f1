"""The commands calibrate, audit and evaluate --uncertainty on a tiny exported model and drawn hands."""

import json
from pathlib import Path

import pytest

from likelihand.cli import main

pytest.importorskip("torch")
pytest.importorskip("onnx")

DATA = ["--data.class_path=likelihand.data.DrawnHands", "--data.init_args.count=40", "--data.init_args.size=64"]


@pytest.fixture(scope="module")
def calibrated(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("calibrated") / "hand.onnx"
    assert main(["calibrate", str(model), *DATA, "--out", str(file)]) == 0
    return file


def test_calibrate_prints_before_and_after_and_stores(
    calibrated: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from likelihand.inference.runtimes import OnnxRuntime

    calibrations = OnnxRuntime(calibrated).metadata.calibrations
    assert [(c.name, c.looks, c.source) for c in calibrations.entries] == [("photos", 1, "28 hands of drawn")]
    assert not OnnxRuntime(model).metadata.calibrations
    assert main(["calibrate", str(model), *DATA, "--out", str(calibrated), "--test-share", "0.4"]) == 0
    printed = capsys.readouterr().out
    assert "checked on 16 other hands" in printed and "calibrated photos on 24 hands of drawn" in printed
    assert "scale as it comes" in printed and "calibrated" in printed


def test_calibrate_knows_kinds_looks_and_the_edge(
    calibrated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from likelihand.inference import load
    from likelihand.inference.runtimes import OnnxRuntime

    file = tmp_path / "both.onnx"
    rendered = ["--name", "rendered", "--tta", "1", "2", "--cut-off", "0.3", "0.5", "--test-share", "0.2"]
    data = [part.replace("count=40", "count=80") for part in DATA]
    assert main(["calibrate", str(calibrated), *data, *rendered, "--out", str(file)]) == 0
    assert main(["calibrate", str(file), *data, "--added-noise", "--tta", "2"]) == 0
    told = capsys.readouterr().out
    assert "rendered, 2 looks: factor" in told and "at the picture's edge" in told and "photos, 2 looks" in told
    known = {(c.name, c.looks): c for c in OnnxRuntime(file).metadata.calibrations.entries}
    assert set(known) == {("photos", 1), ("photos", 2), ("rendered", 1), ("rendered", 2)}
    first, second = known["rendered", 1], known["rendered", 2]
    assert (first.scale, first.spread, first.offset) == (second.scale, second.spread, second.offset)
    assert (first.factor, first.added) == (pytest.approx(1.0, abs=1e-5), 0.0)
    assert known["photos", 2].scale == first.scale
    assert known["photos", 2].edge_keypoint == second.edge_keypoint
    for name, looks in known:
        assert load(file, tta=looks, calibration=name, detector=False).calibration == known[name, looks]


def test_a_balanced_fit_needs_sources(calibrated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(calibrated), *DATA, "--balance", "dataset"]) == 2
    assert "all hands are of the source 'drawn'" in capsys.readouterr().err


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


def test_audit_writes_its_files(calibrated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.yaml"
    data.write_text("class_path: likelihand.data.DrawnHands\ninit_args: {count: 40, size: 64}\n")
    assert main(["audit", str(data), "--model", str(calibrated), "--out", str(tmp_path / "audit")]) == 0
    assert "40 hands" in capsys.readouterr().out
    assert {p.name for p in (tmp_path / "audit").iterdir()} == {"suspects.csv", "suspects.png", "cleaned.json"}


def test_folds_need_a_checkpoint(calibrated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.yaml"
    data.write_text("class_path: likelihand.data.DrawnHands\ninit_args: {count: 4, size: 64}\n")
    assert main(["audit", str(data), "--model", str(calibrated), "--folds", "2"]) == 2
    assert "give a .safetensors checkpoint" in capsys.readouterr().err


def test_a_share_outside_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(model), *DATA, "--test-share", "1.5"]) == 2
    assert "--test-share is 1.5" in capsys.readouterr().err
