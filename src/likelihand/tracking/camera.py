"""Frames from a camera on this machine."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from likelihand.tracking.frames import Frame, VideoError
from likelihand.tracking.times import Jump
from likelihand.utils import opencv as cv2


class Camera:
    """Reads the frames of a camera until it is interrupted or stops.

    Args:
        number: the camera's number, from 0.

    Raises:
        VideoError: there is no such camera, or it gives no picture.
    """

    frames: int | None = None
    jumps: Sequence[Jump] = ()

    def __init__(self, number: int) -> None:
        with _quiet():
            self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise VideoError(
                f"camera {number} cannot be opened; give the number of a camera that is plugged in, as 0"
            )
        self.number = number
        self.name = f"camera {number}"

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames as they come; their times count from the first."""
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
    """Keep OpenCV from writing to standard error."""
    log: Any = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(level)
