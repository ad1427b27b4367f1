"""Open films with FFmpeg: from a file, a URL, or a stream that cannot seek."""

import os
import shutil
import struct
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from likelihand.tracking.addresses import HEAD, Peeked, Source, Stream, needs_seeking, scheme, shown
from likelihand.tracking.frames import VideoError, reason
from likelihand.tracking.network import web_head, web_stream
from likelihand.utils.storage import is_address

_NETWORK: Final = {"rtsp_flags": "prefer_tcp"}  # packets that are lost on the way leave damaged frames
_PICTURES: Final = ("image2", "gif", "apng", "tty")  # formats, besides all "..._pipe", that hold no film


def open_film(source: Source, timeout: float) -> Any:  # noqa: ANN401
    """Open a film's container for reading.

    Args:
        source: a path, an address (rtsp://, http://, whatever this FFmpeg knows), or a stream of bytes.
        timeout: seconds after which a silent network is given up.

    Raises:
        FileNotFoundError: there is no such file.
        VideoError: it cannot be opened, does not answer, or is no film.
        ModuleNotFoundError: PyAV is missing.
    """
    if isinstance(source, str) and is_address(source):
        return _opened_address(source, timeout)
    if isinstance(source, str | os.PathLike):
        return _opened(_existing(source), shown(source))
    stream = source if isinstance(source, Peeked) else Peeked(source)
    return _opened(_spooled(stream) if needs_seeking(stream.peek(HEAD)) else stream, shown(source))


def _opened_address(address: str, timeout: float) -> Any:  # noqa: ANN401
    """Open a film on a network; where neither it nor its server lets FFmpeg seek, it is fetched first."""
    if scheme(address) == "file":
        return _opened(_existing(urllib.request.url2pathname(urlsplit(address).path)), address)
    if scheme(address) in ("http", "https"):
        head, ranges = web_head(address, timeout)
        if needs_seeking(head) and not ranges:
            with web_stream(address, timeout) as (stream, _):
                return _opened(_spooled(stream), shown(address))
    return _opened(address, shown(address), timeout, _NETWORK)


def _existing(path: str | os.PathLike[str]) -> str:
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; check the path")
    return os.fspath(path)


def _opened(source: object, name: str, timeout: float | None = None, options: dict[str, str] | None = None) -> Any:  # noqa: ANN401
    import av

    start = time.monotonic()
    try:
        return av.open(source, timeout=timeout, options=options or {})
    except (av.error.FFmpegError, OSError) as error:
        if timeout is not None and time.monotonic() - start >= timeout:
            raise VideoError(f"{name}: no answer for {timeout:g} s; check the address") from error
        if timeout is not None:
            raise VideoError(f"{name}: cannot be opened ({reason(error)}); check the address") from error
        raise VideoError(f"{name}: no film that FFmpeg can read ({reason(error)}); give a whole one") from error


def _spooled(stream: Stream) -> IO[bytes]:
    """Copy a stream to a file that vanishes when it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (FFmpeg reads from it)
    shutil.copyfileobj(stream, file)
    file.seek(0)
    return file


def film_track(container: Any, name: str) -> Any:  # noqa: ANN401
    """Return a container's first video track; an album cover is none.

    Raises:
        VideoError: there is none.
    """
    from av.stream import Disposition

    moving = (s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
    if (track := next(moving, None)) is None:
        container.close()
        raise VideoError(f"{name}: the file holds no picture track; give a film")
    return track


def holds_film(path: str | os.PathLike[str]) -> bool:
    """Tell by a file's content whether FFmpeg reads it as a film, not as a picture, a text or sound.

    Raises:
        ModuleNotFoundError: PyAV is missing.
    """
    try:
        container = _opened(os.fspath(path), str(path))
        film_track(container, str(path))
    except VideoError:
        return False
    with container:
        return container.format.name not in _PICTURES and not container.format.name.endswith("_pipe")


def is_cut(path: str | os.PathLike[str]) -> bool:
    """Tell whether an MP4 or QuickTime file ends within one of its boxes."""
    file = Path(path)
    end, place = file.stat().st_size, 0
    with file.open("rb") as content:
        while place + 16 <= end:
            content.seek(place)
            size, kind, large = struct.unpack(">I4sQ", content.read(16))
            if (place == 0 and kind != b"ftyp") or size == 0:
                return False
            place += max(large if size == 1 else size, 8)
    return place != end
