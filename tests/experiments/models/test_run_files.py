"""The run files of the bundled models."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from likelihand.cli.train import parser

FOLDER = Path(__file__).resolve().parents[3] / "experiments" / "models"


@pytest.mark.parametrize("name", ["detect-cpu", "hand-1-rendered", "../ablation", "../overfit-real"])
def test_run_files_parse(name: str) -> None:
    assert parser().parse_args(["--config", str(FOLDER / f"{name}.yaml")]).out


def test_no_run_file_names_a_folder_outside() -> None:
    for file in [*FOLDER.glob("**/*.yaml"), *FOLDER.parent.glob("*.yaml")]:
        assert ".." not in file.read_text(encoding="utf-8").replace("...", ""), file


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ("hand-1-rendered", "hand-2-photos"),
        ("hand-1-rendered", "hand-3-relabelled"),
        ("hand-1-rendered", "hand-4-slower"),
        ("hand-1-rendered", "weak-labels"),
        ("detect-cpu", "detect-2-finer"),
        ("detect-cpu", "detect-rendered"),
    ],
)
def test_a_later_run_file_changes_the_first(first: str, name: str) -> None:
    files = [word for each in (first, name) for word in ("--config", str(FOLDER / f"{each}.yaml"))]
    before, whole = (parser().parse_args(words) for words in (files[:2], files))
    if "backbone" in whole.network.init_args:  # a later run may train more of it
        whole.network.init_args.backbone.init_args.frozen = before.network.init_args.backbone.init_args.frozen
    assert whole.network == before.network
    assert whole.loss.class_path == before.loss.class_path
    assert whole.out != before.out
    assert whole.train.learning_rate <= before.train.learning_rate
