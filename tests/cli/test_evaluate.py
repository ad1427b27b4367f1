"""`likelihand evaluate`: scores of uncertainty, pictures of them, wrong requests."""

import json
from pathlib import Path

import pytest

from likelihand.cli import main
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
