"""`likelihand audit`: the files that it leaves."""

from pathlib import Path

import pytest

from likelihand.cli import main

pytest.importorskip("torch")

pytest.importorskip("onnx")


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


def test_what_the_end_needs_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("likelihand.evaluation.audit.predict_often", pytest.fail)
    data = str(tmp_path / "data.yaml")
    Path(data).write_text("class_path: likelihand.data.DrawnHands\ninit_args: {count: 4, size: 64}\n")
    (tmp_path / "taken").touch()
    assert main(["audit", data, "--out", str(tmp_path / "taken")]) == 2
    assert "a file has this name; give the name of a folder" in capsys.readouterr().err
    assert main(["audit", data, "--out", str(tmp_path), "--tiles", "0"]) == 2
    assert "--tiles is 0; give 1 or more" in capsys.readouterr().err
