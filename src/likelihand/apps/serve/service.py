"""The work behind the routes: a bounded queue and a few prediction threads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from likelihand.apps.serve.limits import Limits, Refusal
from likelihand.apps.serve.pictures import Boxes, picture_of
from likelihand.inference import Predictor
from likelihand.structures import Hand

T = TypeVar("T")


@dataclass(slots=True)
class Service:
    """What the routes share.

    Attributes:
        predict: for pictures.
        follow: for streams, faster.
        limits: of the server.
        waiting: requests that are received, wait or are worked on.
        streams: open WebSockets.
    """

    predict: Predictor
    follow: Predictor
    limits: Limits
    waiting: int = 0
    streams: int = 0
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.limits.workers, thread_name_prefix="predict")

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Reserve a place in the queue.

        Raises:
            Refusal: none is left.
        """
        if self.waiting >= self.limits.queue:
            raise Refusal(503, f"{self.waiting} requests are waiting; try again in a moment")
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def work(self, task: Callable[[], T]) -> T:
        """Run something on one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, task)

    def line(self, data: bytes, name: str, boxes: Boxes | None) -> dict[str, Any]:
        """Predict a picture: the line of `predictions.jsonl`.

        Raises:
            Refusal: it is no picture, or a box is none of this picture.
        """
        image = picture_of(data, name, self.limits)
        try:
            hands: list[Hand] = self.predict(image, boxes)
        except ValueError as error:
            raise Refusal(422, f"{name}: {error}") from error
        return {"file": name, "size": list(image.shape[:2]), "hands": [hand.to_json() for hand in hands]}

    def close(self) -> None:
        """Wait for the work in progress."""
        self._pool.shutdown(wait=True)
