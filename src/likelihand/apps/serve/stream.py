"""Track hands over a WebSocket: one tracker per connection; under load only the newest frame is processed."""

import asyncio
import contextlib
import time
from functools import partial
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from likelihand.apps.serve.limits import Refusal
from likelihand.apps.serve.pictures import picture_of
from likelihand.apps.serve.service import Service
from likelihand.tracking import Tracker
from likelihand.tracking.following import tracker_of

TRY_LATER = 1013  # the code of a closed WebSocket (RFC 6455's registry)


class Mailbox:
    """Holds the newest frame; older ones are dropped.

    Attributes:
        dropped: how many were.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._frame: tuple[bytes, float] | None = None
        self._filled = asyncio.Event()

    def put(self, data: bytes, seconds: float) -> None:
        """Leave a frame."""
        self.dropped += self._frame is not None
        self._frame = (data, seconds)
        self._filled.set()

    async def take(self) -> tuple[bytes, float]:
        """Wait for a frame."""
        await self._filled.wait()
        self._filled.clear()
        assert self._frame is not None
        frame, self._frame = self._frame, None
        return frame


async def stream(socket: WebSocket) -> None:
    """Track the hands in the frames that a client sends, each a JPEG, PNG or WebP file in a binary message."""
    service: Service = socket.app.state.service
    await socket.accept()
    if service.streams >= service.limits.streams:
        await socket.close(TRY_LATER, f"{service.streams} streams are open; try again later")
        return
    service.streams += 1
    mailbox = Mailbox()
    answering = asyncio.create_task(_answer(socket, service, mailbox))
    try:
        await _receive(socket, service, mailbox, answering)
    finally:
        service.streams -= 1
        answering.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await answering


async def _receive(socket: WebSocket, service: Service, mailbox: Mailbox, answering: "asyncio.Task[None]") -> None:
    start = time.monotonic()
    while not answering.done():
        try:
            async with asyncio.timeout(service.limits.seconds):
                message = await socket.receive()
        except TimeoutError:
            await socket.close(1000, f"no frame for {service.limits.seconds:g} s")
            return
        if message["type"] == "websocket.disconnect":
            return
        data = message.get("bytes")
        if data is None:
            await socket.send_json({"error": "a text message; send frames as binary messages"})
            continue
        mailbox.put(data, time.monotonic() - start)


async def _answer(socket: WebSocket, service: Service, mailbox: Mailbox) -> None:
    """Process the newest frame, repeatedly."""
    tracker = tracker_of(service.follow)
    number = 0
    while True:
        data, seconds = await mailbox.take()
        try:
            found = await service.work(partial(_tracked, service, tracker, data, seconds))
        except Refusal as refusal:
            await socket.send_json({"error": refusal.reason})
            continue
        await socket.send_json({"frame": number, **found, "dropped": mailbox.dropped})
        number += 1


def _tracked(service: Service, tracker: Tracker, data: bytes, seconds: float) -> dict[str, Any]:
    image = picture_of(data, "frame", service.limits)
    hands = tracker(image, seconds)
    told = [hand.to_json() for hand in hands]
    return {"time": round(seconds, 6), "size": list(image.shape[:2]), "hands": told}
