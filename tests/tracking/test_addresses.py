"""Where a film may come from: addresses, their secrets, and streams that are looked at before they are read."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from likelihand.tracking.addresses import Peeked, needs_seeking, scheme, shown
from likelihand.utils.storage import is_address


@pytest.mark.parametrize("source", ["rtsp://a/1", "HTTPS://a.b/c.mp4", "udp://@:5000", "file:///a.mp4"])
def test_addresses(source: str) -> None:
    assert is_address(source) and scheme(source) == source.split(":")[0].lower()


@pytest.mark.parametrize("source", ["C:/a.mp4", "a.mp4", "-", "", Path("rtsp://a"), io.BytesIO(), "//a/b"])
def test_what_is_no_address(source: object) -> None:
    assert not is_address(source)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("rtsp://me:secret@camera/1", "rtsp://me:***@camera/1"),
        ("https://me:s@cr:t@host/a?b=c@d", "https://me:***@host/a?b=c@d"),
        ("https://host:80/me:no@secret", "https://host:80/me:no@secret"),
        ("https://me@host/a", "https://me@host/a"),
    ],
)
def test_a_password_is_not_shown(address: str, expected: str) -> None:
    assert shown(address) == expected


def test_a_stream_is_shown_as_the_command_calls_it() -> None:
    assert (shown(io.BytesIO()), shown(Path("a/b.mp4"))) == ("-", str(Path("a/b.mp4")))


class Trickle(io.BytesIO):
    """A pipe that hands out at most three bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read() if size is None or size < 0 else super().read(min(size, 3))


@given(st.binary(max_size=40), st.lists(st.integers(1, 9), max_size=9), st.integers(0, 50))
def test_what_was_peeked_at_is_read_all_the_same(content: bytes, sizes: list[int], peeked: int) -> None:
    stream = Peeked(Trickle(content))
    assert stream.peek(peeked) == stream.peek(peeked) == content[:peeked]
    parts = [stream.read(size) for size in sizes]
    assert all(len(part) <= size for part, size in zip(parts, sizes, strict=True))
    assert b"".join(parts) + stream.read() == content
    assert stream.read() == stream.read(4) == b""


def atom(kind: bytes, size: int = 8) -> bytes:
    return struct.pack(">I4s", size, kind) + bytes(size - 8)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (atom(b"ftyp", 24) + atom(b"moov"), False),
        (atom(b"ftyp", 24) + atom(b"free", 16) + atom(b"mdat"), True),
        (atom(b"ftyp", 24), True),  # nothing says that the index comes soon
        (b"\x1aE\xdf\xa3" + bytes(30), False),
        (b"", False),
        (struct.pack(">I4s", 0, b"free") * 3, True),  # a size of 0 must not stand still
    ],
)
def test_a_film_whose_index_comes_last_needs_seeking(head: bytes, expected: bool) -> None:
    assert needs_seeking(head) is expected
