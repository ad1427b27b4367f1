"""The folder of a bulk run: its inputs, split into chunks, and which of them are done.

    likelihand.json             the settings and the model, by which another run in the same folder is refused
    inputs/00000.parquet        what a run found that no earlier one had; a row group a chunk
    parts/00000-000000.parquet  the rows of chunk 0 of that list, there whole or not at all

A chunk is named by its list and its place there, and a list never changes. So it does not matter how often, where
and by whom a chunk is worked on: its rows are there once.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from likelihand.apps.bulk.inputs import Input
from likelihand.utils.storage import Folder
from likelihand.utils.validation import as_mapping, parse_json

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ABOUT: Final = "likelihand.json"
_LONGEST: Final = 200_000
"""Chunks of a list at most: its table of contents is read by every worker."""


class Chunk(NamedTuple):
    """One unit of work.

    Attributes:
        inputs: number of the list.
        place: the row group of the list.
        size: number of inputs.
    """

    inputs: int
    place: int
    size: int

    @property
    def part(self) -> str:
        """Name of the file that holds its rows."""
        return f"parts/{self.inputs:05}-{self.place:06}.parquet"


def begin(folder: Folder, about: dict[str, Any]) -> None:
    """Begin a folder, or check that it was begun with the same settings and the same model.

    Raises:
        ValueError: it was begun for something else.
    """
    wanted = json.loads(json.dumps(about))
    where = f"{folder.address}/{ABOUT}"
    content = folder.read(ABOUT)
    if content is None:
        with folder.writing(ABOUT) as path:
            path.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        return
    found = as_mapping(parse_json(content, where, "the folder of a bulk run"), where)
    if differs := sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key)):
        told = ", ".join(f"{key} {found.get(key)!r}, not {wanted.get(key)!r}" for key in differs)
        raise ValueError(f"{folder.address} was begun with {told}; give the same, or another --out")


def add(folder: Folder, inputs: Sequence[Input], length: int) -> int:
    """Write a list of the inputs that no earlier list contains, and return how many are new.

    A chunk is `length` pictures; anything else is a chunk of its own.
    """
    numbers = _lists(folder)
    known = {each for number in numbers for each in _known(folder, number)}
    new = [each for each in inputs if (each.path, each.group) not in known]
    chunks = list(_cut(new, length))
    first = max(numbers, default=-1) + 1
    for number, start in enumerate(range(0, len(chunks), _LONGEST), first):
        _write(folder, number, chunks[start : start + _LONGEST])
    return len(new)


def chunks_of(folder: Folder) -> list[Chunk]:
    """List the chunks of all lists, in order."""
    found = []
    for number in _lists(folder):
        with open_list(folder, number) as file:
            counts = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
        found += [Chunk(number, place, count) for place, count in enumerate(counts)]
    return found


def left(folder: Folder, chunks: Sequence[Chunk]) -> list[Chunk]:
    """List the chunks without a finished part."""
    done = folder.names("parts")
    return [chunk for chunk in chunks if chunk.part.partition("/")[2] not in done]


def inputs_of(file: "pq.ParquetFile", chunk: Chunk) -> list[Input]:
    """Read a chunk's inputs from its list."""
    rows = file.read_row_group(chunk.place).to_pylist()
    return [Input(row["kind"], row["path"], row["group"]) for row in rows]


def open_list(folder: Folder, number: int) -> "pq.ParquetFile":
    """Open a list of inputs."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(folder.system.open(folder.path(f"inputs/{number:05}.parquet"), "rb"))


def _lists(folder: Folder) -> list[int]:
    return sorted(int(name[:5]) for name in folder.names("inputs") if re.fullmatch(r"\d{5}\.parquet", name))


def _known(folder: Folder, number: int) -> Iterator[tuple[str, int]]:
    with open_list(folder, number) as file:
        for batch in file.iter_batches(columns=["path", "group"]):
            yield from zip(batch.column("path").to_pylist(), batch.column("group").to_pylist(), strict=True)


def _cut(inputs: Sequence[Input], length: int) -> Iterator[list[Input]]:
    """Yield the chunks: first films, tars and tables, each alone, as they take longest; then the pictures."""
    yield from ([each] for each in inputs if each.kind != "picture")
    pictures = [each for each in inputs if each.kind == "picture"]
    yield from (pictures[start : start + length] for start in range(0, len(pictures), length))


def _write(folder: Folder, number: int, chunks: Sequence[Sequence[Input]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    with (
        folder.writing(f"inputs/{number:05}.parquet") as path,
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
    ):
        for chunk in chunks:
            writer.write_table(pa.Table.from_pylist([each._asdict() for each in chunk], schema))


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([("kind", pa.string()), ("path", pa.string()), ("group", pa.int32())])
