"""`likelihand export`: a file that scores as its checkpoint does, and says what it is."""

import json
from pathlib import Path

import pytest

from likelihand.cli import main

pytest.importorskip("torch")


def test_checkpoint_and_exported_file_score_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(folder / "run"), "--out", str(folder / "hand.onnx"), "--licence", "CC0-1.0"]) == 0
    assert "crop pixels from PyTorch" in capsys.readouterr().out
    reports = []
    for model in ("run", "hand.onnx"):
        file = folder / f"{model}.json"
        data = [
            "--data",
            "likelihand.data.DrawnHands",
            "--data.count",
            "6",
            "--data.seed",
            "3",
            "--data.size",
            "64",
        ]
        options = ["--protocol", "mmpose", "--json", str(file), "--batch-size", "4"]
        assert main(["evaluate", str(folder / model), *data, *options]) == 0
        reports.append(json.loads(file.read_text()))
        assert "protocol mmpose" in capsys.readouterr().out
    torch_total, onnx_total = (r["total"] for r in reports)
    assert torch_total["nme"] == pytest.approx(onnx_total["nme"], abs=1e-5)
    assert torch_total["hands"] == onnx_total["hands"] == 6
    assert (len(reports[0]["by_stage"]), len(reports[1]["by_stage"])) == (2, 1)


def test_an_exported_file_says_what_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "one.onnx"
    assert main(["export", str(folder / "run"), "--out", str(file), "--stages", "1", "--licence", "CC0-1.0"]) == 0
    capsys.readouterr()
    assert main(["info", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["stages"], told["licence"], told["size"]) == (1, "CC0-1.0", [64, 64])
    assert "DrawnHands" in told["training_data"]
    assert any(name.startswith("nme (paper") for name in told["scores"])


def test_exporting_more_stages_than_there_are_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(folder / "run"), "--stages", "3", "--out", str(folder / "three.onnx")]) == 2
    assert "expected 1..2" in capsys.readouterr().err
    assert not (folder / "three.onnx").exists()
