"""What the modules of `likelihand.tracking` share: a frame, and the error of an unreadable film."""

from dataclasses import dataclass

from likelihand.geometry import Image


class VideoError(ValueError):
    """Raised where a film or camera cannot be read, or not to its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a film.

    Attributes:
        index: from 0, counting the frames that could be read.
        seconds: the film's own time of the frame, later than the one before.
        image: (height, width, 3) uint8 RGB, turned as the film asks.
    """

    index: int
    seconds: float
    image: Image


def reason(error: Exception) -> str:
    """Summarise FFmpeg's error.

    Example:
        >>> reason(OSError(2, "No such file or directory"))
        'No such file or directory'
    """
    return str(getattr(error, "strerror", None) or error)
