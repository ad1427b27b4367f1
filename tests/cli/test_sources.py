"""Sources: each picture once, in order, and no overlay of an earlier run."""

import os
from pathlib import Path

import pytest

from likelihand.cli.sources import pictures, silenced


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a/c.JPG", "a/notes.txt", "predictions/b.png", "predictions/deep/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_a_folder_is_searched_without_the_results(folder: Path) -> None:
    found, problems = pictures([str(folder)], folder / "predictions")
    assert [str(Path(f).relative_to(folder)) for f in found] == ["a/c.JPG", "b.png"] and problems == []
    assert len(pictures([str(folder)])[0]) == 4


def test_results_asked_for_by_name_are_taken(folder: Path) -> None:
    results = folder / "predictions"
    for source in (str(results / "b.png"), str(results / "*.png")):
        assert pictures([source], results)[0] == [str(results / "b.png")]
    assert len(pictures([str(results)], results)[0]) == 2
    assert len(pictures([str(results / "deep")], results)[0]) == 1  # results written to a folder above


def test_each_picture_once_in_the_order_asked_for(folder: Path) -> None:
    asked = ["-", str(folder / "b.png"), str(folder / "a"), str(folder / "*.png"), "-"]
    assert pictures(asked)[0] == ["-", str(folder / "b.png"), str(folder / "a/c.JPG")]


def test_what_c_libraries_write_is_silenced_and_what_comes_after_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="kept"), silenced():
        os.write(2, b"libpng error\n")
        raise ValueError("kept")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
