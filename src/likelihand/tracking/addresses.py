"""Sources of a film: a path, a URL, or a stream that cannot seek."""

import os
import re
import struct
from typing import Final, Protocol, TypeAlias


class Stream(Protocol):
    """A stream of bytes, as from a pipe."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`, all where it is -1; none at the end."""


Source: TypeAlias = str | os.PathLike[str] | Stream

HEAD: Final = 4096
"""Bytes from a source's beginning that tell what it holds."""

_ATOMS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def scheme(address: str) -> str:
    """Return the scheme of a URL in lower case."""
    return address.partition(":")[0].lower()


def shown(source: object) -> str:
    """Return the name of a source for messages: a URL without its password, `-` for a stream.

    Example:
        >>> shown("rtsp://me:secret@camera:554/1"), shown("film.mp4")
        ('rtsp://me:***@camera:554/1', 'film.mp4')
    """
    if not isinstance(source, str | os.PathLike):
        return "-"
    text = os.fspath(source)
    return re.sub(r"^(\w[\w+.-]+://[^:/@]*):[^/]*@", r"\1:***@", text)


class Peeked:
    """A stream whose beginning can be peeked at.

    Args:
        stream: as `sys.stdin.buffer`.

    Example:
        >>> import io
        >>> stream = Peeked(io.BytesIO(b"a film"))
        >>> stream.peek(1), stream.read()
        (b'a', b'a film')
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._head = b""

    def peek(self, size: int) -> bytes:
        """Return the first bytes, `size` of them where there are as many; they are still to be read."""
        while len(self._head) < size and (more := self._stream.read(size - len(self._head))):
            self._head += more
        return self._head[:size]

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`, all where it is -1."""
        if size < 0:
            head, self._head = self._head, b""
            return head + self._stream.read()
        if self._head:
            head, self._head = self._head[:size], self._head[size:]
            return head
        return self._stream.read(size)


def needs_seeking(head: bytes) -> bool:
    """Tell whether these first bytes are of an MP4 or QuickTime file whose index comes after its frames.

    Example:
        >>> needs_seeking(bytes.fromhex("00000008") + b"ftyp" + bytes.fromhex("000000ff") + b"mdat")
        True
    """
    place = 0
    while place + 8 <= len(head):
        size, kind = struct.unpack(">I4s", head[place : place + 8])
        if kind == b"moov" or kind not in _ATOMS:
            return False
        if kind == b"mdat":
            return True
        place += max(size, 8)
    return place > 0
