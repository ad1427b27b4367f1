"""`likelihand predict` takes nothing from its users: neither their pictures nor the results of an earlier run."""

import errno
from pathlib import Path
from typing import Any

import pytest

from likelihand.cli import explain, main


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments)])


def test_an_overlay_never_takes_a_pictures_place(model: Path, pictures: Path) -> None:
    folder = pictures / "a"
    original = (folder / "x.png").read_bytes()
    for _ in range(2):  # the second time the overlay of the first lies in the folder
        assert predict(folder, "--crop", "--model", model, "--out", folder) == 0
        assert (folder / "x.png").read_bytes() == original
        assert len((folder / "predictions.jsonl").read_text().splitlines()) == 1
    assert sorted(file.name for file in folder.iterdir()) == ["predictions.jsonl", "x.overlay.png", "x.png"]


@pytest.mark.parametrize("source", ["missing.jpg", "no*.jpg", "empty", "notes.jpg"])
def test_what_cannot_be_read_leaves_older_results(
    source: str, model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, options = tmp_path / "out", ("--crop", "--model", model, "--format", "csv")
    assert predict(pictures, *options, "--out", out) == 0
    older = {file.name: file.read_bytes() for file in out.iterdir()}
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.jpg").write_text("Dear Sir")
    capsys.readouterr()
    assert predict(tmp_path / source, *options, "--out", out) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert {file.name: file.read_bytes() for file in out.iterdir()} == older


def test_a_summary_counts_in_english(
    model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = (pictures / "a/x.png", "missing.jpg")
    assert predict(*sources, "--crop", "--model", model, "--out", tmp_path) == 1
    assert f"1 hand in 2 pictures -> {tmp_path / 'predictions.jsonl'}; 1 failed" in capsys.readouterr().err


def test_a_file_where_a_folder_is_wanted(model: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = pictures / "a/x.png"
    assert predict(taken, "--crop", "--model", model, "--out", taken) == 2
    assert capsys.readouterr().err == f"likelihand: {taken}: a file has this name; give the name of a folder\n"
    assert predict(taken, "--crop", "--model", model, "--out", taken / "deeper") == 2
    told = capsys.readouterr().err
    assert "Errno" not in told and told.startswith(f"likelihand: {taken}")


@pytest.mark.parametrize("option", ["--show", "--osc=127.0.0.1:9000"])
def test_what_is_for_films_is_not_ignored_for_pictures(
    option: str, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(pictures, option) == 2
    assert "is for films and cameras; leave it out for pictures" in capsys.readouterr().err


def test_faults_of_the_system_are_told_in_words() -> None:
    assert explain(PermissionError(13, "Permission denied", "/a")).startswith("/a: permission denied")
    assert explain(OSError(28, "No space left on device", "/a")) == "/a: No space left on device"
    assert explain(OSError(errno.EADDRINUSE, "Address already in use")).startswith(
        "the port is taken by another program"
    )
    assert explain(OSError("weights cannot be had")) == "weights cannot be had"


def test_an_interruption_says_what_is_done(
    model: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from likelihand.cli.sources import read_picture

    def interrupted(picture: str, *rest: object) -> Any:
        if picture.endswith("y.jpg"):
            raise KeyboardInterrupt
        return read_picture(picture, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("likelihand.cli.predict.read_picture", interrupted)
    out = tmp_path / "out"
    assert predict(pictures, "--crop", "--model", model, "--out", out, "--format", "csv") == 130
    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"likelihand: 2 hands in 2 of 3 pictures -> {out / 'predictions.csv'}",
        "likelihand: interrupted",
    ]
    assert len((out / "predictions.csv").read_text().splitlines()) == 1 + 2 * 21
