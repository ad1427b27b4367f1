"""Times the page beside MediaPipe's web package: one Chromium, one fake camera, in turns.

    npm install @mediapipe/tasks-vision             # in any folder, PACKAGE is what it makes
    python experiments/web/task.py hand.task        # where the package mediapipe is installed
    python experiments/web/speed.py --mediapipe PACKAGE --task hand.task --hand photo.png

Both run their models on WebAssembly with SIMD, MediaPipe by its CPU delegate, on the frames of one film. Times are
medians over the frames of all rounds, in milliseconds.
"""

import argparse
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from likelihand.apps.web.files import Page
from likelihand.apps.web.server import PageServer
from likelihand.data.images import read_image
from likelihand.geometry import Image, crop_matrix, translation, warp_image

FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
)  # fmt: skip
GRAPHICS = {"none": ["--disable-gpu"], "software": ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]}
"""MediaPipe moves pictures through WebGL even where it computes on the CPU."""

BESIDE = """<!doctype html><canvas width="640" height="480"></canvas><script type="module">
import { FilesetResolver, HandLandmarker } from './vision_bundle.mjs';
const times = (window.times = []);
window.found = 0;
async function main() {
  const video = document.createElement('video');
  video.srcObject = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480}});
  await video.play();
  const context = document.querySelector('canvas').getContext('2d');
  const files = await FilesetResolver.forVisionTasks('./wasm');
  const hands = await HandLandmarker.createFromOptions(files, {
    baseOptions: {modelAssetPath: './hand.task', delegate: 'CPU'}, runningMode: 'VIDEO', numHands: 2,
  });
  for (;;) {
    await new Promise(resolve => video.requestVideoFrameCallback(resolve));
    const start = performance.now();
    const answer = hands.detectForVideo(video, start);
    times.push(performance.now() - start);
    window.found += answer.landmarks.length > 0;
    context.drawImage(video, 0, 0);
    for (const p of answer.landmarks.flat()) context.fillRect(640 * p.x - 2, 480 * p.y - 2, 4, 4);
    document.title = `${times.length}`;
  }
}
main().catch(e => { document.title = `failed: ${e}`; });
</script>"""


def film(hand: Image, count: int = 60) -> Iterator[Image]:
    """Make a film of 640 x 480 in which a hand sways."""
    height, width = hand.shape[:2]
    fitted = crop_matrix([0, 0, width, height], (480, 640), padding=1.2)
    for i in range(count):
        turn = 2 * np.pi * i / count
        yield warp_image(hand, translation(12 * np.sin(turn), 8 * np.cos(turn)) @ fitted, (480, 640))


def write_y4m(path: Path, frames: Iterator[Image]) -> None:
    """Write the uncompressed film that Chromium's fake camera reads."""
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg\n")
        for frame in frames:
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """Run a server; yields its address."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with server:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a log."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401
        """Keep quiet."""


def ours(page: Any, url: str, frames: int) -> dict[str, list[float]]:  # noqa: ANN401
    """Follow the camera in our page; return its times by part."""
    page.goto(url)
    page.wait_for_selector("html[data-ready]", timeout=300_000, state="attached")
    page.click("#camera")
    times: dict[str, list[float]] = {"whole": [], "model": [], "detector": []}
    last = 0
    while last < frames + 10:
        page.wait_for_function(
            f"() => parseInt(document.getElementById('kept').textContent) > {last}", timeout=120_000
        )
        last = int(page.inner_text("#kept").split()[0])
        if last > 10:  # the first ones look for hands
            for name, values in times.items():
                values.append(float(page.inner_text(f"#{name}").split()[0]))
    page.click("#stop")
    return times


def theirs(page: Any, url: str, frames: int) -> list[float]:  # noqa: ANN401
    """Follow the camera with MediaPipe; return the whole loop's times."""
    page.goto(f"{url}beside.html")
    done = f"() => Number(document.title) >= {frames + 10} || document.title.startsWith('failed')"
    page.wait_for_function(done, timeout=600_000)
    if page.title().startswith("failed"):
        raise RuntimeError(page.title())
    if not page.evaluate("() => found"):
        raise RuntimeError("MediaPipe found no hand in this film; give another picture")
    return list(page.evaluate("() => times.slice(10)"))


def main() -> None:
    """Print the table."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mediapipe", type=Path, required=True, help="folder of the package @mediapipe/tasks-vision")
    p.add_argument("--task", type=Path, required=True, help="what task.py wrote")
    p.add_argument("--hand", type=Path, required=True, help="picture of one hand")
    p.add_argument("--chromium", default="/usr/bin/chromium")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--frames", type=int, default=60, help="of a round")
    a = p.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        beside = Path(folder)
        for file in a.mediapipe.iterdir():
            (beside / file.name).symlink_to(file.resolve())
        (beside / "hand.task").symlink_to(a.task.resolve())
        (beside / "beside.html").write_text(BESIDE)
        write_y4m(beside / "camera.y4m", film(read_image(a.hand)))
        camera = f"--use-file-for-fake-video-capture={beside / 'camera.y4m'}"
        handler: Callable[..., Quiet] = partial(Quiet, directory=folder)
        rows: dict[str, list[float]] = {}
        with (
            serving(PageServer(Page())) as our_url,
            serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url,
        ):
            for graphics, flags in [row for _ in range(a.rounds) for row in GRAPHICS.items()]:
                browser = play.chromium.launch(
                    executable_path=a.chromium, args=[*FLAGS, *flags, camera], timeout=120_000
                )
                page = browser.new_context(permissions=["camera"]).new_page()
                for part, values in ours(page, our_url, a.frames).items():
                    rows.setdefault(f"likelihand, {part}, graphics: {graphics}", []).extend(values)
                try:
                    values = theirs(page, url, a.frames)
                    rows.setdefault(f"MediaPipe, whole, graphics: {graphics}", []).extend(values)
                except RuntimeError as error:
                    print(f"MediaPipe, graphics: {graphics}: {error}")
                browser.close()
    for name, values in rows.items():
        low, middle, high = np.percentile(values, (10, 50, 90))
        print(f"{name:38} {middle:8.1f} ms   (10 % {low:.1f}, 90 % {high:.1f}; {len(values)} frames)")


if __name__ == "__main__":
    main()
