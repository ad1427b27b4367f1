"""Resolve the pictures, films and boxes that the user names."""

import contextlib
import glob
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from likelihand.cli.formats import NAME
from likelihand.data.formats.kinds import HEAD, Kind, kind_of_content, kind_of_name
from likelihand.tracking.addresses import Peeked, scheme, shown
from likelihand.utils.storage import is_address

if TYPE_CHECKING:
    from likelihand.geometry import Image


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


STDIN: Final = "-"
OVERLAY: Final = ".overlay"
"""What `predict` adds to the name of a picture or film that it draws: so it never takes a source's place."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for.

    Attributes:
        pictures: files, addresses and `-`, each once, in the order asked for (a folder's and a glob's sorted).
        films: the same.
        problems: one line for each source that gave nothing.
        stdin: standard input, where it is asked for.
    """

    pictures: list[str] = field(default_factory=list)
    films: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stdin: Peeked | None = None


def requested(sources: Sequence[str], results: Path | None = None) -> Request:
    """Resolve files, folders, globs, addresses and `-` (standard input) to pictures and films, by what they hold.

    Args:
        sources: as the user wrote them.
        results: output folder of an earlier run, whose files are skipped when a folder is searched.

    Example:
        >>> request = requested(["a.jpg", "clip.mp4", "no/such/folder/*.jpg", "rtsp://camera/1"])
        >>> request.pictures, request.films, request.problems
        (['a.jpg'], ['clip.mp4', 'rtsp://camera/1'], ['no/such/folder/*.jpg: no file matches'])
    """
    stdin = Peeked(sys.stdin.buffer) if STDIN in sources else None
    request = Request(stdin=stdin)
    kinds: dict[str, Kind] = {}
    for source in sources:
        try:
            found = _files(source, results)
            kinds |= {name: kind or _kind(name, stdin) for name, kind in found.items() if name not in kinds}
        except ValueError as error:
            request.problems.append(str(error))
            continue
        if not found:
            nothing = "no picture or film in this folder" if Path(source).is_dir() else "no file matches"
            request.problems.append(f"{source}: {nothing}")
    request.pictures.extend(name for name, kind in kinds.items() if kind == "picture")
    request.films.extend(name for name, kind in kinds.items() if kind == "film")
    return request


def _files(source: str, results: Path | None) -> dict[str, Kind | None]:
    """Return the files that a source means, with what they are where that is known by now."""
    if source == STDIN or is_address(source):
        return {source: None}
    path = Path(source)
    if path.is_dir():
        inside = ((str(p), kind_in_folder(p)) for p in _searched(path, results))
        return {name: kind for name, kind in sorted(inside) if kind is not None}
    if not path.is_file() and glob.has_magic(source):
        files = (f for f in glob.glob(source, recursive=True) if Path(f).is_file())  # noqa: PTH207
        return dict.fromkeys(sorted(files))
    # a missing file stays in the list, so that reading it says so
    return {source: None}


def _searched(folder: Path, results: Path | None) -> Iterator[Path]:
    """Yield the files in a folder that are no results of an earlier run."""
    for file in folder.rglob("*"):
        if file.is_file() and not _within(file, results, folder) and not _is_overlay(file):
            yield file


def _is_overlay(file: Path) -> bool:
    """Tell whether a picture or film is an overlay beside its lines."""
    if not file.stem.endswith(OVERLAY):
        return False
    lines = NAME if file.suffix == ".png" else file.stem.removesuffix(OVERLAY)
    return file.with_name(f"{lines}.jsonl").is_file()


def _within(file: Path, results: Path | None, searched: Path) -> bool:
    """Say whether a file lies in the folder of the results, where that is a part of the folder searched."""
    if results is None or searched.resolve().is_relative_to(results.resolve()):
        return False
    return file.resolve().is_relative_to(results.resolve())


def _kind(source: str, stdin: Peeked | None) -> Kind:
    """Tell what a source holds; of what cannot be told, standard input and addresses are films."""
    if source == STDIN and stdin is not None:
        head = stdin.peek(HEAD)
        return kind_of_content(head) or ("film" if head else "picture")
    if not is_address(source):
        return kind_of_file(source) or "picture"
    if scheme(source) not in ("http", "https"):
        return "film"
    from likelihand.tracking.network import web_head
    from likelihand.tracking.reading import TIMEOUT

    return kind_of_content(web_head(source, TIMEOUT)[0]) or "film"


def read_picture(picture: str, stdin: Peeked | None = None) -> "Image":
    """Read a picture from its file, its address or standard input, and let no decoder talk on standard error.

    Raises:
        ImageError: it is no whole picture.
        OSError: it cannot be read.

    Example:
        >>> read_picture("missing.png")
        Traceback (most recent call last):
        FileNotFoundError: missing.png: no such file; check the path
    """
    import PIL.Image

    from likelihand.data.images import LARGEST, decode_image, read_image

    PIL.Image.MAX_IMAGE_PIXELS = LARGEST
    with silenced():
        if picture == STDIN:
            return decode_image((stdin or sys.stdin.buffer).read(), name=STDIN)
        if is_address(picture):
            return decode_image(_fetched(picture), name=shown(picture))
        return read_image(picture)


def _fetched(address: str) -> bytes:
    from likelihand.tracking.network import web_bytes
    from likelihand.tracking.reading import TIMEOUT

    return web_bytes(address, TIMEOUT)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep what libraries in C write to standard error away from the user: their errors come as exceptions too."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class Boxes:
    """Boxes by picture, from a JSON file; see `likelihand.data.formats.boxes.BoxesFile`.

    Args:
        file: the JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON of either form, or a box is none.
    """

    def __init__(self, file: Path) -> None:
        from likelihand.data.formats.boxes import BoxesFile

        self._file = BoxesFile(file)

    def of(self, picture: str) -> list[list[float]]:
        """Return the boxes of a picture; an empty list where the file says that there is no hand.

        Raises:
            ValueError: the file does not name the picture.
        """
        boxes = self._file.of(picture)
        if boxes is None:
            raise ValueError(
                f"boxes file {self._file.path} does not name this picture; add it, with [] where it shows no hand"
            )
        return [box.tolist() for box in boxes]


def unique_name(source: str, taken: set[str]) -> str:
    """Return a file name without ending for a source's results, and take it: no two sources share one.

    Example:
        >>> taken: set[str] = set()
        >>> [unique_name(p, taken) for p in ("a/x.jpg", "b/x.jpg", "b/X.png", "-", "rtsp://me:secret@cam/1?a=b")]
        ['x', 'x-2', 'X-3', 'stdin', 'cam-1']
    """
    stem = "stdin" if source == STDIN else _name_of_address(source) if is_address(source) else Path(source).stem
    name, count = stem, 1
    while name.lower() in taken:
        count += 1
        name = f"{stem}-{count}"
    taken.add(name.lower())
    return name


def _name_of_address(address: str) -> str:
    """Return what an address's host and path say, in letters that any file's name may have."""
    parts = urlsplit(address)
    path = PurePath(unquote(parts.path)).stem
    return re.sub(r"[^\w.-]+", "-", "-".join(filter(None, (parts.hostname, path)))).strip("-.") or "film"
