"""Graceful interruption: the first interrupt asks the run to write its checkpoint and stop, the second aborts."""

import signal
import threading
from types import FrameType
from typing import Any


class StopRequest:
    """Remembers, within its block, whether the process was asked to stop (Ctrl-C, or SIGTERM of a cluster).

    Example:
        >>> with StopRequest() as stop:
        ...     signal.raise_signal(signal.SIGINT)
        ...     stop.asked
        True
    """

    def __init__(self) -> None:
        self.asked = False
        self._earlier: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            self._earlier = {n: signal.signal(n, self._ask) for n in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
        self._earlier = {}
