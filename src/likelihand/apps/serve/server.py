"""uvicorn with limits on headers, idle time and connections."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from likelihand.apps.serve.guard import HEAD, App
from likelihand.apps.serve.limits import Limits


def server(app: App, limits: Limits, host: str, port: int) -> uvicorn.Server:
    """Make the server; `run()` serves until SIGINT or SIGTERM, and finishes the requests in progress.

    Port 0 takes a free one.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_protocol(limits.seconds),
        ws="websockets-sansio",
        ws_max_size=limits.body,
        ws_max_queue=2,
        h11_max_incomplete_event_size=HEAD,
        limit_concurrency=limits.connections,
        timeout_keep_alive=int(limits.seconds),
        timeout_graceful_shutdown=int(2 * limits.seconds),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    return uvicorn.Server(config)


def _protocol(seconds: float) -> type[H11Protocol]:
    class Patient(H11Protocol):
        """Closes a connection whose next request does not come, or not to the end of its head."""

        waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:  # noqa: ANN401
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._rest()
            super().connection_lost(exc)

        def _watch(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self._rest()
            elif self.waiting is None:
                self.waiting = self.loop.call_later(seconds, self._give_up)

        def _rest(self) -> None:
            if self.waiting is not None:
                self.waiting.cancel()
                self.waiting = None

        def _give_up(self) -> None:
            self.waiting = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

    return Patient
