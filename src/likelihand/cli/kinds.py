"""Tell pictures from films by content rather than by name."""

import os
from pathlib import PurePath
from typing import Final

from likelihand.formats.kinds import HEAD, Kind, kind_of_content, kind_of_name

_SOUNDS: Final = frozenset({".m4a", ".m4b", ".mka", ".ogg", ".oga", ".opus", ".wma", ".aac", ".mp3", ".wav"})
_ALSO_TEXT: Final = frozenset({".ts", ".mts"})  # TypeScript


def kind_of_file(path: str | os.PathLike[str]) -> Kind | None:
    """Tell what a file holds, by its first bytes, then by its name; FFmpeg is asked where both leave a doubt.

    A file that is missing or cannot be read is what its name says. Moving JPEG begins as a JPEG picture does.
    """
    name = os.fspath(path)
    named, held = kind_of_name(name), kind_of_content(head_of(name))
    return _agreed(name, named, held) or _asked(name)


def kind_in_folder(path: str | os.PathLike[str]) -> Kind | None:
    """Tell what a file that nobody named is, or None to pass it over.

    A damaged picture or film counts by its name, so that it is told; sound and TypeScript files do not.
    """
    name = os.fspath(path)
    ending = PurePath(name).suffix.lower()
    if ending in _SOUNDS:
        return None
    named, held = kind_of_name(name), kind_of_content(head_of(name))
    return None if held is None and ending in _ALSO_TEXT else _agreed(name, named, held)


def _agreed(name: str, named: Kind | None, held: Kind | None) -> Kind | None:
    """Weigh what a file's name says against what its first bytes say."""
    if held is not None and PurePath(name).suffix.lower() in (".mjpeg", ".mjpg"):
        return "film"
    if held == "film" and named == "picture":
        return _asked(name) or named
    return held or named


def head_of(name: str) -> bytes:
    """Return a file's first bytes; none where it cannot be read."""
    try:
        with open(name, "rb") as file:  # noqa: PTH123
            return file.read(HEAD)
    except OSError:
        return b""


def _asked(name: str) -> Kind | None:
    """Ask FFmpeg, where it is installed, whether it reads a file as a film."""
    from likelihand.tracking.opening import holds_film

    try:
        return "film" if os.path.isfile(name) and holds_film(name) else None  # noqa: PTH113
    except ModuleNotFoundError:
        return None
