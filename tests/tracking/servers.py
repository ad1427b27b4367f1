"""Servers on this machine, for tests of films that come from a network."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def web(folder: Path, ranges: bool = False, password: str = "") -> Iterator[str]:
    """Serve a folder's files; give its address.

    Args:
        folder: of the files.
        ranges: whether parts of files are sent, as most servers on the web do and Python's does not.
        password: what the header of authorization must hold.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = folder / self.path.split("?")[0].lstrip("/")
            if password not in self.headers.get("Authorization", ""):
                self.send_error(401)
            elif not file.is_file():
                self.send_error(404)
            else:
                self._send(file.read_bytes())

        def _send(self, data: bytes) -> None:
            start, asked = 0, self.headers.get("Range", "")
            if ranges and asked:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start, end = int(first), min(int(last or len(data) - 1), len(data) - 1)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
                data = data[start : end + 1]
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def silent(answer: bytes = b"") -> Iterator[str]:
    """Accept connections, answer with some bytes, and say nothing more."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            kept.append(connection)
            if answer:
                connection.recv(4096)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        for connection in kept:
            connection.close()


@contextmanager
def rtsp(stream: bytes) -> Iterator[str]:
    """Play an MPEG transport stream over RTSP, its packets within the one connection, then say goodbye."""
    listener = socket.create_server(("127.0.0.1", 0))
    sdp = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track\r\n"

    def answer(request: str) -> bytes:
        method, lines = request.split()[0], request.split("\r\n")
        number = next(line for line in lines if line.startswith("CSeq"))
        more = {
            "OPTIONS": b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
            "DESCRIBE": b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(sdp),
            "SETUP": b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n",
        }.get(method, b"Session: 1\r\n")
        head = f"RTSP/1.0 200 OK\r\n{number}\r\n".encode() + more + b"\r\n"
        return head + sdp if method == "DESCRIBE" else head

    def play(connection: socket.socket) -> None:
        for i, place in enumerate(range(0, len(stream), 7 * 188)):
            payload = stream[place : place + 7 * 188]
            packet = struct.pack(">BBHII", 0x80, 33, i, 3000 * i, 1) + payload
            connection.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
        bye = struct.pack(">BBHI", 0x81, 203, 1, 1)
        connection.sendall(struct.pack(">cBH", b"$", 1, len(bye)) + bye)
        connection.shutdown(socket.SHUT_WR)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):  # the player may hang up first
            request = ""
            while data := connection.recv(4096):
                request += data.decode("latin-1")
                while "\r\n\r\n" in request:
                    one, _, request = request.partition("\r\n\r\n")
                    connection.sendall(answer(one))
                    if one.startswith("PLAY"):
                        play(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
