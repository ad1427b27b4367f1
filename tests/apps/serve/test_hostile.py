"""Tests."""

import random
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.apps.serve.conftest import SMALL, picture


def bomb(side=30_000):
    """A PNG of a few kB that claims 900 million pixels."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    data = zlib.compress(bytes(200_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def hostile(number, rng):
    """Return a request that must be refused, as keyword arguments of httpx."""
    kinds = [
        lambda: {"content": bomb(rng.randrange(1100, 30_000))},
        lambda: {"content": rng.randbytes(rng.randrange(2000))},
        lambda: {"content": b""},
        lambda: {"content": picture()[: rng.randrange(10, 5000)]},
        lambda: {"content": bytes(SMALL.body + 1)},
        lambda: {"content": picture(1100, 1000, "JPEG")},
        lambda: {"content": b"<svg xmlns='http://www.w3.org/2000/svg'/>"},
        lambda: {"content": picture(), "params": {"boxes": "[" * 5000}},
        lambda: {"content": picture(), "params": {"boxes": rng.choice(["{}", "[[1,2,3]]", "x", "[[9,9,1,1]]"])}},
        lambda: {"content": picture(), "params": {"boxes": "[[1e308, 0, 1e309, 9]]"}},
        lambda: {"content": picture(), "params": {"boxes": str([[0, 0, 9, 9]] * 6)}},
        lambda: {"content": picture(), "headers": {"X-Large": "a" * rng.randrange(40_000, 90_000)}},
        lambda: {"content": picture(), "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        lambda: {"content": picture(), "headers": {"Content-Type": "multipart/form-data"}},
        lambda: {"files": [("file", (f"{i}.png", picture())) for i in range(4)]},
        lambda: {"files": [("file", ("a.png", b"none"))]},
        lambda: {"data": {"boxes": "x" * 100}, "files": [("file", ("a.png", picture()))]},
        lambda: {"files": [("file", ("../../etc/passwd", bomb()))]},
    ]
    return kinds[number % len(kinds)]()


def test_hundreds_of_hostile_requests_are_refused_with_one_line_each(port):
    rng = random.Random(0)
    url = f"http://127.0.0.1:{port}/v1/predict"

    def send(number):
        try:
            return client.post(url, **hostile(number, random.Random(rng.random())))
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            return None  # refused before it was sent to its end

    with httpx.Client(verify=False, timeout=20) as client, ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(500)))
    codes = [answer.status_code for answer in answers if answer is not None]
    assert len(codes) > 400
    assert all(400 <= code < 500 or code == 503 for code in codes), sorted(set(codes))
    texts = {answer.text for answer in answers if answer is not None}
    assert all("Traceback" not in text and text.count("\n") == 0 for text in texts)
    assert httpx.post(url, content=picture(), timeout=20).status_code == 200
