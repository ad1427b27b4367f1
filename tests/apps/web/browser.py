"""A real Chromium for the tests of the page, and pictures and films to show it."""

import shutil
import threading
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from likelihand.apps.web.files import Page
from likelihand.apps.web.server import PageServer

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium():
    """Return the path of a Chromium, or skip the test with the reason."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    return found


@contextmanager
def playwright():
    """Start Playwright: once a module, for it keeps the thread's event loop."""
    chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@contextmanager
def browser(play, *more):
    """Start a Chromium with a profile of its own."""
    started = play.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, *more], timeout=120_000)
    try:
        yield started
    finally:
        started.close()


@contextmanager
def served():
    """Serve the page; yields the server."""
    with PageServer(Page()) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def opened(context, url):
    """Open the page in a new tab and wait for its models; also return the requests that it makes."""
    page = context.new_page()
    requests = []
    context.on("request", lambda request: requests.append(request))
    page.goto(url)
    page.wait_for_selector("html[data-ready]", timeout=180_000, state="attached")
    return page, requests


def shown(page, photo):
    """Open a photo in the page, and wait for what it finds."""
    page.set_input_files("#file", str(photo))
    page.wait_for_selector("#drop[aria-busy=false]", timeout=180_000)
    return page.inner_text("#status")


def downloaded(page, what):
    """Click a download button and return the file's text."""
    with page.expect_download(timeout=60_000) as download:
        page.click(f"[data-download={what}]")
    return download.value.path().read_text("utf-8")


def swaying(pictures, count=48, size=(480, 640)):
    """Make a film in which square pictures sway, its end like its beginning: a fake camera repeats it."""
    frames = []
    for i in range(count):
        turn = 2 * np.pi * i / count
        frame = np.full((*size, 3), 128, np.uint8)
        for k, picture in enumerate(pictures):
            side = len(picture)
            x, y = 16 + 320 * k + round(12 * np.sin(turn)), 90 + round(12 * np.cos(turn + k))
            frame[y : y + side, x : x + side] = picture
        frames.append(frame)
    return frames


def write_y4m(path, frames, rate=15):
    """Write frames as an uncompressed film, as Chromium's fake camera reads them."""
    height, width = frames[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())
