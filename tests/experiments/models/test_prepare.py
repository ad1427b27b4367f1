"""What is needed for the bundled models: nothing is left out without a word."""

import shlex
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

from experiments.models import prepare

FOLDER = Path(prepare.__file__).parent


def test_every_step_names_a_command_that_there_is_and_a_source_that_is_explained() -> None:
    from likelihand.cli.data import parser as data
    from likelihand.cli.synth import parser as synth

    for step in prepare.steps_of(list(prepare.STEPS)):
        assert set(step.needs) <= set(prepare.SOURCES)
        command, *words = prepare.words_of(step, 2)
        if command in ("synth", "data"):
            parser = synth() if command == "synth" else data()
            words = [str(FOLDER.parents[1] / word) if word.endswith(".yaml") else word for word in words]
            parser.parse_args(words)
        else:
            assert (FOLDER / f"{command}.py").is_file()


def test_every_path_of_a_run_file_is_made_or_given() -> None:
    import re

    made = {step.out for step in prepare.steps_of(list(prepare.STEPS))}
    for name in prepare.STEPS:
        text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
        read = re.findall(r"(?:path|annotations|folder|boxes): ((?:runs|data)/[\w./-]+)", text)
        assert read, name
        for path in read:
            assert any(path == p or path.startswith(f"{p}/") for p in made | set(prepare.SOURCES)), (name, path)


def test_what_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["prepare", "weak-labels", "detect-cpu", "--plan"])
    assert prepare.main() == 0
    told = capsys.readouterr().out
    assert "would run: " + shlex.join(prepare.words_of(prepare.rendered("sixth", 24000, 41), 1)) in told
    assert "left out: runs/pseudo.json needs data/unlabelled: photos of people" in told
    assert "not there: data/fingertips: " in told
    assert list(tmp_path.iterdir()) == []
