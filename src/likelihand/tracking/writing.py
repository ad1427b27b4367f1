"""Write films whose frames keep their times."""

import math
import os
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from likelihand.geometry import Image
from likelihand.tracking.frames import VideoError, reason

TICKS: Final = 90_000
"""Ticks a second in which a written film's times are counted."""
_RATE: Final = 30  # frames per second that are announced


class VideoWriter:
    """Writes a film (H.264, or MPEG-4 where this FFmpeg has no encoder for it) whose frames keep their times.

    The file is whole up to the last second at any moment: it is written in fragments. Use it in a `with` block.

    Args:
        path: the film, usually .mp4; its folder is made where it is missing.
        quality: constant rate factor of x264: 18 very good, 28 small.
        threads: how many the encoder may use; None leaves it to FFmpeg.

    Raises:
        VideoError: the ending is of no film.
        ModuleNotFoundError: PyAV is missing.
    """

    def __init__(self, path: str | os.PathLike[str], quality: int = 23, threads: int | None = None) -> None:
        import av

        self.path = Path(path)
        self.quality = quality
        self.threads = threads
        self.path.parent.mkdir(parents=True, exist_ok=True)
        options = dict(_FRAGMENTED) if self.path.suffix in _FRAGMENTABLE else {}
        try:
            self._container: Any = av.open(str(self.path), "w", options=options)
        except (av.error.FFmpegError, ValueError) as error:
            raise VideoError(
                f"{self.path}: cannot be written ({reason(error)}); give a path as film.mp4"
            ) from error
        self._stream: Any = None
        self._start_seconds = 0.0
        self._last = -1
        self._count = 0

    def write(self, image: Image, seconds: float) -> None:
        """Add a frame of the first one's size, its time later than the one before; the film begins with the first.

        Raises:
            ValueError: the image is of another size, or the time is not finite.
        """
        import av

        if not math.isfinite(seconds):
            raise ValueError(f"frame at {seconds} s; give a finite time")
        if self._stream is None:
            self._start(image)
        height, width = image.shape[:2]
        if (height + height % 2, width + width % 2) != (self._stream.height, self._stream.width):
            raise ValueError(
                f"frame of {width} x {height} pixels in a film of another size; give frames of one size"
            )
        if height % 2 or width % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(image, format="rgb24")
        if self._count == 0:
            self._start_seconds = seconds
        self._last = max(round((seconds - self._start_seconds) * TICKS), self._last + 1)
        self._count += 1
        picture.pts, picture.time_base = self._last, Fraction(1, TICKS)
        self._container.mux(self._stream.encode(picture))

    def _start(self, image: Image) -> None:
        import av

        has_x264 = "libx264" in av.codec.codecs_available
        options = {"preset": "superfast", "crf": str(self.quality), "bf": "0"} if has_x264 else {"qscale": "4"}
        self._stream = self._container.add_stream("libx264" if has_x264 else "mpeg4", rate=_RATE, options=options)
        self._stream.height, self._stream.width = (n + n % 2 for n in image.shape[:2])
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS if has_x264 else 30_000)
        self._stream.codec_context.gop_size = 30
        self._stream.codec_context.thread_count = self.threads or 0

    def close(self) -> None:
        """Write what is still in the encoder, and close the file."""
        if self._container is None:
            return
        if self._stream is not None:
            packets = self._stream.encode(None)
            for packet in packets:  # the film is as long as its last frame's duration says: the mean one
                seconds = self._last / (self._count - 1) / TICKS if self._count > 1 else 1 / _RATE
                packet.duration = round(seconds / packet.time_base)
            self._container.mux(packets)
        self._container.close()
        self._container = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_FRAGMENTABLE: Final = frozenset({".mp4", ".mov", ".m4v"})
_FRAGMENTED: Final = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
