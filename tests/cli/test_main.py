"""The command line's door: help, exit codes, errors on one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from likelihand import __version__, cli
from likelihand.cli import COMMANDS, main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["--help"]) == main(["-h"]) == 0
    told = capsys.readouterr().out
    assert all(f"  {command} " in told for command in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"likelihand {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"usage: likelihand {command}" in capsys.readouterr().out


def test_an_unknown_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predcit"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("likelihand: 'predcit' is not a command; choose one of predict, train")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "a.jpg", "--looks", "1"], "--looks is now called --tta; give --tta"),
        (["predict", "a.jpg", "--looks=1"], "--looks is now called --tta; give --tta"),
        (["predict", "a.jpg", "--closer", "never"], "--closer is now called --tiles; give --tiles"),
        (["serve", "--closer", "never"], "--closer is now called --tiles; give --tiles"),
        (["calibrate", "a.onnx", "--looks", "1", "4"], "--looks is now called --tta; give --tta"),
        (["evaluate", "a.onnx", "--looks", "4"], "--looks is now called --tta; give --tta"),
        (["robustness", "--looks", "1"], "--looks is now called --tta; give --tta"),
    ],
)
def test_a_former_option_names_the_new_one(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    told = capsys.readouterr()
    assert not told.out and told.err == f"likelihand: {message}\n"


def test_a_command_that_never_had_the_option_does_not_name_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "a.safetensors", "--looks", "1"]) == 2
    told = capsys.readouterr().err
    assert "--looks" in told and "--tta" not in told


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ValueError("one\n  two"), 2, "one two"),
        (FileNotFoundError("no file a.jpg"), 2, "no file a.jpg"),
        (ModuleNotFoundError("No module named 'timm'", name="timm.models"), 2, "pip install 'likelihand[train]'"),
        (ModuleNotFoundError("No module named 'numba'", name="numba"), 2, "pip install 'likelihand[synth]'"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_errors_are_one_line(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: list[str]) -> int:
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    assert main([]) == code
    told = capsys.readouterr().err
    assert told.startswith("likelihand: ") and message in told and told.count("\n") == 1


@pytest.mark.parametrize(("debug", "shown"), [("", False), ("1", True)])
def test_a_traceback_is_shown_on_request_alone(debug: str, shown: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "likelihand", "predict", "a.jpg", "--model", "missing.onnx"],
        env=os.environ | {"LIKELIHAND_DEBUG": debug},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("Traceback" in done.stderr) == shown
    assert done.returncode == (1 if shown else 2)
    assert "missing.onnx does not exist" in done.stderr


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -m likelihand --help | true"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
