"""Files that are there whole or not at all."""

import os
from pathlib import Path

import pytest

from likelihand.utils.files import begin_folder, made_ready, replacing, write_atomically, write_json


def test_the_old_content_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.onnx"
    write_atomically(file, b"old")
    with pytest.raises(RuntimeError), replacing(file) as partial:
        assert partial.suffix == ".onnx" and partial.parent == tmp_path
        partial.write_bytes(b"half")
        raise RuntimeError
    assert file.read_bytes() == b"old"
    write_atomically(file, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]
    assert file.read_bytes() == b"new"


def test_a_writer_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        pass


def test_what_has_no_form_in_json_leaves_the_file_alone(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": [1, None]})
    assert (tmp_path / "a.json").read_text() == '{\n "a": [\n  1,\n  null\n ]\n}\n'
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", object())
    assert (tmp_path / "a.json").read_text().startswith("{")


def test_a_folder_is_begun_for_one_thing(tmp_path: Path) -> None:
    file = tmp_path / "new" / "about.json"
    begin_folder(file, {"seed": 1, "size": (2, 3)})
    begin_folder(file, {"size": (2, 3), "seed": 1})
    with pytest.raises(ValueError, match=r"new was begun with another count, seed; give the same settings"):
        begin_folder(file, {"seed": 2, "size": (2, 3), "count": 1})


def test_a_full_disk_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_atomically(path, b"old")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_files_folder_is_made_before_the_work(tmp_path: Path) -> None:
    made_ready(None, tmp_path / "deep" / "scores.json")
    assert (tmp_path / "deep").is_dir() and not (tmp_path / "deep" / "scores.json").exists()
    with pytest.raises(IsADirectoryError):
        made_ready(tmp_path / "deep")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        made_ready(tmp_path / "file" / "scores.json")
