"""Frames with their times, from films and cameras."""

import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from likelihand.geometry import Image
from likelihand.video.frames import Frame, VideoError, reason


class VideoReader:
    """Reads the frames of a film; iterate over it once.

    Args:
        path: a file that FFmpeg reads.
        threads: how many the decoder may use; None leaves it to FFmpeg.

    Attributes:
        frames: number of frames that the file announces; None where it does not.

    Raises:
        FileNotFoundError: there is no such file.
        VideoError: the file holds no film. While iterating: it ends too early or is damaged; every frame that can
            be read was given before.
        ModuleNotFoundError: PyAV is missing.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "film.mp4"
        >>> from likelihand.video import VideoWriter
        >>> with VideoWriter(file) as film:
        ...     for i in range(3):
        ...         film.write(np.full((32, 48, 3), 80 * i, np.uint8), seconds=0.1 * i)
        >>> [(frame.index, round(frame.seconds, 3), frame.image.shape) for frame in VideoReader(file)]
        [(0, 0.0, (32, 48, 3)), (1, 0.1, (32, 48, 3)), (2, 0.2, (32, 48, 3))]
    """

    def __init__(self, path: str | os.PathLike[str], threads: int | None = None) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"{self.path}: no such file; check the path")
        import av

        try:
            self._container: Any = av.open(str(self.path))
        except (av.error.FFmpegError, OSError) as error:
            raise VideoError(
                f"{self.path}: no film that FFmpeg can read ({reason(error)}); give a whole one"
            ) from error
        if not self._container.streams.video:
            self._container.close()
            raise VideoError(f"{self.path}: the file holds no picture track; give a film")
        self._stream: Any = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = threads or 0
        self._rate = float(self._stream.average_rate or 30)
        self._length = self._announced_seconds()
        self._indexed = bool(self._stream.frames)
        estimate = None if self._length is None else round(self._length * self._rate)
        self.frames: int | None = self._stream.frames or estimate
        self._last = -1.0

    def _announced_seconds(self) -> float | None:
        """Give the length that the file announces, where it does."""
        import av

        if self._stream.duration:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def __iter__(self) -> Iterator[Frame]:
        """Give frame after frame, in the order of their times."""
        count = damaged = 0
        try:
            for picture in self._decoded():
                if picture is None or picture.is_corrupt:
                    damaged += 1
                if picture is not None:
                    yield Frame(count, self._time(picture), _upright(picture))
                    count += 1
        finally:
            self._container.close()
        if (problem := self._problem(count, damaged)) is not None:
            raise VideoError(f"{self.path}: {problem}")

    def _decoded(self) -> Iterator[Any]:
        """Give decoded frames, and None for a packet that cannot be decoded."""
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                yield from packet.decode()
            except (StopIteration, av.error.EOFError):
                return
            except av.error.InvalidDataError:
                yield None
            except (av.error.FFmpegError, OSError):
                yield None
                return

    def _time(self, picture: Any) -> float:  # noqa: ANN401
        """Give a frame's time; where it is missing or runs backwards, a frame's length after the last."""
        seconds = picture.time
        if seconds is None or seconds <= self._last:
            seconds = self._last + 1 / self._rate if self._last >= 0 else 0.0
        self._last = float(seconds)
        return self._last

    def _problem(self, count: int, damaged: int) -> str | None:
        """Say what was wrong, once everything is read."""
        if not count:
            return "no frame can be read; the film is empty or damaged"
        if self._indexed:
            short = count + damaged < (self.frames or 0)
        else:
            slack = _SOUND if len(self._container.streams) > 1 else 2.5 / self._rate
            short = _is_cut(self.path) or (self._length is not None and self._last + slack < self._length)
        if short:
            return f"ends too early, after {count} of {self.frames or 'more'} frames (truncated); those were read"
        if damaged:
            return f"{damaged} damaged places; {count} frames were read"
        return None


_SOUND: Final = 1.0
"""Seconds by which a film without an index may end before its announced length where it has sound."""


def _is_cut(path: Path) -> bool:
    """Tell whether an MP4 or QuickTime file ends within one of its boxes."""
    end, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place + 16 <= end:
            file.seek(place)
            size, kind, large = struct.unpack(">I4sQ", file.read(16))
            if place == 0 and kind != b"ftyp":
                return False
            if size == 0:
                return False
            place += max(large if size == 1 else size, 8)
    return place != end


def _upright(picture: Any) -> Image:  # noqa: ANN401
    """Turn a decoded frame as its display matrix asks, counter-clockwise in quarter turns."""
    image: Image = picture.to_ndarray(format="rgb24")
    quarters = round((picture.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image


class Camera:
    """Reads the frames of a camera until it is interrupted or stops.

    Args:
        number: the camera's number, from 0.

    Raises:
        VideoError: there is no such camera, or it gives no picture.
    """

    frames: int | None = None

    def __init__(self, number: int) -> None:
        with _quiet():
            self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise VideoError(
                f"camera {number} cannot be opened; give the number of a camera that is plugged in, as 0"
            )
        self.number = number

    def __iter__(self) -> Iterator[Frame]:
        """Give frames as they come; their times count from the first."""
        start: float | None = None
        index = 0
        try:
            while True:
                good, picture = self._capture.read()
                if not good:
                    raise VideoError(f"camera {self.number} stopped giving pictures after {index} frames")
                now = time.monotonic()
                start = now if start is None else start
                yield Frame(index, now - start, np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8))
                index += 1
        finally:
            self._capture.release()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV from writing of its own to standard error."""
    log: Any = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(level)
