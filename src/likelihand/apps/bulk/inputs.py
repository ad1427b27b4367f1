"""Inputs of a bulk run: files on any file system, found by name alone, since there may be millions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from likelihand.apps.bulk.tables import column_of, group_count, holds_text, open_table, texts
from likelihand.data.formats.kinds import kind_of_name
from likelihand.utils.storage import address_of, is_address, opened

Kind: TypeAlias = Literal["picture", "film", "tar", "table"]

_KINDS: Final[dict[str, Kind]] = {".tar": "tar", ".tgz": "tar", ".parquet": "table", ".parq": "table"}
_LISTS: Final = (".txt", ".lst", ".list")
_NETWORK: Final = ("rtsp://", "rtmp://", "udp://", "rtp://")


class Input(NamedTuple):
    """One input.

    Attributes:
        kind: "picture", "film", "tar" (a WebDataset shard) or "table" (pictures in a column of a Parquet file).
        path: a plain absolute path, or an address as s3://bucket/a.jpg.
        group: the row group of a table that is meant; 0 of anything else.
    """

    kind: Kind
    path: str
    group: int = 0


@dataclass
class Found:
    """The inputs that sources contain.

    Attributes:
        inputs: each once, in the order of the sources, a folder's and a glob's sorted.
        problems: one line for each source that gave nothing.
        passed_over: ending to the number of files of a folder that are neither picture nor film.
    """

    inputs: list[Input] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def find(sources: Sequence[str], column: str | None = None, results: str = "") -> Found:
    """Find the pictures and films of folders, globs, lists, Parquet files and tars.

    Args:
        sources: paths, or addresses as s3://bucket/photos.
        column: of Parquet files that holds the pictures or their paths; where None it is the only one that can.
        results: address of the run's own folder, whose files are skipped.

    Example:
        >>> from likelihand.utils.storage import opened
        >>> system, _ = opened("memory://")
        >>> for name in ("/find/b.jpg", "/find/a.mp4", "/find/c.json"):
        ...     system.pipe_file(name, b"")
        >>> found = find(["memory://find", "memory://none/*.jpg"])
        >>> [(each.kind, each.path) for each in found.inputs], dict(found.passed_over)
        ([('film', 'memory:///find/a.mp4'), ('picture', 'memory:///find/b.jpg')], {'.json': 1})
        >>> found.problems
        ['memory://none/*.jpg: no file matches']
    """
    found = Found()
    inputs: dict[Input, None] = {}
    for source in sources:
        try:
            before = len(inputs)
            inputs.update(dict.fromkeys(_of_source(source, column, results, found)))
            if len(inputs) == before and not found.passed_over:
                found.problems.append(f"{source}: no picture or film there")
        except (ValueError, OSError) as error:
            found.problems.append(str(error))
    found.inputs.extend(inputs)
    return found


def _of_source(source: str, column: str | None, results: str, found: Found) -> Iterator[Input]:
    if source == "-" or source.startswith(_NETWORK):
        raise ValueError(f"{source}: a stream cannot be read twice; leave out --engine ray, or give files")
    system, path = opened(source)
    if system.isdir(path):
        yield from _of_folder(system, path, column, results, found)
    elif any(sign in path for sign in "*?[") and not system.exists(path):
        matched = sorted(str(name) for name in system.glob(path))
        if not matched:
            raise ValueError(f"{source}: no file matches")
        for name in matched:
            yield from _of_file(system, name, column)
    else:
        # a missing file stays an input, so that its row says so
        yield from _of_file(system, path, column)


def _of_folder(system: Any, folder: str, column: str | None, results: str, found: Found) -> Iterator[Input]:  # noqa: ANN401
    own = opened(results)[1].rstrip("/") + "/" if results else None
    for name in sorted(str(name) for name in system.find(folder)):
        ending = PurePosixPath(name).suffix.lower()
        if own is not None and name.startswith(own) and not folder.startswith(own):
            continue
        if ending in _KINDS or kind_of_name(name) is not None:
            yield from _of_file(system, name, column)
        else:
            found.passed_over[ending or "no ending"] += 1


def _of_file(system: Any, path: str, column: str | None) -> Iterator[Input]:  # noqa: ANN401
    """Yield the inputs that a file is, or lists; a file with an unknown ending is taken for a picture."""
    ending, address = PurePosixPath(path).suffix.lower(), address_of(system, path)
    if ending in _LISTS:
        lines = system.cat_file(path).decode("utf-8-sig").splitlines()
        yield from _listed((line.strip() for line in lines), system, path)
    elif _KINDS.get(ending) == "table":
        yield from _of_table(system, path, column)
    else:
        yield Input(_KINDS.get(ending) or kind_of_name(path) or "picture", address)


def _of_table(system: Any, path: str, column: str | None) -> Iterator[Input]:  # noqa: ANN401
    address = address_of(system, path)
    with open_table(address) as table:
        name = column_of(table.schema_arrow, column, address)
        if holds_text(table.schema_arrow, name):
            yield from _listed(texts(table, name), system, path)
        else:
            yield from (Input("table", address, group) for group in range(group_count(table)))


def _listed(names: Iterable[str], system: Any, path: str) -> Iterator[Input]:  # noqa: ANN401
    """Yield the inputs that a file names; relative paths are relative to the file."""
    folder = PurePosixPath(path).parent
    for name in names:
        if name:
            address = name if is_address(name) else address_of(system, str(folder / name))
            yield Input(_KINDS.get(PurePosixPath(name).suffix.lower()) or kind_of_name(name) or "picture", address)
