"""Rows of cells as text: aligned columns for a terminal, Markdown for a report."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Lay rows of as many cells out in columns, two spaces apart; text of the columns `left` begins at the left.

    Raises:
        ValueError: the rows differ in length.

    Example:
        >>> print(aligned([["name", "hands"], ["FreiHAND", "9"]]))
        name      hands
        FreiHAND      9
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out as a Markdown table.

    Raises:
        ValueError: a row has another length than the head.

    Example:
        >>> print(markdown(["set", "NME"], [["core", "0.05"]]))
        | set | NME |
        |---|---|
        | core | 0.05 |
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"row {list(row)} has {len(row)} cells; expected {len(head)}: {', '.join(head)}")
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])
