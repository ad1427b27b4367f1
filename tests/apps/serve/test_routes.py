import json

import httpx
import numpy as np
import pytest
from apps.serve.conftest import SHAPE, picture, running
from websockets.sync.client import connect

from likelihand import cli


def post(port, content=None, **more):
    return httpx.post(f"http://127.0.0.1:{port}/v1/predict", content=content, timeout=20, **more)


def test_a_picture_gives_its_line(port):
    answer = post(port, picture(), params={"name": "a.png", "boxes": "[[20, 10, 60, 50]]"})
    assert answer.status_code == 200
    line = answer.json()
    assert (line["file"], line["size"], len(line["hands"])) == ("a.png", [60, 80], 1)
    scale = 64 / (1.25 * 40)
    assert np.allclose(line["hands"][0]["keypoints"], (SHAPE - 32) / scale + [40, 30], atol=1e-3)


def test_a_form_gives_a_line_a_picture(port):
    files = [("file", ("a.png", picture())), ("file", ("b.jpg", picture(40, 50, "JPEG")))]
    answer = post(port, files=files, data={"boxes": json.dumps({"b.jpg": [[1, 2, 30, 40], [5, 5, 20, 20]]})})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["file"], line["size"], len(line["hands"])) for line in lines] == [
        ("a.png", [60, 80], 1),
        ("b.jpg", [40, 50], 2),
    ]


def test_the_page_health_and_description_are_there(port):
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert "<title>likelihand</title>" in client.get("/").text
        assert client.get("/").headers["cross-origin-opener-policy"] == "same-origin"
        assert client.get("/healthz").json()["status"] == "ok"
        described = client.get("/openapi.json").json()
        assert described["openapi"] == "3.1.0" and "/v1/predict" in described["paths"]
        assert client.get("/nothing").json() == {"error": "no such file"}
        assert client.get("/v1/predict").status_code == 404


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


def test_a_wrong_option_is_one_line(capsys):
    assert cli.main(["serve", "--queue", "0"]) == 2
    assert "limit queue is 0" in capsys.readouterr().err
