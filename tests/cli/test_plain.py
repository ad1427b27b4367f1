"""The parser of plain values."""

import pytest

from likelihand.cli.plain import PlainParser


def parser() -> PlainParser:
    p = PlainParser("predict", "Find hands.")
    p.add_argument("--threads", type=int, help="threads")
    return p


@pytest.mark.parametrize("words", [["--thr", "1"], ["--threads"], ["--threads", "x"], ["more"]])
def test_what_is_wrong_is_an_error_to_print_and_names_the_help(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"\(see likelihand predict --help\)$"):
        parser().parse_args(words)


def test_help_names_the_command_and_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    p = parser()
    p.add_argument("--size", type=int, default=96, help="side")
    with pytest.raises(SystemExit):
        p.parse_args(["--help"])
    told = capsys.readouterr().out
    assert "usage: likelihand predict" in told and "side (default: 96)" in told


def test_help_shows_the_defaults_that_tell_something(capsys: pytest.CaptureFixture[str]) -> None:
    p = PlainParser("predict", "")
    p.add_argument("--out", default="predictions", help="output folder")
    p.add_argument("--model", help="model file")
    p.add_argument("--fit", action="store_true", help="fit hands")
    p.add_argument("--no-overlay", dest="overlay", action="store_false", help="no overlays")
    with pytest.raises(SystemExit):
        p.parse_args(["--help"])
    printed = capsys.readouterr().out
    assert "output folder (default: predictions)" in printed
    assert printed.count("default") == 1
