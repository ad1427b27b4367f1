"""Tables of a measurement: aligned for a terminal, Markdown for documents, CSV and JSON for programs."""

import csv
import io
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from likelihand.evaluation.robustness.conditions import Condition
from likelihand.evaluation.robustness.measure import Outcome
from likelihand.evaluation.robustness.summary import NUMBERS, Row, summarise
from likelihand.utils.tables import aligned, markdown

HEAD: Final = (
    "condition", "tool", "missed", "NME", "median", "PCK@0.1", "68 %", "90 %", "said", "true", "others",
)  # fmt: skip
EXPLAINED: Final = (
    "missed: no hand was found the tight box of whose labelled points overlaps that of the labels by an IoU of "
    "0.3, one to one. "
    "NME and median: of the hands found, protocol paper, normalised by max(w, h) of the labels' tight box. "
    "PCK@0.1: share of all keypoints within a tenth of that, those of missed hands counted as wrong. "
    "68 %, 90 %: truths within the regions of that level; said and true: mean confidence, and how often it came "
    "true; all of the hands found. others: hands found that no label names, some of them real; where a picture "
    "shows several hands they are counted for each."
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        title: data set and count, in words.
        settings: model, looks, seed and the like, as JSON values.
        conditions: those measured.
        rows: keypoints in the picture.
        cut: keypoints that were cut away.
    """

    title: str
    settings: dict[str, Any]
    conditions: tuple[Condition, ...]
    rows: tuple[Row, ...]
    cut: tuple[Row, ...]

    @classmethod
    def of(
        cls,
        title: str,
        settings: dict[str, Any],
        conditions: Sequence[Condition],
        outcomes: Sequence[Outcome],
    ) -> "Report":
        """Score outcomes, condition by condition in the order given."""
        order = {condition.name: i for i, condition in enumerate(conditions)}
        ordered = sorted(outcomes, key=lambda o: order[o.condition])
        return cls(
            title, settings, tuple(conditions), tuple(summarise(ordered)), tuple(summarise(ordered, cut=True))
        )

    def __str__(self) -> str:
        parts = [f"{name}:\n{aligned(rows, left=(0, 1))}" for name, rows in self._tables()]
        return "\n\n".join([self.title, *parts, textwrap.fill(EXPLAINED, 110)])

    def markdown(self) -> str:
        """Return the tables, what they mean and the conditions as Markdown."""
        parts = [f"{name}:\n\n{markdown(rows[0], rows[1:])}" for name, rows in self._tables()]
        levels = "\n".join(f"- **{c.name}**: {c.level}" for c in self.conditions)
        return "\n\n".join([self.title, *parts, EXPLAINED, levels]) + "\n"

    def _tables(self) -> list[tuple[str, list[list[str]]]]:
        parts = (("Keypoints in the picture", self.rows), ("Keypoints that were cut away", self.cut))
        return [(name, [list(HEAD), *map(_cells, rows)]) for name, rows in parts if rows]

    def csv(self) -> str:
        """Return all rows as CSV; `part` tells keypoints in the picture from those that were cut away."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["part", "tool", "condition", *NUMBERS])
        for part, rows in (("in the picture", self.rows), ("cut away", self.cut)):
            for row in rows:
                values = row.to_json()
                numbers = ["" if values[n] is None else _short(values[n]) for n in NUMBERS]
                writer.writerow([part, row.tool, row.condition, *numbers])
        return text.getvalue()

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "title": self.title,
            "protocol": "paper",
            "normaliser": "max(w, h) of the tight box of the labelled keypoints",
            "settings": self.settings,
            "conditions": {c.name: c.level for c in self.conditions},
            "rows": [row.to_json() for row in self.rows],
            "cut_away": [row.to_json() for row in self.cut],
        }


def _cells(row: Row) -> list[str]:
    decimals = [f"{v:.3f}" for v in (row.nme, row.median, row.right)]
    shares = [f"{100 * v:.0f} %" for v in (row.coverage_68, row.coverage_90)]
    chances = [f"{v:.2f}" for v in (row.said, row.true)]
    cells = [
        row.condition,
        row.tool,
        f"{row.missed} of {row.hands}",
        *decimals,
        *shares,
        *chances,
        str(row.others),
    ]
    return ["-" if "nan" in cell else cell for cell in cells]


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else "" if math.isnan(value) else f"{value:.5g}"
