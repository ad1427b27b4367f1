"""What FFmpeg is given, and what is no film."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from likelihand.tracking import VideoError, VideoReader
from tests.tracking.conftest import clip, picture

av = pytest.importorskip("av")


def test_a_stream_that_cannot_go_back(tmp_path: Path) -> None:
    class Pipe:
        def __init__(self, file: Path) -> None:
            self.rest = file.open("rb")

        def read(self, size: int = -1, /) -> bytes:
            return self.rest.read(min(size, 100) if size >= 0 else -1)

    for form, codec in (("mp4", "libx264"), ("mpegts", "libx264"), ("matroska", "mpeg4"), ("avi", "mpeg4")):
        frames = list(VideoReader(Pipe(clip(tmp_path / form, form, codec)), threads=1))
        assert len(frames) == 20
    (tmp_path / "no").write_bytes(b"no film " * 40)
    with pytest.raises(VideoError, match=r"^-: no film that FFmpeg can read"):
        VideoReader(Pipe(tmp_path / "no"))


def test_a_cover_is_no_film(tmp_path: Path) -> None:
    file = tmp_path / "song.mp3"
    with av.open(str(file), "w") as container:
        sound = container.add_stream("libmp3lame", rate=44_100, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        shot = av.VideoFrame.from_ndarray(picture(0), "rgb24").reformat(format="yuvj420p")
        packets = [*cover.encode(shot), *cover.encode(None)]
        for i in range(4):
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.float32), "fltp", "mono")
            tone.sample_rate, tone.pts, tone.time_base = 44_100, 1152 * i, Fraction(1, 44_100)
            packets += sound.encode(tone)
        for packet in [*packets, *sound.encode(None)]:
            container.mux(packet)
    with pytest.raises(VideoError, match="holds no picture track"):
        VideoReader(file)


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    file = tmp_path / "sound.wav"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(VideoError, match="holds no picture track"):
        VideoReader(file)


def test_a_missing_file() -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.mp4: no such file"):
        VideoReader("missing.mp4")
