"""Bars of a measurement, and a sheet of examples."""

import numpy as np
import pytest

from likelihand.evaluation.robustness import CONDITIONS, chosen
from likelihand.evaluation.robustness.picture import COLUMNS, TILE, sheet
from tests.evaluation.robustness.outcomes import report


def test_bars_are_drawn():
    pytest.importorskip("matplotlib")
    from likelihand.evaluation.robustness.picture import plot

    figure = plot(report().rows)
    assert [axes.get_xlabel()[:12] for axes in figure.axes] == ["hands missed", "median error", "confidence ("]


def test_the_sheet_shows_each_hand_in_each_condition(drawn, truth):
    """A row of tiles a hand; what a tool finds is drawn where it lies."""
    shown = chosen(["grey", "dark"])
    plain = sheet(drawn, shown, [0, 1])
    found = sheet(drawn, shown, [0, 1], truth([drawn.record(0).points]))
    assert plain.shape == found.shape == (2 * (TILE + 22), 2 * TILE, 3)
    assert np.ptp(plain[30:200, :TILE].astype(int), axis=2).max() <= 2  # grey is grey
    assert plain[30:200, TILE:].mean() < 0.7 * plain[30:200, :TILE].mean()
    assert (plain != found).any(2).mean() > 0.01


def test_rows_that_are_not_full_are_filled_with_black(drawn):
    shown = CONDITIONS[: COLUMNS + 1]
    tiles = sheet(drawn, shown, [0])
    assert tiles.shape[:2] == (2 * (TILE + 22), COLUMNS * TILE)
    assert tiles[TILE + 22 :, TILE:].max() == 0
