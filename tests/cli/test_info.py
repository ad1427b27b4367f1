"""`likelihand info`: what a network costs, part by part."""

from pathlib import Path

import pytest

from likelihand.cli import main

pytest.importorskip("torch")


def test_info_counts_by_part(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = []
    for source in (["--run-file", str(folder / "run.yaml")], [str(folder / "run")]):
        assert main(["info", *source, "--size", "64"]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]
    assert [line.split()[0] for line in tables[0].splitlines()] == ["part", "backbone", "stage", "stage", "total"]
    assert main(["info", str(folder / "run"), "--size", "64", "--stages", "1"]) == 0
    assert "stage 2" not in capsys.readouterr().out


def test_the_papers_network_is_counted_where_nothing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--stages", "1", "--size", "64"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "part",
        "backbone",
        "stage",
        "total",
    ]


def test_a_model_and_a_run_file_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "run", "--run-file", "run.yaml"]) == 2
    assert "a model and --run-file exclude each other; give one of them" in capsys.readouterr().err
