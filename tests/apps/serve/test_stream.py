"""Streams: tracked hands, the newest frame first."""

import json

import pytest
from websockets.sync.client import connect

from tests.apps.serve.conftest import picture, running


def test_a_stream_tracks_hands_and_survives_a_bad_frame(port):
    with connect(f"ws://127.0.0.1:{port}/v1/stream") as socket:
        socket.send(picture())
        first = json.loads(socket.recv(timeout=10))
        socket.send(b"no picture")
        assert "no picture" in json.loads(socket.recv(timeout=10))["error"]
        socket.send("text")
        assert "binary" in json.loads(socket.recv(timeout=10))["error"]
        socket.send(picture())
        second = json.loads(socket.recv(timeout=10))
    assert [first["frame"], second["frame"]] == [0, 1]
    assert [hand["track"] for hand in first["hands"] + second["hands"]] == [0, 0]
    assert second["time"] > first["time"]


def test_a_stream_under_load_drops_the_oldest_frames():
    with running(seconds=0.2) as (_, number), connect(f"ws://127.0.0.1:{number}/v1/stream") as socket:
        for _ in range(30):
            socket.send(picture())
        first, second = (json.loads(socket.recv(timeout=20)) for _ in range(2))
        assert first["frame"] == 0 and second["frame"] == 1
        assert second["dropped"] >= 20


def test_streams_are_counted(port):
    with connect(f"ws://127.0.0.1:{port}/v1/stream") as a, connect(f"ws://127.0.0.1:{port}/v1/stream") as b:
        for socket in (a, b):
            socket.send(picture())
            socket.recv(timeout=10)
        with connect(f"ws://127.0.0.1:{port}/v1/stream") as third, pytest.raises(Exception, match="1013"):
            third.recv(timeout=10)
