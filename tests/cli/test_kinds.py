"""Pictures and films told apart as files and in folders."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likelihand.cli.kinds import head_of, kind_in_folder, kind_of_file


def encoded(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, form)
    return buffer.getvalue()


def test_the_content_counts_where_it_is_known_and_the_name_where_not(tmp_path: Path) -> None:
    for name, content, kind in (
        ("film.mp4", encoded("PNG"), "picture"),
        ("a", b"OggS", "film"),
        ("damaged.jpg", b"?", "picture"),
        ("moving.mjpeg", encoded("JPEG"), "film"),
        ("gone.mkv", None, "film"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert kind_of_file(tmp_path / name) == kind, name
    assert head_of(str(tmp_path / "gone.mkv")) == b""


@pytest.mark.parametrize(
    ("name", "kind"), [("a.ts", None), ("song.m4a", None), ("a.mp4", "film"), ("a.txt", None)]
)
def test_in_a_folder_what_nobody_named_is_passed_over(name: str, kind: str | None, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"export const answer = 42;")
    assert kind_in_folder(tmp_path / name) == kind
