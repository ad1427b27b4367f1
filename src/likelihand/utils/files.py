"""Atomic file writing: a file exists whole or not at all."""

import errno
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file so that at any moment it holds either the old content or the new, also after a crash.

    Processes that write the same file at once do not disturb each other: the last one to finish wins.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atomically(Path(folder, "a"), b"new")
        ...     Path(folder, "a").read_bytes()
        b'new'
    """
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_json(path: str | Path, values: object) -> None:
    """Write values as indented JSON, atomically.

    Raises:
        TypeError: a value has no form in JSON.
    """
    write_atomically(path, (json.dumps(values, indent=1) + "\n").encode())


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Lend a path beside `path` to write to; the file takes its final name where the block ends without an error.

    For writers that take a path and not bytes. The lent name keeps the ending, by which some of them choose a
    format, and differs between processes, on other machines that share the disk too. After an error it is removed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder, "a.txt")) as partial:
        ...         _ = partial.write_text("whole")
        ...     [file.name for file in Path(folder).iterdir()]
        ['a.txt']
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{os.getpid()}-{secrets.token_hex(4)}{path.suffix}")
    try:
        yield partial
        _flush(partial, os.O_RDWR)
        partial.replace(path)
        if os.name == "posix":
            _flush(path.parent, os.O_RDONLY)
    finally:
        partial.unlink(missing_ok=True)


def made_ready(*files: Path | None) -> None:
    """Make the folders of files that long work will write at its end, so that it does not fail there.

    Args:
        files: those that are None are not asked for.

    Raises:
        OSError: a folder cannot be made or written to, or is where the file is to be.

    Example:
        >>> made_ready(None, Path("scores.json"))
    """
    for file in files:
        if file is None:
            continue
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
        file.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(file if file.exists() else file.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))


def _flush(path: Path, flags: int) -> None:
    """Wait until the disk has a file or the names in a folder."""
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def begin_folder(path: Path, about: Mapping[str, object]) -> None:
    """Begin a folder by writing its description to `path`, or check that it was begun with the same one.

    Raises:
        ValueError: it was begun for something else.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, about)
        return
    from likelihand.utils.validation import as_mapping, read_json

    wanted = json.loads(json.dumps(about))
    found = as_mapping(read_json(path, "the file that began this folder"), str(path))
    if found != wanted:
        differs = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
        raise ValueError(
            f"{path.parent} was begun with another {', '.join(differs)}; give the same settings or another folder"
        )
