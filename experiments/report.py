"""What the studies write: Markdown documents, with a table of figures in CSV beside them."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from likelihand.utils.files import write_atomically


def write_document(path: Path, parts: Sequence[str]) -> None:
    """Write the parts of a Markdown document, an empty line between them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, ("\n\n".join(part.strip("\n") for part in parts if part) + "\n").encode())


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of the same columns as CSV, fractions to three digits after the point."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    )
    write_atomically(path, text.getvalue().encode())


def code(text: object) -> str:
    """Set text as a block of code, a new line after it."""
    return f"```\n{text}\n```\n"
