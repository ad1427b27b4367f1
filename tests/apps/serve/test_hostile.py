import io
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from apps.serve.conftest import SMALL, picture, running
from PIL import Image


def bomb(side=30_000):
    """A PNG of a few kB that claims 900 million pixels."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    data = zlib.compress(bytes(200_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif_of_many():
    buffer = io.BytesIO()
    frames = [Image.fromarray(np.full((8, 8, 3), i, np.uint8)) for i in range(20)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


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


def test_a_slow_sender_is_given_up_and_keeps_nobody_waiting(port):
    head = f"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 1000\r\n\r\n".encode()
    starts = [head + b"x" * 10, head[:30], b"", b"GET / HTTP/1.1\r\nA: "]
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(12)]
    for i, each in enumerate(sockets):
        each.sendall(starts[i % len(starts)])
    time.sleep(0.2)
    assert httpx.post(f"http://127.0.0.1:{port}/v1/predict", content=picture(), timeout=20).status_code == 200
    answers = []
    for each in sockets:
        each.settimeout(3 * SMALL.seconds)
        answers.append(each.recv(4096))
        each.close()
    assert all(answer == b"" or b" 408 " in answer.split(b"\r\n")[0] for answer in answers)
    assert sum(b" 408 " in answer[:20] for answer in answers) == 3


def test_a_half_sent_body_and_garbage_leave_the_server_alive(port):
    for data in (
        b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nabc",
        b"\x16\x03\x01\0\0",
        b"A" * 99_999,
    ):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(data)
    time.sleep(0.2)
    health = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=10).json()
    assert health["waiting"] == 0


def test_a_full_queue_says_so():
    with running(seconds=0.5) as (_, number):
        url = f"http://127.0.0.1:{number}/v1/predict"
        with httpx.Client(verify=False, timeout=30) as client, ThreadPoolExecutor(16) as pool:
            codes = list(pool.map(lambda _: client.post(url, content=picture()).status_code, range(16)))
    # eight hold a place; those that would take longer than the limit are told so too
    assert set(codes) <= {200, 503, 408} and codes.count(503) >= 6 and codes.count(200) >= 4


def test_a_request_that_takes_too_long_is_ended():
    with running(seconds=4.0) as (_, number):
        answer = httpx.post(f"http://127.0.0.1:{number}/v1/predict", content=picture(), timeout=30)
    assert answer.status_code == 408 and "not done within 3 s" in answer.json()["error"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM")
def test_sigterm_finishes_what_was_begun():
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    command = [sys.executable, "-m", "likelihand", "serve", "--port", str(number), "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ) as process:
        url = f"http://127.0.0.1:{number}"
        for _ in range(600):
            try:
                httpx.get(f"{url}/healthz", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        codes = []

        def send():
            codes.append(httpx.post(f"{url}/v1/predict", content=picture(), timeout=60).status_code)

        threads = [threading.Thread(target=send) for _ in range(12)]
        for thread in threads:
            thread.start()
        for _ in range(400):
            if httpx.get(f"{url}/healthz", timeout=20).json()["waiting"] + len(codes) == len(threads):
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert codes == [200] * len(threads)
        assert process.wait(60) == 0
