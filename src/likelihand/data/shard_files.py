"""Files of shards, on a local disk or on remote storage behind a local cache."""

import hashlib
import os
from pathlib import Path
from typing import Final, Protocol

from likelihand.utils.files import replacing
from likelihand.utils.storage import Folder, is_address
from likelihand.utils.validation import as_mapping, as_text, parse_json

CACHE_GB: Final = 50.0
"""Gigabytes of pictures that are kept on this machine's disk where nobody says otherwise."""


class ShardFiles(Protocol):
    """Reads the files of a folder of shards."""

    @property
    def where(self) -> str:
        """What messages call the folder."""
        ...

    def names(self) -> set[str]:
        """Return the names of the files."""
        ...

    def read(self, name: str) -> bytes:
        """Return a whole file."""
        ...

    def span(self, name: str, start: int, end: int) -> bytes:
        """Return a part of a file."""
        ...


def shard_files(path: str | os.PathLike[str], cache: str | os.PathLike[str] | None, cache_gb: float) -> ShardFiles:
    """Open a folder of shards: a path, or a URL such as s3://bucket/folder."""
    if not is_address(path):
        return LocalFiles(Path(path))
    default = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "likelihand", "shards").expanduser()
    return CachedFiles(Folder(path), default if cache is None else Path(cache), cache_gb)


class LocalFiles:
    """The files of a folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.where = folder, str(folder)

    def names(self) -> set[str]:
        """Return the names of the files."""
        return {file.name for file in self.folder.iterdir()} if self.folder.is_dir() else set()

    def read(self, name: str) -> bytes:
        """Return a whole file."""
        return (self.folder / name).read_bytes()

    def span(self, name: str, start: int, end: int) -> bytes:
        """Return a part of a file."""
        with (self.folder / name).open("rb") as file:
            file.seek(start)
            return file.read(end - start)


class CachedFiles:
    """The files of a remote folder, each fetched once to a local cache while it has room.

    Training asks for pictures in random order, so a cache that throws out what was used longest ago would fetch
    every shard again and again. Here the first shards, as many as `cache_gb` holds, are kept whole; of the others
    one picture at a time is fetched. Which are kept depends on sizes alone, so that processes need not agree.
    A cached file is named by its checksum: it is never out of date, and any number of processes and data sets may
    share a cache.

    Args:
        folder: of the shards.
        cache: a local folder.
        cache_gb: gigabytes of pictures kept there; tables of labels come on top.
    """

    def __init__(self, folder: Folder, cache: Path, cache_gb: float) -> None:
        self.folder, self.cache, self.where = folder, cache, folder.address
        self._kept = _first(folder.sizes(), int(cache_gb * 1e9))
        self._sums: dict[str, str] = {}

    def names(self) -> set[str]:
        """Return the names of the files."""
        return set(self.folder.sizes())

    def read(self, name: str) -> bytes:
        """Return a whole file; tables of labels are cached."""
        if name.endswith(".npz"):
            return self._cached(name).read_bytes()
        return self._fetched(name)

    def span(self, name: str, start: int, end: int) -> bytes:
        """Return a part of a file: from the cache where the file is one of those kept, else fetched."""
        if name not in self._kept:
            return self.folder.read_span(name, start, end)
        with self._cached(name).open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def _cached(self, name: str) -> Path:
        """Return the local copy of a file, fetched and compared with its checksum where it is not there yet."""
        wanted = self._sum(name)
        copy = self.cache / f"{wanted}{Path(name).suffix}"
        if not copy.exists():
            content = self._fetched(name)
            if hashlib.sha256(content).hexdigest() != wanted:
                raise ValueError(f"{self.where}/{name} is not what its checksum says; write the shards again")
            self.cache.mkdir(parents=True, exist_ok=True)
            with replacing(copy) as partial:
                partial.write_bytes(content)
        return copy

    def _fetched(self, name: str) -> bytes:
        content = self.folder.read(name)
        if content is None:
            raise FileNotFoundError(f"{self.where}/{name} is missing; write the shards again")
        return content

    def _sum(self, name: str) -> str:
        if name not in self._sums:
            about, what = f"{name.partition('.')[0]}.json", f"{self.where}/{name.partition('.')[0]}.json"
            sums = as_mapping(parse_json(self._fetched(about), what, "checksums"), what).get("sha256")
            self._sums[name] = as_text(as_mapping(sums, f"{what}, field sha256").get(name), f"{what}, {name}")
        return self._sums[name]


def _first(sizes: dict[str, int], room: int) -> frozenset[str]:
    """Return the first files of pictures that fit into so many bytes.

    Example:
        >>> sorted(_first({"00000.pictures": 5, "00001.pictures": 4, "00001.npz": 99}, 8))
        ['00000.pictures']
    """
    kept = []
    for name in sorted(name for name in sizes if name.endswith(".pictures")):
        room -= sizes[name]
        if room < 0:
            break
        kept.append(name)
    return frozenset(kept)
