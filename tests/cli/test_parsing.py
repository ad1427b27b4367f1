"""The parser of objects: errors on one line, and options that may be repeated."""

import re
from argparse import ArgumentParser
from pathlib import Path

import pytest

from likelihand.cli.parsing import Extend, Parser, as_list, command_parser
from likelihand.data import DrawnHands
from likelihand.data.dataset import TrainingData


def parser() -> Parser:
    p = command_parser("train", "")
    p.add_argument("--config", action="config")
    p.add_argument("--leave-out", action=Extend, nargs="+")
    p.add_argument("--data", type=DrawnHands)
    return p


@pytest.mark.parametrize(
    ("content", "words", "expected"),
    [
        ("", ["--leave-out", "a"], ["a"]),
        ("", ["--leave-out", "a", "b", "--leave-out", "c"], ["a", "b", "c"]),
        ("leave_out: [x]", ["--leave-out", "a"], ["x", "a"]),
        ("leave_out: x", [], ["x"]),
        ("", [], []),
    ],
)
def test_words_are_added_to_what_a_run_file_lists(
    content: str, words: list[str], expected: list[str], tmp_path: Path
) -> None:
    (tmp_path / "run.yaml").write_text(content or "{}")
    arguments = parser().parse_args(["--config", str(tmp_path / "run.yaml"), *words])
    assert as_list(arguments.leave_out) == expected


@pytest.mark.parametrize("words", [["--leave", "a"], ["--data.count"], ["--nothing"]])
def test_what_is_wrong_is_an_error_to_print(words: list[str]) -> None:
    with pytest.raises(ValueError, match="see likelihand train --help"):
        parser().parse_args(words)


def test_a_class_that_cannot_take_its_arguments_is_an_error_to_print() -> None:
    p = parser()
    described = {"class_path": "likelihand.data.DrawnHands", "init_args": {"count": 3, "size": 64}}
    assert len(p.instantiate(p.parse_object({"data": described})).data) == 3

    class Odd(DrawnHands):
        def __init__(self, count: int) -> None:
            raise TypeError("no such thing")

    alone = command_parser("train", "")
    alone.add_class_arguments(Odd, "odd")
    with pytest.raises(ValueError, match="a class of the run file cannot take its init_args: no such thing"):
        alone.instantiate(alone.parse_args(["--odd.count", "1"]))


def test_help_shows_what_tells_a_reader_something() -> None:
    p = command_parser("evaluate", "")
    p.add_argument("model", type=Path, help="a model file")
    p.add_argument("--json", type=Path | None, help="write the report to this file")
    p.add_argument("--batch-size", type=int, default=32, help="crops in a batch")
    p.add_argument("--where", type=str, nargs="*", default=[], help="use only these")
    p.add_argument("--network", type=ArgumentParser, required=True, help="class_path and init_args")
    text = " ".join(p.format_help().split())
    assert "a model file (required)" in text
    assert "write the report to this file --batch-size" in text
    assert "crops in a batch (default: 32)" in text
    assert "use only these --network" in text
    assert "class_path and init_args (required, type: <class 'ArgumentParser'>)" in text


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("annotations: missing.json", "missing.json is missing; give a COCO keypoint JSON file"),
        ("anotations: a.json", "Option 'anotations' is not accepted (see likelihand train --help)"),
    ],
)
def test_of_a_choice_of_types_the_reason_alone_is_told(argument: str, message: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    p = command_parser("train", "")
    p.add_argument("--config", action="config")
    p.add_argument("--train_data", type=TrainingData)
    file = tmp_path / "run.yaml"
    file.write_text(f"train_data: {{class_path: likelihand.data.CocoHands, init_args: {{{argument}}}}}")
    with pytest.raises(ValueError, match=re.escape(message)) as told:
        p.instantiate(p.parse_args(["--config", str(file)]))
    assert "Union" not in str(told.value)


def test_a_run_file_that_is_a_picture_is_named(tmp_path: Path) -> None:
    picture = tmp_path / "hand.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(ValueError, match=r"hand\.jpg is not text: expected a run file in YAML"):
        parser().parse_args(["--config", str(picture)])
