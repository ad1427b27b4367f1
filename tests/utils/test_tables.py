"""Rows of cells as text."""

import pytest

from likelihand.utils.tables import aligned, markdown


def test_text_begins_at_the_left_and_numbers_end_at_the_right() -> None:
    rows = [["a", "10", "ms", "x"], ["long", "9", "images/s", ""]]
    assert aligned(rows, left=(0, 2, 3)) == "a     10  ms        x\nlong   9  images/s"
    assert aligned([]) == ""


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        aligned([["a"], ["a", "b"]])
    with pytest.raises(ValueError, match=r"row \['a', 'b'\] has 2 cells; expected 1: name"):
        markdown(["name"], [["a", "b"]])
