"""`likelihand bench`: which options reach the measurement. No time is judged."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from likelihand.cli import main
from likelihand.evaluation import benchmark
from likelihand.evaluation.benchmark import BenchOptions, Row


def test_options_reach_the_measurement_and_the_table_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[BenchOptions] = []

    def bench(options: BenchOptions) -> list[Row]:
        asked.append(options)
        return [Row("crops", 12.5, "1/s", "of a test")]

    monkeypatch.setattr(benchmark, "bench", bench)
    assert main(["bench", "--quick", "--stages", "2", "--json", str(tmp_path / "a.json")]) == 0
    assert (asked[0].rounds, asked[0].size, asked[0].batch, asked[0].stages) == (3, 128, 4, 2)
    assert "crops" in capsys.readouterr().out
    assert "12.5" in json.dumps(json.loads((tmp_path / "a.json").read_text()))
    assert main(["bench", "--rounds", "9"]) == 0
    assert (asked[1].rounds, asked[1].size, asked[1].batch) == (9, 256, 8)


def test_a_wrong_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--batch", "0"]) == 2
    assert "bench option batch is 0; give 1 or more" in capsys.readouterr().err
