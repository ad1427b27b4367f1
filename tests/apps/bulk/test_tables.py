"""Parquet files of pictures: the column is the only one that can be meant; rows are counted through the file."""

import re
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs likelihand[ray]")
pytest.importorskip("fsspec", reason="needs likelihand[ray]")
import pyarrow as pa
import pyarrow.parquet as pq

from likelihand.apps.bulk.inputs import find
from likelihand.apps.bulk.tables import pictures


@pytest.mark.parametrize(
    ("columns", "column", "message"),
    [({"a": [b"x"], "b": [b"y"]}, None, "has the columns a, b; say which with --column a"),
     ({"a": [1]}, None, r"no column of pictures \(binary\) or paths \(string\), but a \(int64\)"),
     ({"a": [b"x"]}, "c", "has no column 'c' of pictures or paths, but a")],
)  # fmt: skip
def test_a_table_that_leaves_a_doubt_is_a_problem(
    tmp_path: Path, columns: dict[str, list[object]], column: str | None, message: str
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    (problem,) = find([str(tmp_path / "t.parquet")], column).problems
    assert re.search(message, problem)


def test_rows_are_counted_through_the_file(tmp_path: Path) -> None:
    file = str(tmp_path / "t.parquet")
    cells = [{"bytes": b"%d" % i} if i != 3 else {"bytes": None} for i in range(40)]
    pq.write_table(pa.table({"image": cells, "text": ["x"] * 40}), file, row_group_size=25)
    assert list(pictures(file, 0, None)) == [(f"{file}#{i}", cells[i]["bytes"]) for i in range(25)]
    assert list(pictures(file, 1, "image")) == [(f"{file}#{i}", cells[i]["bytes"]) for i in range(25, 40)]
