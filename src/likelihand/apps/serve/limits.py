"""Limits of a server, and the error for requests beyond them."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server; what exceeds them is refused with a one-line error.

    A request holds a place in the queue from before its body is read, so that memory is bounded by `queue` times
    `body`, and by `workers` pictures of `pixels` beside it.

    Attributes:
        body: bytes of a request's body, and of a stream's frame.
        pixels: of a picture.
        files: pictures in a request.
        boxes: boxes of a picture.
        queue: requests that are received, wait or are worked on.
        workers: pictures that are worked on at once.
        seconds: time of a request, from its first byte to its answer; also for a silent connection or stream.
        connections: open at once.
        streams: of those, WebSockets.

    Raises:
        ValueError: a number is not positive.

    Example:
        >>> Limits(queue=0)
        Traceback (most recent call last):
        ValueError: limit queue is 0; give a number above 0
    """

    body: int = 16_000_000
    pixels: int = 50_000_000
    files: int = 16
    boxes: int = 64
    queue: int = 64
    workers: int = 1
    seconds: float = 30.0
    connections: int = 256
    streams: int = 8

    def __post_init__(self) -> None:
        for each in fields(self):
            if not getattr(self, each.name) > 0:
                raise ValueError(f"limit {each.name} is {getattr(self, each.name)}; give a number above 0")


class Refusal(Exception):
    """Raised to refuse a request with an HTTP status (4xx or 503) and a reason of one line."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, " ".join(reason.split())
