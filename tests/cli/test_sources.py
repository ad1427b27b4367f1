"""Sources: each picture and film once, in order, told apart by content, and nothing of an earlier run."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likelihand.cli.sources import Request, head_of, kind_in_folder, kind_of_file, requested, silenced, unique_name


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


def pictures(sources: Sequence[str], results: Path | None = None) -> tuple[list[str], list[str]]:
    """The pictures among what is asked for, and the problems."""
    request = requested(sources, results)
    assert request.films == []
    return request.pictures, request.problems


PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
TS = (b"G" + bytes(187)) * 8
MP4 = b"\0\0\0\x18ftypisom" + bytes(40)


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


def test_each_picture_once_in_the_order_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PNG)))
    asked = ["-", str(folder / "b.png"), str(folder / "a"), str(folder / "*.png"), "-"]
    assert pictures(asked)[0] == ["-", str(folder / "b.png"), str(folder / "a/c.JPG")]


def test_what_c_libraries_write_is_silenced_and_what_comes_after_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="kept"), silenced():
        os.write(2, b"libpng error\n")
        raise ValueError("kept")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_mixed_folder_is_sorted_by_content(tmp_path: Path) -> None:
    contents = {
        "a.jpg": PNG,
        "a.ts": TS,
        "b.ts": b"export const answer = 42;",  # TypeScript
        "deep/clip": MP4,
        "deep/c.m2v": TS[100:],  # cut within a packet
        "deep/d.mp4": b"damaged",
        "deep/e.jpg": b"damaged",
        "f.jpeg": MP4,  # damaged: its name decides
        "notes.txt": b"Dear Sir",
        "song.m4a": MP4,
        "out/x.overlay.mp4": MP4,
        "out/x.jsonl": b"{}",
        "earlier/y.overlay.png": PNG,
        "earlier/predictions.jsonl": b"{}",
        "results/a.png": PNG,
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    request = requested([str(tmp_path)], tmp_path / "results")
    names = [[str(Path(f).relative_to(tmp_path)) for f in found] for found in (request.pictures, request.films)]
    assert names == [["a.jpg", "deep/e.jpg", "f.jpeg"], ["a.ts", "deep/c.m2v", "deep/clip", "deep/d.mp4"]]
    assert request.problems == []


def test_a_folder_of_neither(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear Sir")
    assert requested([str(tmp_path)]).problems == [f"{tmp_path}: no picture or film in this folder"]


@pytest.mark.parametrize(
    ("content", "kind"), [(PNG, "pictures"), (TS, "films"), (b"", "pictures"), (b"?", "films")]
)
def test_standard_input_by_content(content: bytes, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    request = requested(["-"])
    assert getattr(request, kind) == ["-"] and request.stdin is not None
    assert request.stdin.read() == content


@pytest.mark.parametrize("name", ["film.mxf", "film", "film.dat"])
def test_what_no_sign_tells_ffmpeg_is_asked(name: str, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    from tests.tracking.conftest import clip

    file = clip(tmp_path / name, "nut", "mpeg4")
    assert requested([str(file)]).films == [str(file)]
    text = tmp_path / "notes.txt"
    text.write_text("Dear Sir\n" * 50)
    assert av and requested([str(text)]).pictures == [str(text)]


def test_names_of_addresses_keep_no_secret() -> None:
    assert unique_name("rtsp://me:secret@cam.local:554/live/one.sdp?key=1", set()) == "cam.local-one"
    assert unique_name("https://example.org/a/%C3%BC%20%2F..%2F:.mp4?x", set()) == "example.org"
    assert requested(["rtsp://cam/1", "udp://@:5000"]) == Request(films=["rtsp://cam/1", "udp://@:5000"])
