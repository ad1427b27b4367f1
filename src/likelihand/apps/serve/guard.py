"""Middleware before the routes: limits on body size and time, token, origin check, one-line errors."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from likelihand.apps.serve.limits import Limits, Refusal

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

HEAD: Final = 32_768
"""Bytes of a request's headers, and of what else the server has not yet understood."""


def refused(refusal: Refusal) -> JSONResponse:
    """Return a refusal as a response; what is refused before its body was read ends the connection."""
    headers = {"Retry-After": "1"} if refusal.status == 503 else {}
    return JSONResponse({"error": refusal.reason}, refusal.status, headers | {"Connection": "close"})


class Guard:
    """ASGI middleware.

    Args:
        app: what is guarded.
        limits: of a body's size and a request's time.
        token: what `/v1/` asks for, as `Authorization: Bearer TOKEN`, or `?token=` of a WebSocket; None for none.
    """

    def __init__(self, app: App, limits: Limits, token: str | None) -> None:
        self.app, self.limits, self.token = app, limits, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            return await self.app(scope, receive, send)
        try:
            self._check(scope)
        except Refusal as refusal:
            if scope["type"] == "websocket":  # the handshake has no body for a reason
                await send({"type": "websocket.close", "code": 1008, "reason": refusal.reason})
            else:
                await refused(refusal)(scope, receive, send)
            return None
        if scope["type"] == "websocket":
            return await self.app(scope, receive, send)
        return await self._http(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > HEAD:
            raise Refusal(431, f"the headers are larger than {HEAD} bytes")
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            raise Refusal(403, f"requests from {origin[:100]} are not taken; the page must be this server's own")
        if self.token is not None and scope["path"].startswith("/v1/") and not self._is_known(scope, headers):
            raise Refusal(401, "the token is missing or wrong; send Authorization: Bearer TOKEN")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > self.limits.body:
            raise Refusal(413, f"the body is of {length[:20]} bytes; at most {self.limits.body} are taken")

    def _is_known(self, scope: Scope, headers: Headers) -> bool:
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if scope["type"] == "websocket" and not given:
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return secrets.compare_digest(given.encode(), (self.token or "").encode())

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, received = False, 0

        async def count() -> MutableMapping[str, Any]:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limits.body:
                raise Refusal(413, f"the body is larger than {self.limits.body} bytes")
            return message

        async def note(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self.limits.seconds if scope["method"] == "POST" else None):
                await self.app(scope, count, note)
        except Refusal as refusal:
            problem = refusal
        except TimeoutError:
            problem = Refusal(408, f"not done within {self.limits.seconds:g} s; send less, or send it faster")
        except Exception as error:  # Starlette has answered; a traceback is for the log alone
            logging.getLogger(__name__).error("%s %s failed", scope["method"], scope["path"], exc_info=error)
            problem = Refusal(500, "the server failed at this request")
        else:
            return
        if not started:
            await refused(problem)(scope, receive, send)
