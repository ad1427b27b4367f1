"""Find the pictures that a label file names: by relative or absolute path, or by a path of another machine."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

_LOCAL_FILES: Final = "?d="
"""Label Studio's way to name a file in a folder it serves: /data/local-files/?d=images/a.jpg."""


def endings(file_name: str) -> Iterator[str]:
    r"""Yield a file name, then its endings from the longest to the last part, with "/" between the parts.

    Example:
        >>> list(endings("C:\\data\\images\\a.jpg"))
        ['C:\\data\\images\\a.jpg', 'data/images/a.jpg', 'images/a.jpg', 'a.jpg']
        >>> list(endings("/data/local-files/?d=set/a.jpg"))[1:]
        ['set/a.jpg', 'a.jpg']
    """
    yield file_name
    name = file_name
    if _LOCAL_FILES in name:
        name = unquote(name.partition(_LOCAL_FILES)[2])
    elif "://" in name:
        name = unquote(urlsplit(name).path)
    parts = PurePosixPath(name.replace("\\", "/")).parts
    parts = parts[1:] if parts and (parts[0] == "/" or parts[0].endswith(":")) else parts
    for start in range(len(parts)):
        if (ending := "/".join(parts[start:])) != file_name:
            yield ending


class PictureFinder:
    """Finds the pictures of a label file in some folders.

    A name counts as written; where nothing is called so, in any case of its letters and any form of its accents,
    as Windows and macOS take them.

    Args:
        folders: searched in order; in each, the file name and then its endings.

    Example:
        >>> PictureFinder([Path("nowhere")]).find("a.jpg")
        PosixPath('nowhere/a.jpg')
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)

    def find(self, file_name: str) -> Path:
        """Return the path of a picture; for a missing one, the first path that was tried."""
        return self._found(file_name) or self.folders[0] / file_name

    def settle(self, file_names: Iterable[str]) -> bool:
        """Look for some pictures, and from then on first in the folder of one; return whether one is there."""
        for file_name in file_names:
            for folder in self.folders:
                if PictureFinder([folder])._found(file_name):
                    self.folders = (folder, *(other for other in self.folders if other != folder))
                    return True
        return False

    def _found(self, file_name: str) -> Path | None:
        places = [folder / ending for folder in self.folders for ending in endings(file_name)]
        return next(filter(_is_file, places), None) or next(filter(None, map(_alike, places)), None)


def _alike(path: Path) -> Path | None:
    """Return a file beside a path whose name differs in case or accents' form alone."""
    return _listing(path.parent).get(_folded(path.name))


@lru_cache(maxsize=256)
def _listing(folder: Path) -> dict[str, Path]:
    """List the files of a folder by folded name; read once, for data sets do not grow while they are read."""
    try:
        return {_folded(path.name): path for path in sorted(folder.iterdir())}
    except (OSError, ValueError):
        return {}


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        return False


def folders_beside(labels: Path) -> list[Path]:
    """List where the pictures of a label file mostly are: beside it, in `images`, in those of the folder above.

    Of the tools' layouts: `annotations/person_keypoints_val.json` beside `images/val` or `val`.

    Example:
        >>> [str(folder) for folder in folders_beside(Path("set/annotations/hands_val.json"))][:3]
        ['set/annotations', 'set/annotations/images', 'set/annotations/val']
    """
    subset = labels.stem.split("_")[-1]
    places = [labels.parent, labels.parent.parent] if labels.parent.name else [labels.parent]
    return [place / part for place in places for part in ("", "images", subset, f"images/{subset}")]
