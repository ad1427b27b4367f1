"""A small static server for the page, from the standard library."""

import hashlib
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

from likelihand.apps.web.files import HEADERS, Page

IDLE: Final = 30.0
"""Seconds after which a connection that says nothing is closed."""


class PageServer(ThreadingHTTPServer):
    """Serves a page until it is shut down.

    Args:
        page: the files.
        host: the address to listen at.
        port: the port; 0 takes a free one.

    Raises:
        OSError: the port is taken, or forbidden.

    Example:
        >>> with PageServer(Page(), port=0) as server:
        ...     server.url.startswith("http://127.0.0.1:")
        True
    """

    daemon_threads = True

    def __init__(self, page: Page, host: str = "127.0.0.1", port: int = 0) -> None:
        self.page = page
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Print an error, unless it is a browser's that went away: a tab was closed or a page loaded again."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The page's address."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float] = IDLE

    def do_GET(self) -> None:
        """Send a file."""
        self._send(body=True)

    def do_HEAD(self) -> None:
        """Send a file's headers."""
        self._send(body=False)

    def _send(self, body: bool) -> None:
        name = unquote(urlsplit(self.path).path).removeprefix("/")
        file = self.server.page.file(name)
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND, "no such file")
            return
        packed = file.packed and "gzip" in self.headers.get("Accept-Encoding", "")
        content = file.content if packed else file.unpacked()
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        same = self.headers.get("If-None-Match") == tag
        self.send_response(HTTPStatus.NOT_MODIFIED if same else HTTPStatus.OK)
        for header, value in {**HEADERS, "ETag": tag, "Content-Type": file.media_type}.items():
            self.send_header(header, value)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        if not same:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body and not same:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401
        """Log nothing."""
