"""Connections that say nothing, half of something or garbage, and an end in order."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.apps.serve.conftest import SMALL, picture


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
