"""Parquet files that hold pictures, or the paths of pictures, in a column."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from likelihand.utils.storage import opened
from likelihand.utils.validation import one_line

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_BUFFER: Final = 2**20
"""Bytes of a column that are read at a time: a row group may be larger than memory."""
_ROWS: Final = 16


@contextmanager
def open_table(address: str) -> Iterator["pq.ParquetFile"]:
    """Open a Parquet file.

    Raises:
        ValueError: it is none, or damaged.
        OSError: it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    system, path = opened(address)
    with system.open(path, "rb") as file:
        try:
            table = pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
        except pa.ArrowInvalid as error:
            raise ValueError(
                f"{address} is not a whole Parquet file ({one_line(error)}); write it again"
            ) from error
        yield table


def column_of(schema: "pa.Schema", asked: str | None, address: str) -> str:
    """Return the name of the column that holds pictures or paths: the one asked for, or the only one that can.

    Pictures go before paths: a table that holds both is a table of pictures.

    Raises:
        ValueError: there is no such column, or more than one; the message names them.

    Example:
        >>> import pyarrow as pa
        >>> schema = pa.schema([("id", pa.int64()), ("label", pa.string()), ("jpg", pa.binary())])
        >>> column_of(schema, None, "a.parquet")
        'jpg'
    """
    if asked is not None:
        if asked not in schema.names or not (_holds_bytes(schema, asked) or holds_text(schema, asked)):
            raise ValueError(f"{address} has no column {asked!r} of pictures or paths, but {_told(schema)}")
        return asked
    for holds in (_holds_bytes, holds_text):
        able: list[str] = [name for name in schema.names if holds(schema, name)]
        if len(able) == 1:
            return able[0]
        if able:
            raise ValueError(f"{address} has the columns {', '.join(able)}; say which with --column {able[0]}")
    raise ValueError(f"{address} has no column of pictures (binary) or paths (string), but {_told(schema)}")


def _told(schema: "pa.Schema") -> str:
    return ", ".join(f"{each.name} ({each.type})" for each in schema)[:200]


def _holds_bytes(schema: "pa.Schema", name: str) -> bool:
    """Tell whether a column holds encoded pictures: bytes, or a struct with a field `bytes`."""
    import pyarrow.types as kinds

    kind = schema.field(name).type
    if kinds.is_struct(kind):
        place = kind.get_field_index("bytes")
        return place >= 0 and _is_binary(kind.field(place).type)
    return _is_binary(kind)


def _is_binary(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind))


def holds_text(schema: "pa.Schema", name: str) -> bool:
    """Tell whether a column holds text."""
    import pyarrow.types as kinds

    kind = schema.field(name).type
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind))


def group_count(table: "pq.ParquetFile") -> int:
    """Count the row groups of a Parquet file."""
    return int(table.num_row_groups)


def texts(table: "pq.ParquetFile", column: str) -> Iterator[str]:
    """Yield the texts of a column; a missing one is left out."""
    for batch in table.iter_batches(columns=[column]):
        yield from (text for text in batch.column(0).to_pylist() if text)


def pictures(address: str, group: int, column: str | None) -> Iterator[tuple[str, bytes | None]]:
    """Yield the encoded pictures of a row group, each under `address#row`; None where the cell is empty."""
    with open_table(address) as table:
        name = column_of(table.schema_arrow, column, address)
        row = sum(table.metadata.row_group(i).num_rows for i in range(group))
        for batch in table.iter_batches(batch_size=_ROWS, row_groups=[group], columns=[name]):
            for cell in batch.column(0).to_pylist():
                yield f"{address}#{row}", cell["bytes"] if isinstance(cell, dict) else cell
                row += 1
