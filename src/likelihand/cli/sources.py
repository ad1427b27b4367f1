"""Which pictures the user means, and which boxes go with them."""

import contextlib
import glob
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from likelihand.geometry import Image

SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif"}
)
"""Endings of the files that a folder is searched for; a file named outright may have any."""

STDIN: Final = "-"

LARGEST: Final = 2**29
"""Pixels of a picture that Pillow reads without a warning; it refuses twice as many. Its own limit is 179 million,
fewer than some telephones' photos have."""


def pictures(sources: Sequence[str], results: Path | None = None) -> tuple[list[str], list[str]]:
    """Resolve files, folders, globs and `-` (standard input) to pictures.

    Args:
        sources: as the user wrote them.
        results: a folder whose pictures, overlays of an earlier run, are not looked for within a folder.

    Returns:
        The pictures, each once, in the order asked for (a folder's and a glob's sorted), and one line for each
        source that gave none.

    Example:
        >>> pictures(["-", "no/such/folder/*.jpg"])
        (['-'], ['no/such/folder/*.jpg: no file matches'])
    """
    found: dict[str, None] = {}
    problems = []
    for source in sources:
        files = _files(source, results)
        if not files:
            reason = "no picture in this folder" if Path(source).is_dir() else "no file matches"
            problems.append(f"{source}: {reason}")
        found.update(dict.fromkeys(files))
    return list(found), problems


def _files(source: str, results: Path | None) -> list[str]:
    path = Path(source)
    if source == STDIN or path.is_file():
        return [source]
    if path.is_dir():
        inside = (p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        return sorted(str(p) for p in inside if not _within(p, results, path))
    if glob.has_magic(source):
        return sorted(f for f in glob.glob(source, recursive=True) if Path(f).is_file())  # noqa: PTH207
    # a missing file stays in the list, so that reading it says so
    return [source]


def _within(file: Path, results: Path | None, searched: Path) -> bool:
    """Say whether a file lies in the folder of the results, where that is a part of the folder searched."""
    if results is None or searched.resolve().is_relative_to(results.resolve()):
        return False
    return file.resolve().is_relative_to(results.resolve())


def read_picture(picture: str) -> "Image":
    """Read a picture from its file or from standard input, and let no decoder talk on standard error.

    Raises:
        ImageError: it is no whole picture.
        OSError: it cannot be read.

    Example:
        >>> read_picture("missing.png")
        Traceback (most recent call last):
        FileNotFoundError: missing.png: no such file; check the path
    """
    import PIL.Image

    from likelihand.data.images import decode_image, read_image

    PIL.Image.MAX_IMAGE_PIXELS = LARGEST
    with silenced():
        if picture == STDIN:
            return decode_image(sys.stdin.buffer.read(), name=STDIN)
        return read_image(picture)


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
    """Boxes by picture, from a JSON file.

    The file holds `{"photo.jpg": [[x0, y0, x1, y1], ...], ...}` or is COCO JSON with `images` and `annotations`
    (`bbox` x, y, width, height). A picture is found by its path as given, else by the longest ending of its path
    that the file names.

    Args:
        file: the JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON of either form.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.is_file():
            raise FileNotFoundError(f"boxes file {file} does not exist; give a JSON file")
        try:
            content = json.loads(file.read_text("utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"boxes file {file} is not JSON ({error})") from error
        try:
            self._boxes = _coco(content) if _is_coco(content) else _plain(content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"boxes file {file} is neither {{name: [[x0, y0, x1, y1], ...]}} nor COCO JSON "
                f"({type(error).__name__}: {error})"
            ) from error

    def of(self, picture: str) -> list[list[float]]:
        """Give the boxes of a picture; an empty list where the file says that there is no hand.

        Raises:
            ValueError: the file does not name the picture.
        """
        parts = PurePath(picture).parts
        endings = ("/".join(parts[i:]) for i in range(len(parts)))
        for name in (picture, *endings):
            if name in self._boxes:
                return self._boxes[name]
        raise ValueError(
            f"boxes file {self.file} does not name this picture; add it, with [] where it shows no hand"
        )


def _is_coco(content: Any) -> bool:  # noqa: ANN401
    return isinstance(content, dict) and {"images", "annotations"} <= content.keys()


def _plain(content: Any) -> dict[str, list[list[float]]]:  # noqa: ANN401
    return {
        str(PurePath(name).as_posix()): [list(map(float, box)) for box in boxes] for name, boxes in content.items()
    }


def _coco(content: Any) -> dict[str, list[list[float]]]:  # noqa: ANN401
    from likelihand.formats.coco import box_of

    names = {image["id"]: str(image["file_name"]) for image in content["images"]}
    boxes: dict[str, list[list[float]]] = {name: [] for name in names.values()}
    for annotation in content["annotations"]:
        boxes[names[annotation["image_id"]]].append(box_of(annotation["bbox"]).tolist())
    return boxes


def unique_name(picture: str, taken: set[str]) -> str:
    """Give a file name without ending for a picture's results, and take it: no two pictures share one.

    Example:
        >>> taken: set[str] = set()
        >>> [unique_name(p, taken) for p in ("a/x.jpg", "b/x.jpg", "b/X.png", "-")]
        ['x', 'x-2', 'X-3', 'stdin']
    """
    stem = "stdin" if picture == STDIN else Path(picture).stem
    name, count = stem, 1
    while name.lower() in taken:
        count += 1
        name = f"{stem}-{count}"
    taken.add(name.lower())
    return name
