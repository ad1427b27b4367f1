"""Folders on any file system that fsspec reaches: a disk, `s3://bucket/folder`, `gs://`, `abfs://`, `hdfs://`."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from likelihand.utils.files import replacing

_PUT_IS_WHOLE: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "memory"})
"""Protocols of object stores, where an upload is there whole or not at all; elsewhere a file is renamed last."""


def is_address(source: object) -> bool:
    """Tell whether a source is a URL, as s3://bucket/folder or rtsp://camera/1, and no plain path.

    Example:
        >>> is_address("s3://bucket/photos"), is_address("C:/photos"), is_address(Path("photos")), is_address("-")
        (True, False, False, False)
    """
    return isinstance(source, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", source) is not None


def opened(address: str | os.PathLike[str]) -> tuple[Any, str]:
    """Return the file system of an address and the path on it; a plain path is made absolute.

    Raises:
        ValueError: the file system is not known, or the package that reads it is missing.

    Example:
        >>> opened("memory://photos/a.jpg")[1]
        '/photos/a.jpg'
    """
    from fsspec.core import url_to_fs

    text = os.fspath(address)
    try:
        system, path = url_to_fs(text if is_address(text) else str(Path(text).absolute()))
    except (ImportError, ValueError) as error:
        raise ValueError(
            f"{text} cannot be opened ({error}); give a path, or an address of a file system that fsspec knows, "
            "as s3:// with the package s3fs installed"
        ) from error
    return system, path


def address_of(system: Any, path: str) -> str:  # noqa: ANN401
    """Return what names a path on a file system anywhere: a plain absolute path on the local one."""
    return path if _is_local(system) else str(system.unstrip_protocol(path))


def _is_local(system: Any) -> bool:  # noqa: ANN401
    return "file" in _protocols(system)


def _protocols(system: Any) -> set[str]:  # noqa: ANN401
    return {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)


class Folder:
    """A folder of atomically written files.

    It can be pickled, its address travels, and used in a forked process, which opens the file system anew.

    Args:
        address: a path, or an address as s3://bucket/folder; it need not be there yet.

    Raises:
        ValueError: the file system is not known.

    Example:
        >>> folder = Folder("memory://example")
        >>> with folder.writing("parts/a.txt") as path:
        ...     _ = path.write_bytes(b"whole")
        >>> folder.names("parts"), folder.read("parts/a.txt"), folder.read("parts/b.txt")
        ({'a.txt'}, b'whole', None)
    """

    def __init__(self, address: str | os.PathLike[str]) -> None:
        self._system, path = opened(address)
        self._process = os.getpid()
        self.root = path.rstrip("/")
        self.address = address_of(self._system, self.root)

    def __reduce__(self) -> tuple[type["Folder"], tuple[str]]:
        return Folder, (self.address,)

    @property
    def system(self) -> Any:  # noqa: ANN401
        """The file system, which no forked process shares with its parent."""
        if self._process != os.getpid():
            self._system, self._process = opened(self.address)[0], os.getpid()
        return self._system

    def path(self, name: str) -> str:
        """Return the path of a file on the folder's file system."""
        return f"{self.root}/{name}"

    def names(self, folder: str) -> set[str]:
        """Return the names in a folder below this one; none where it is missing."""
        self.system.invalidate_cache()
        try:
            return {str(name).rpartition("/")[2] for name in self.system.ls(self.path(folder), detail=False)}
        except FileNotFoundError:
            return set()

    def has(self, name: str) -> bool:
        """Tell whether a file is there."""
        self.system.invalidate_cache()
        return bool(self.system.exists(self.path(name)))

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file; None where there is none."""
        try:
            return bytes(self.system.cat_file(self.path(name)))
        except FileNotFoundError:
            return None

    def read_span(self, name: str, start: int, end: int) -> bytes:
        """Return a part of a file, fewer bytes where it ends before.

        Raises:
            OSError: it cannot be read.
        """
        return bytes(self.system.cat_file(self.path(name), start=start, end=end))

    def sizes(self) -> dict[str, int]:
        """Return the bytes of each file in the folder itself."""
        self.system.invalidate_cache()
        listed = self.system.ls(self.root, detail=True)
        return {
            str(each["name"]).rpartition("/")[2]: int(each["size"]) for each in listed if each["type"] == "file"
        }

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Lend a local path to write to; the file is there once the block ends without an error.

        Raises:
            OSError: it cannot be written.
        """
        if _is_local(self.system):
            path = Path(self.path(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as partial:
                yield partial
            return
        with TemporaryDirectory() as folder:
            local = Path(folder, "whole")
            yield local
            self._send(local, self.path(name))

    def _send(self, local: Path, path: str) -> None:
        if _protocols(self.system) & _PUT_IS_WHOLE:
            self.system.put_file(str(local), path)
            return
        self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
        partial = f"{path}.{secrets.token_hex(8)}.partial"
        self.system.put_file(str(local), partial)
        self.system.mv(partial, path)
