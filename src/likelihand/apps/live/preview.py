"""Live preview: in a window where OpenCV supports them, else in the browser."""

import io
import threading
import webbrowser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol, Self

from likelihand.geometry import Image
from likelihand.utils import opencv as cv2

TITLE: Final = "likelihand"
QUIT: Final = (ord("q"), 27)
BOUNDARY: Final = "frame"
PAGE: Final = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=color-scheme content='light dark'>"
    f"<title>{TITLE}</title><style>body{{margin:0;display:grid;place-items:center;min-height:100vh}}"
    "img{max-width:100vw;max-height:100vh}</style><img src=live alt='The film with its hands drawn'>"
)


class Preview(Protocol):
    """Shows pictures until it is closed."""

    def show(self, image: Image) -> bool:
        """Show a picture, (height, width, 3) uint8 RGB; return False once the user has closed it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def preview(browser: bool = True) -> Preview:
    """Open a window, or a page, in the browser if that is wanted, where this OpenCV has no windows."""
    try:
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL)
    except ModuleNotFoundError:
        return PagePreview(browser)
    except cv2.error:  # this OpenCV has none
        return PagePreview(browser)
    return WindowPreview()


class WindowPreview:
    """A window; q, Escape or its button close it."""

    def show(self, image: Image) -> bool:
        """Show a picture."""
        cv2.imshow(TITLE, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        pressed = cv2.waitKey(1) & 0xFF
        return pressed not in QUIT and cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        cv2.destroyAllWindows()


class PagePreview:
    """A page on this machine that shows the newest picture, as a stream of JPEGs; Ctrl-C ends it.

    Args:
        browser: whether to open it.

    Attributes:
        url: its address.
    """

    def __init__(self, browser: bool = True) -> None:
        self._server = _Server()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        if browser:
            webbrowser.open(self.url)

    def show(self, image: Image) -> bool:
        """Show a picture."""
        import PIL.Image

        data = io.BytesIO()
        PIL.Image.fromarray(image).save(data, "JPEG", quality=90)
        self._server.put(data.getvalue())
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.number, self.picture, self.changed = 0, b"", threading.Condition()
        super().__init__(("127.0.0.1", 0), _Handler)

    def put(self, picture: bytes | None) -> None:
        """Set the newest picture; None ends the streams."""
        with self.changed:
            self.number = -1 if picture is None else self.number + 1
            self.picture = picture or b""
            self.changed.notify_all()

    def after(self, number: int) -> tuple[int, bytes]:
        """Wait for a picture newer than the given number; the number is -1 at the end."""
        with self.changed:
            self.changed.wait_for(lambda: self.number != number)
            return self.number, self.picture


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Send the page, or the stream."""
        if self.path == "/live":
            return self._stream()
        self.send_response(HTTPStatus.OK if self.path == "/" else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE.encode() if self.path == "/" else b"no such page")
        return None

    def _stream(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        number, picture = self.server.after(0)
        try:
            while number >= 0:
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                self.wfile.write(head.encode() + picture + b"\r\n")
                number, picture = self.server.after(number)
        except (BrokenPipeError, ConnectionResetError):
            return  # the page was closed

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401
        """Log nothing."""
