import hashlib
import json
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from likelihand import cli
from likelihand.apps.web.files import BUILT, HEADERS, Page
from likelihand.apps.web.server import PageServer

WEB = Path(__file__).parents[3] / "web"
SOURCES = ("index.html", "package-lock.json", "public", "src", "vite.config.ts")


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


def test_the_built_page_is_of_these_sources():
    files = [
        f for s in SOURCES for f in ([WEB / s] if (WEB / s).is_file() else (WEB / s).rglob("*")) if f.is_file()
    ]
    digest = hashlib.sha256()
    for name, file in sorted((f.relative_to(WEB).as_posix(), f) for f in files):
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    built = json.loads((BUILT / "build.json").read_text())
    assert built["sources"] == digest.hexdigest(), "the page is stale; run `npm ci && npm run build` in web/"


def test_every_file_that_the_page_lists_is_there():
    page = Page()
    listed = json.loads((BUILT / "build.json").read_text())["files"]
    assert set(listed) <= set(page.names)
    assert {"index.html", "sw.js", "models/hand.onnx", "models/detect.onnx", "constants.json"} <= set(page.names)


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


def test_export_writes_what_any_server_can_host(tmp_path, capsys):
    assert cli.main(["web", "--export", str(tmp_path / "site")]) == 0
    page = Page()
    for name in page.names:
        assert (tmp_path / "site" / name).read_bytes() == page.file(name).unpacked()
    assert not list((tmp_path / "site").rglob("*.gz"))
    assert "any web server" in capsys.readouterr().err


def test_a_model_that_the_page_cannot_run_is_refused(tmp_path, capsys):
    from likelihand.inference.loading import WEIGHTS

    assert cli.main(["web", "--model", str(WEIGHTS / "detect.onnx"), "--export", str(tmp_path)]) == 2
    assert "needs a hand model" in capsys.readouterr().err
    assert cli.main(["web", "--model", str(tmp_path / "none.onnx"), "--export", str(tmp_path)]) == 2
    assert "does not exist" in capsys.readouterr().err
