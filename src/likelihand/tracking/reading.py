"""Frames with their times, from films."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import numpy as np

from likelihand.geometry import Image
from likelihand.tracking.addresses import Source, shown
from likelihand.tracking.frames import Frame, VideoError, reason
from likelihand.tracking.opening import film_track, is_cut, open_film
from likelihand.tracking.times import LONGEST_GAP, Clock, Jump
from likelihand.utils.storage import is_address

TIMEOUT: Final = 10.0
"""Seconds after which a silent network is given up."""
_RATE: Final = 30.0  # frames a second of films that do not say, or that say what no film has
_FASTEST: Final = 1000.0
_HELD: Final = 256e6  # bytes of frames that may wait for a time stamp
_SOUND: Final = 1.0  # seconds by which a film without an index may end before its length where it has sound


class VideoReader:
    """Reads the frames of a film; iterate over it once.

    The times of frames are the film's own where they can be true. Frames that share one are spread evenly; where
    the film's clock jumps, back or far ahead, the frame rate says how long the step was.

    Args:
        source: a file that FFmpeg reads, whatever its ending; an address as rtsp:// or http://; or a stream of
            bytes with `read`, as `sys.stdin.buffer`.
        threads: how many the decoder may use; None leaves it to FFmpeg.
        timeout: seconds after which a silent network is given up.
        longest_gap: seconds between two frames above which the clock has jumped; infinity believes every gap.

    Attributes:
        name: what messages call it.
        rate: frames per second, as the film announces.
        frames: number of frames that the film announces; None where it does not.
        live: whether it comes from a network without an end.
        jumps: places where the film's clock jumped, among the frames read so far.

    Raises:
        FileNotFoundError: there is no such file.
        VideoError: it holds no film, or cannot be reached. While iterating: it ends too early, is damaged, or its
            network falls silent; every frame that can be read was given before.
        ModuleNotFoundError: PyAV is missing.

    Example:
        >>> import tempfile, pathlib
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "film.mp4"
        >>> from likelihand.tracking import VideoWriter
        >>> with VideoWriter(file) as film:
        ...     for i in range(3):
        ...         film.write(np.full((32, 48, 3), 80 * i, np.uint8), seconds=0.1 * i)
        >>> [(frame.index, round(frame.seconds, 3), frame.image.shape) for frame in VideoReader(file)]
        [(0, 0.0, (32, 48, 3)), (1, 0.1, (32, 48, 3)), (2, 0.2, (32, 48, 3))]
    """

    def __init__(
        self,
        source: Source,
        threads: int | None = None,
        *,
        timeout: float = TIMEOUT,
        longest_gap: float = LONGEST_GAP,
    ) -> None:
        self.name = shown(source)
        self._source, self._timeout = source, timeout
        self._container: Any = open_film(source, timeout)
        self._stream: Any = film_track(self._container, self.name)
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = threads or 0
        self.rate = _rate(self._stream)
        self._length = self._announced_seconds()
        self.live = is_address(source) and self._length is None
        self._indexed = bool(self._stream.frames)
        estimate = (
            None if self._length is None else round(self._length * float(self._stream.average_rate or self.rate))
        )
        self.frames: int | None = self._stream.frames or estimate
        self._clock = Clock(self.rate, longest_gap)
        self._latest = -1.0  # time stamp
        self._damaged = 0
        self._broken: str | None = None

    @property
    def jumps(self) -> list[Jump]:
        """Places where the film's clock jumped, among the frames read so far."""
        return self._clock.jumps

    def _announced_seconds(self) -> float | None:
        """Return the length that the film announces, where it does."""
        import av

        if self._stream.duration:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def __iter__(self) -> Iterator[Frame]:
        """Yield frame after frame, in the order of their times."""
        context, count = self._stream.codec_context, 0
        size = 1.5 * max(1, context.width * context.height)  # bytes, with colour at half the resolution
        try:
            for picture, seconds in self._clock.timed(self._stamped(), most=int(max(16, min(120, _HELD / size)))):
                yield Frame(count, seconds, _upright(picture))
                count += 1
        finally:
            self._container.close()
        if (problem := self._problem(count)) is not None:
            raise VideoError(f"{self.name}: {problem}")

    def _stamped(self) -> Iterator[tuple[Any, float | None]]:
        """Yield decoded pictures with their time stamps, and count what cannot be decoded."""
        whole = self._indexed  # a stream that is joined midway begins with what cannot be decoded
        for picture in self._decoded():
            damaged = picture is None or picture.is_corrupt
            whole = whole or not damaged
            self._damaged += damaged and whole
            if picture is not None:
                stamp = None if picture.time is None else float(picture.time)
                self._latest = max(self._latest, stamp or 0.0)
                yield picture, stamp

    def _decoded(self) -> Iterator[Any]:
        """Yield decoded pictures, and None for a packet that cannot be decoded."""
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                yield from next(packets).decode()
            except (StopIteration, av.error.EOFError):
                return
            except av.error.InvalidDataError:
                yield None
            except (av.error.FFmpegError, OSError) as error:
                silent = isinstance(error, av.error.ExitError)
                self._broken = f"no answer for {self._timeout:g} s; check the network" if silent else reason(error)
                break
        with suppress(av.error.FFmpegError):
            yield from self._stream.codec_context.decode(None)  # what the decoder still holds

    def _problem(self, count: int) -> str | None:
        """Say what was wrong, once everything is read."""
        if self._broken:
            return f"{self._broken}; {count} frames were read"
        if not count:
            return "no frame can be read; the film is empty or damaged"
        if self._is_short(count):
            return f"ends too early, after {count} of {self.frames or 'more'} frames (truncated); those were read"
        if self._damaged:
            return f"{self._damaged} damaged places; {count} frames were read"
        return None

    def _is_short(self, count: int) -> bool:
        """Tell whether frames are missing at the end."""
        if self._indexed:
            return count + self._damaged < (self.frames or 0)
        if isinstance(self._source, str | os.PathLike) and not is_address(self._source) and is_cut(self._source):
            return True
        slack = _SOUND if len(self._container.streams) > 1 else 2.5 / self.rate
        return not self.jumps and self._length is not None and self._latest + slack < self._length


def _rate(stream: Any) -> float:  # noqa: ANN401
    """Return the frames per second that a film's track announces, where it is a number that films have.

    FFmpeg's guess knows more than the mean of a track without time stamps, and less than it of uneven ones.
    """
    mean, guess = (
        float(v) if v and 0 < v <= _FASTEST else None for v in (stream.average_rate, stream.guessed_rate)
    )
    if guess and (mean is None or 0.5 <= guess / mean <= 2):
        return guess
    return mean or _RATE


def _upright(picture: Any) -> Image:  # noqa: ANN401
    """Turn a decoded frame as its display matrix asks, counter-clockwise in quarter turns."""
    image: Image = picture.to_ndarray(format="rgb24")
    quarters = round((picture.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
