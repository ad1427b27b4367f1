"""What stands before the routes: a token, one origin, bounds of time."""

import json

import httpx
import pytest
from websockets.sync.client import connect

from tests.apps.serve.conftest import picture, running


def post(port, content=None, **more):
    return httpx.post(f"http://127.0.0.1:{port}/v1/predict", content=content, timeout=20, **more)


def test_a_token_is_asked_for():
    with running(token="secret") as (_, number):
        assert post(number, picture()).status_code == 401
        assert post(number, picture(), headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert post(number, picture(), headers={"Authorization": "Bearer secret"}).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{number}/healthz").status_code == 200
        with pytest.raises(Exception, match="403"):
            connect(f"ws://127.0.0.1:{number}/v1/stream")
        with connect(f"ws://127.0.0.1:{number}/v1/stream?token=secret") as socket:
            socket.send(picture())
            assert json.loads(socket.recv(timeout=10))["frame"] == 0


def test_other_sites_pages_are_refused(port):
    answer = post(port, picture(), headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers
    assert post(port, picture(), headers={"Origin": f"http://127.0.0.1:{port}"}).status_code == 200
    with pytest.raises(Exception, match="403"):
        connect(f"ws://127.0.0.1:{port}/v1/stream", origin="https://evil.example")
