"""The small server of the page."""

import threading
import urllib.error
import urllib.request

import pytest

from likelihand.apps.web.files import HEADERS, Page
from likelihand.apps.web.server import PageServer


@pytest.fixture(scope="module")
def url():
    with PageServer(Page()) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.url
        server.shutdown()


def get(address, **headers):
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as response:
        return response.headers, response.read()


def test_files_come_with_headers_for_threads_and_unpacked_where_asked(url):
    headers, _ = get(url)
    assert HEADERS.items() <= dict(headers).items()
    wasm = next(name for name in Page().names if name.endswith(".wasm"))
    headers, packed = get(url + wasm, **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip" and headers["Content-Type"] == "application/wasm"
    headers, whole = get(url + wasm)
    assert headers["Content-Encoding"] is None
    assert whole[:4] == b"\0asm" and len(packed) < len(whole) / 3


def test_a_file_is_sent_once(url):
    tag = get(url + "models/detect.onnx")[0]["ETag"]
    with pytest.raises(urllib.error.HTTPError) as error:
        get(url + "models/detect.onnx", **{"If-None-Match": tag})
    assert error.value.code == 304


@pytest.mark.parametrize("path", ["no.txt", "../files.py", "%2e%2e/files.py", "assets", "models/", "//etc/passwd"])
def test_nothing_else_is_served(url, path):
    with pytest.raises(urllib.error.HTTPError) as error:
        get(url + path)
    assert error.value.code == 404


def test_a_head_is_the_answer_without_its_body(url):
    request = urllib.request.Request(url + "constants.json", method="HEAD")
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.read() == b""
        assert int(response.headers["Content-Length"]) == len(get(url + "constants.json")[1])


@pytest.mark.parametrize(("error", "told"), [(ConnectionResetError("gone"), False), (ValueError("a fault"), True)])
def test_a_browser_that_goes_away_is_no_news(
    error: Exception, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with PageServer(Page()) as server:
        try:
            raise error
        except (ConnectionError, ValueError):
            server.handle_error(None, ("127.0.0.1", 1))
    assert ("a fault" in capsys.readouterr().err) is told
