"""`likelihand calibrate`: kinds of pictures, numbers of looks, the edge."""

import sys
from pathlib import Path

import pytest

from likelihand.cli import main
from tests.cli.conftest import DATA

pytest.importorskip("torch")

pytest.importorskip("onnx")


def test_calibrate_prints_before_and_after_and_stores(
    calibrated: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from likelihand.inference.runtimes import OnnxRuntime

    calibrations = OnnxRuntime(calibrated).metadata.calibrations
    assert [(c.name, c.looks, c.source) for c in calibrations.entries] == [("photos", 1, "28 hands of drawn")]
    assert not OnnxRuntime(model).metadata.calibrations
    assert main(["calibrate", str(model), *DATA, "--out", str(tmp_path / "a.onnx"), "--test-share", "0.4"]) == 0
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
    assert first.factor == pytest.approx(1.0, abs=1e-5) and first.added == 0.0
    assert known["photos", 2].scale == first.scale
    assert known["photos", 2].edge_keypoint == second.edge_keypoint
    for name, looks in known:
        assert load(file, tta=looks, calibration=name, detector=False).calibration == known[name, looks]


def test_a_balanced_fit_needs_sources(calibrated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(calibrated), *DATA, "--balance", "dataset"]) == 2
    assert "all hands are of the source 'drawn'" in capsys.readouterr().err


def test_a_share_outside_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(model), *DATA, "--test-share", "1.5"]) == 2
    assert "--test-share is 1.5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "message"),
    [("hand.safetensors", "give a name that ends in .onnx"), ("folder.onnx", "this is a folder; give a file")],
)
def test_a_file_that_cannot_be_written_is_told_before_the_work(
    out: str,
    message: str,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder.onnx").mkdir()
    monkeypatch.setattr("likelihand.evaluation.predictions_by_look", pytest.fail)
    assert main(["calibrate", str(model), *DATA, "--out", str(tmp_path / out)]) == 2
    assert message in capsys.readouterr().err


def test_a_missing_package_is_told_before_the_work(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("likelihand.evaluation.predictions_by_look", pytest.fail)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["calibrate", str(model), *DATA]) == 2
    assert "pip install 'likelihand[calibrate]'" in capsys.readouterr().err
