"""Films as they come from phones and broken disks."""

import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from likelihand.tracking import Frame, VideoError, VideoReader
from tests.tracking.conftest import TIMES, clip, picture

av = pytest.importorskip("av")


def read(file: Path) -> tuple[list[Frame], str]:
    """Read what can be read, and the error at the end."""
    frames = []
    try:
        for frame in VideoReader(file, threads=1):
            frames.append(frame)
    except VideoError as error:
        return frames, str(error)
    return frames, ""


def indexed(file: Path, frames: int = 40) -> Path:
    """Write an ordinary film with an index at its start."""
    with av.open(str(file), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(frames):
            noise = np.random.default_rng(i).integers(0, 60, (48, 64, 3)).astype(np.uint8)
            shot = av.VideoFrame.from_ndarray(picture(i % 10) // 2 + noise, "rgb24")
            shot.pts, shot.time_base = i, Fraction(1, 25)
            container.mux(stream.encode(shot))
        container.mux(stream.encode(None))
    return file


def turned(file: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a phone's display matrix (a, b, c, d) into a film's track header."""
    data = bytearray(file.read_bytes())
    place = data.index(b"tkhd") + 44
    a, b, c, d = (65536 * v for v in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    out = file.with_stem("turned")
    out.write_bytes(data)
    return out


def test_frames_and_times(film: Path) -> None:
    frames, problem = read(film)
    assert problem == "" and [f.index for f in frames] == list(range(10))
    np.testing.assert_allclose([f.seconds for f in frames], TIMES, atol=1e-4)
    for i, frame in enumerate(frames):
        assert frame.image.shape == (48, 64, 3) and frame.image.dtype == np.uint8
        assert abs(int(frame.image[40, 50, 1]) - (20 + 15 * i)) <= 4


@pytest.mark.parametrize(
    ("matrix", "corner", "size"),
    [
        ((0, 1, -1, 0), "upper right", (64, 48)),  # a phone held upright: a quarter turn clockwise
        ((0, -1, 1, 0), "lower left", (64, 48)),
        ((-1, 0, 0, -1), "lower right", (48, 64)),
        ((1, 0, 0, 1), "upper left", (48, 64)),
    ],
)
def test_a_phones_rotation(
    film: Path, matrix: tuple[int, int, int, int], corner: str, size: tuple[int, int]
) -> None:
    image = read(turned(film, matrix))[0][0].image
    assert image.shape[:2] == size
    rows = slice(0, 10) if "upper" in corner else slice(-10, None)
    columns = slice(0, 10) if "left" in corner else slice(-10, None)
    assert image[rows, columns].min() > 200
    assert (image > 200).mean() < 0.2


def test_a_truncated_film_gives_its_beginning(tmp_path: Path) -> None:
    whole = indexed(tmp_path / "whole.mp4")
    assert len(read(whole)[0]) == 40 and read(whole)[1] == ""
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    frames, problem = read(cut)
    assert 10 < len(frames) < 40
    assert f"ends too early, after {len(frames)} of 40 frames" in problem and "cut.mp4" in problem


def test_a_truncated_film_in_fragments(film: Path) -> None:
    """What a killed recorder leaves has no index that would tell how much is missing."""
    data = film.read_bytes()
    assert read(film)[1] == ""
    cut = film.with_stem("cut")
    cut.write_bytes(data[: len(data) - 60])
    frames, problem = read(cut)
    assert 5 <= len(frames) <= 10 and "ends too early" in problem


def test_damage_in_the_middle_is_told(tmp_path: Path) -> None:
    whole = indexed(tmp_path / "whole.mp4")
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = os.urandom(3000)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    frames, problem = read(damaged)
    assert 20 < len(frames) <= 40
    assert "damaged" in problem or "too early" in problem


def test_a_film_of_announced_length_without_index(tmp_path: Path) -> None:
    file = tmp_path / "film.mkv"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"bf": "0", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(50):
            shot = av.VideoFrame.from_ndarray(
                np.random.default_rng(i).integers(0, 255, (48, 64, 3), np.uint8), "rgb24"
            )
            shot.pts, shot.time_base = i, Fraction(1, 10)
            container.mux(stream.encode(shot))
        container.mux(stream.encode(None))
    assert len(read(file)[0]) == 50 and read(file)[1] == ""
    assert VideoReader(file).frames == 50
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    frames, problem = read(cut)
    assert 15 < len(frames) < 35 and "ends too early" in problem


@pytest.mark.parametrize("content", [b"", b"this is text\n" * 50, b"\x00" * 4000])
def test_what_is_no_film(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "no.mp4"
    file.write_bytes(content)
    with pytest.raises(VideoError, match=r"no\.mp4: no film that FFmpeg can read"):
        VideoReader(file)


@pytest.mark.parametrize(
    ("name", "form", "codec"),
    [
        ("clip.ts", "mpegts", "libx264"),
        ("clip.m2v", "mpegts", "libx264"),
        ("clip.mts", "mpegts", "mpeg2video"),
        ("clip", "mp4", "libx264"),
        ("clip.txt", "matroska", "mpeg4"),
        ("clip.mpg", "mpeg", "mpeg2video"),
        ("clip.m2v", "mpeg2video", "mpeg2video"),
        ("clip.264", "h264", "libx264"),
        ("clip.avi", "avi", "mpeg4"),
        ("clip.flv", "flv", "libx264"),
        ("clip.mjpeg", "mjpeg", "mjpeg"),
        ("clip.mxf", "mxf", "mpeg2video"),
    ],
)
def test_every_container_gives_all_frames_and_its_length(tmp_path: Path, name: str, form: str, codec: str) -> None:
    frames, problem = read(clip(tmp_path / name, form, codec))
    assert problem == "" and len(frames) == 20
    rate = 25 if form == "mjpeg" else 30  # which says nothing of time: FFmpeg's own guess
    assert frames[-1].seconds - frames[0].seconds == pytest.approx(19 / rate, abs=0.002)


def coarse(file: Path, rate: int, stamp: Callable[[int], int]) -> Path:
    """Write thirty frames, 33 ms apart, with stamps in ms of their own, into a film that announces a rate."""
    base = Fraction(1, 1000)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mjpeg", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        stream.time_base = stream.codec_context.time_base = base
        packets = []
        for i in range(30):
            shot = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 8 * i, np.uint8), "rgb24")
            shot = shot.reformat(format="yuvj420p")
            shot.pts, shot.time_base = 33 * i, base
            packets += stream.encode(shot)
        for i, packet in enumerate(packets + stream.encode(None)):
            packet.pts = packet.dts = stamp(i)
            packet.time_base, packet.stream = base, stream
            container.mux(packet)
    return file


@pytest.mark.parametrize(
    ("rate", "stamp"),
    [
        (12, lambda i: 33 * i - 33 * i % 99),  # three frames share a stamp
        (30, lambda i: 33 * i - 33 * i % 100),  # tenths of a second
        (30, lambda i: 33 * i - 33 * i % 500),
        (30, lambda i: 33 * i + 3_600_000 * (i > 14)),  # the clock is set on by an hour
        (25, lambda i: 33 * i),  # another rate than announced
    ],
)
def test_stamps_do_not_stretch_a_film(tmp_path: Path, rate: int, stamp: Callable[[int], int]) -> None:
    reader = VideoReader(coarse(tmp_path / "film.mkv", rate, stamp), threads=1)
    seconds = [frame.seconds for frame in reader]
    np.testing.assert_allclose(seconds, 0.033 * np.arange(30), atol=0.07)
    assert (np.diff(seconds) > 0).all() and abs(seconds[-1] - 0.957) < 0.034
    assert [jump.frame for jump in reader.jumps] == ([15] if stamp(15) > 1_000_000 else [])


def test_a_long_pause_can_be_believed(tmp_path: Path) -> None:
    file = coarse(tmp_path / "film.mkv", 30, lambda i: 33 * i + 60_000 * (i > 14))
    assert [f.seconds for f in VideoReader(file, longest_gap=100.0)][-1] == pytest.approx(60.957)


def test_a_stream_that_is_joined_midway_is_whole(tmp_path: Path) -> None:
    file = clip(tmp_path / "clip.ts", "mpegts", "libx264", gop=5)
    file.write_bytes(file.read_bytes()[188 * 9 :])
    frames, problem = read(file)
    assert 5 < len(frames) < 20 and problem == ""
