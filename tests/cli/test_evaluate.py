"""`likelihand evaluate`: wrong requests."""

from pathlib import Path

import pytest

from likelihand.cli import main

pytest.importorskip("torch")


def test_unknown_protocol_and_data_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", "likelihand.data.DrawnHands", "--data.count", "2"]
    assert main(["evaluate", str(folder / "run"), *data, "--protocol", "best"]) == 2
    assert "protocol 'best' is not known; give one of paper, mmpose" in capsys.readouterr().err
    assert main(["evaluate", str(folder / "run"), "--data", str(folder / "nothing")]) == 2
    told = capsys.readouterr().err
    assert "nothing" in told and told.count("\n") == 1
