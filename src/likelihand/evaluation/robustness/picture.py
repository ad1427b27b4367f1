"""Figures of a measurement: bars by condition, and a contact sheet of the conditions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from likelihand.data.dataset import Dataset
from likelihand.evaluation.robustness.conditions import Condition
from likelihand.evaluation.robustness.summary import Row
from likelihand.evaluation.robustness.tools import Tool
from likelihand.geometry import Image, crop_matrix, warp_image
from likelihand.visualization.drawing import draw, draw_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = ("#0072B2", "#E69F00", "#009E73")
"""Okabe and Ito's, one a tool."""
TILE: Final = 192
"""Side of a picture in the sheet, in pixels."""
COLUMNS: Final = 7
"""Of pictures in the sheet."""
_WRITING: Final = 22
"""Height of the line above a picture, in pixels."""


def plot(rows: Sequence[Row]) -> "Figure":
    """Draw the hands missed, the median error of those found, and confidence beside truth. Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names, tools = (list(dict.fromkeys(getattr(r, n) for r in rows)) for n in ("condition", "tool"))
    figure = Figure(figsize=(10.5, 0.8 + 0.34 * len(names)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    missed, error, sure = figure.subplots(1, 3, sharey=True)
    _bars(missed, rows, names, tools, [100 * r.missed / r.hands for r in rows])
    _bars(error, rows, names, tools, [100 * r.median for r in rows])
    _confidence(sure, [r for r in rows if not np.isnan(r.said)], names)
    missed.set_xlabel("hands missed (%)")
    error.set_xlabel("median error of those found (% of the hand)")
    sure.set_xlabel("confidence (%): ring said, dot true")
    missed.set_yticks(range(len(names)), names)
    missed.set_ylim(len(names) - 0.4, -0.6)
    if len(tools) > 1:
        figure.legend(*missed.get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return figure


def _bars(
    axes: "Axes", rows: Sequence[Row], names: Sequence[str], tools: Sequence[str], values: Sequence[float]
) -> None:
    height = 0.8 / len(tools)
    for i, tool in enumerate(tools):
        pairs = [(names.index(r.condition), v) for r, v in zip(rows, values, strict=True) if r.tool == tool]
        places = [place + (i - (len(tools) - 1) / 2) * height for place, _ in pairs]
        axes.barh(places, [v for _, v in pairs], height, label=tool, color=COLOURS[i % len(COLOURS)])
    axes.grid(axis="x", alpha=0.3)


def _confidence(axes: "Axes", rows: Sequence[Row], names: Sequence[str]) -> None:
    """Draw the stated confidence as a ring and the observed accuracy as a dot, joined by a line."""
    for row in rows:
        place = names.index(row.condition)
        axes.plot([100 * row.said, 100 * row.true], [place, place], color="0.6", linewidth=1.5, zorder=1)
        axes.plot([100 * row.said], [place], "o", color=COLOURS[0], markerfacecolor="white", zorder=2)
        axes.plot([100 * row.true], [place], "o", color=COLOURS[0], zorder=3)
    axes.set_xlim(0, 102)
    axes.grid(axis="x", alpha=0.3)


def sheet(
    dataset: Dataset,
    conditions: Sequence[Condition],
    indices: Sequence[int],
    tool: Tool | None = None,
    seed: int = 0,
) -> Image:
    """Lay out hands in every condition, `COLUMNS` in a row, with what a tool, if any, finds in the whole picture.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> from likelihand.evaluation.robustness.conditions import chosen
        >>> sheet(DrawnHands(1), chosen(["grey", "dark"]), [0]).shape
        (214, 384, 3)
    """
    across = min(COLUMNS, len(conditions))
    rows = []
    for index in indices:
        record = dataset.record(index)
        image = record.read()
        changed = [(c.name, c.apply(image, record, index, seed)[0]) for c in conditions]
        tiles = [_tile(name, picture, tool) for name, picture in changed]
        tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % across)
        rows += [np.hstack(tiles[i : i + across]) for i in range(0, len(tiles), across)]
    return np.vstack(rows)


def _tile(name: str, image: Image, tool: Tool | None) -> Image:
    """Draw a picture and what a tool finds in it, its name above."""
    height, width = image.shape[:2]
    drawn = image if tool is None else draw(image, tool(image, None), labels=False).image
    strip = np.zeros((_WRITING, TILE, 3), np.uint8)
    draw_text(strip, name, (TILE / 2, -10), 9.0)
    tile = warp_image(drawn, crop_matrix([0, 0, width, height], (TILE, TILE), padding=1.04), (TILE, TILE))
    return np.vstack([strip, tile])
