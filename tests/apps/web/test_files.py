"""Tests."""

import hashlib
import json
from pathlib import Path

from likelihand.apps.web.files import BUILT, Page

WEB = Path(__file__).parents[3] / "web"

SOURCES = ("index.html", "package-lock.json", "public", "src", "vite.config.ts")


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
