import io
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("starlette", reason="the extra likelihand[serve] is not installed")
pytest.importorskip("uvicorn", reason="the extra likelihand[serve] is not installed")

from likelihand.apps.serve.application import application
from likelihand.apps.serve.limits import Limits
from likelihand.apps.serve.server import server
from likelihand.apps.serve.service import Service
from likelihand.apps.web.files import Page
from likelihand.inference import Predictor
from likelihand.inference.metadata import ModelMetadata

SMALL = Limits(body=200_000, pixels=1_000_000, files=3, boxes=5, queue=8, seconds=3.0, connections=64, streams=2)
SHAPE = np.random.default_rng(0).uniform(12, 52, (21, 2))


class Slow:
    """A runtime that sees a hand in the middle of its crop, after a while."""

    metadata = ModelMetadata(size=(64, 64))

    def __init__(self, seconds=0.0):
        self.seconds, self.calls = seconds, 0

    def __call__(self, crops):
        time.sleep(self.seconds)
        self.calls += 1
        return {"points": np.stack([SHAPE] * len(crops)), "scale": np.ones((len(crops), 21, 2))}


def picture(height=60, width=80, form="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)).save(buffer, form)
    return buffer.getvalue()


@contextmanager
def running(limits=SMALL, seconds=0.0, token=None):
    """Run a server in a thread; yields the uvicorn server and its port."""
    predict = Predictor(Slow(seconds), tta=1)
    app = application(Service(predict, predict, limits), Page(), token)
    serving = server(app, limits, "127.0.0.1", 0)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    while not serving.started:
        time.sleep(0.01)
    try:
        yield serving, serving.servers[0].sockets[0].getsockname()[1]
    finally:
        serving.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def port():
    with running() as (_, number):
        yield number
