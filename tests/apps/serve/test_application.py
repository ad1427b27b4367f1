"""Tests."""

import json

import httpx
import numpy as np

from tests.apps.serve.conftest import SHAPE, picture


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
