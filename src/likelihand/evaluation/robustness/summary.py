"""Scores of outcomes: one row per tool and condition."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np

from likelihand.evaluation.robustness.measure import BoolArray, Outcome
from likelihand.geometry import FloatArray

LEVELS: Final = (0.68, 0.9)
"""Regions whose coverage is told."""
NEAR: Final = 0.1
"""Error, in shares of the hand's true size, up to which a keypoint counts as right."""


@dataclass(frozen=True, slots=True)
class Row:
    """Scores of a tool in a condition; NaN where there is nothing to average.

    Attributes:
        tool: its name.
        condition: its name.
        hands: labelled.
        missed: not found; they are left out of NME, coverage and confidence.
        nme: mean over the hands found of the mean distance, divided by max(w, h) of the labels' tight box.
        median: over the hands found.
        right: share of the keypoints of all hands that lie within 10 % of that size: those of missed hands do not.
        coverage_68: share of the truths within their 68 % region.
        coverage_90: within their 90 % region.
        said: mean confidence, of an error of at most 10 % of the estimated hand's size.
        true: how often that was so.
        others: hands found that no label names; labels are not complete, so that some of them are there.
        keypoints: counted in coverage and confidence.
    """

    tool: str
    condition: str
    hands: int
    missed: int
    nme: float
    median: float
    right: float
    coverage_68: float
    coverage_90: float
    said: float
    true: float
    others: int
    keypoints: int

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, null in place of NaN."""
        return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(self).items()}


NUMBERS: Final = tuple(field.name for field in fields(Row))[2:]


def summarise(outcomes: Iterable[Outcome], *, cut: bool = False) -> list[Row]:
    """Score outcomes by tool and condition, in the order in which these first come.

    With `cut` the keypoints that were cut away count in place of those in the picture; hands without are left out.

    Example:
        >>> summarise([])
        []
    """
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.tool, outcome.condition), []).append(outcome)
    asked: Callable[[Outcome], BoolArray] = (lambda o: o.cut) if cut else (lambda o: o.asked)
    kept = {key: [o for o in group if asked(o).any()] for key, group in groups.items()}
    return [_row(*key, group, asked) for key, group in kept.items() if group]


def _row(tool: str, condition: str, outcomes: Sequence[Outcome], asked: Callable[[Outcome], BoolArray]) -> Row:
    found = [o for o in outcomes if o.found]

    def each(name: str) -> FloatArray:
        parts = [np.asarray(getattr(o, name), np.float64)[asked(o)] for o in found]
        return np.concatenate(parts) if parts else np.zeros(0)

    errors = np.array([o.error[asked(o)].mean() for o in found])
    level, confidence = each("level"), each("confidence")
    everything = sum(int(asked(o).sum()) for o in outcomes)
    return Row(
        tool=tool,
        condition=condition,
        hands=len(outcomes),
        missed=len(outcomes) - len(found),
        nme=_mean(errors),
        median=float(np.median(errors)) if len(errors) else float("nan"),
        right=float((each("error") <= NEAR).sum()) / everything,
        coverage_68=_share(level, LEVELS[0]),
        coverage_90=_share(level, LEVELS[1]),
        said=_mean(confidence),
        true=_mean(each("near")),
        others=sum(o.others for o in outcomes),
        keypoints=len(level),
    )


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _share(level: FloatArray, limit: float) -> float:
    return float("nan") if np.isnan(level).any() else _mean((level <= limit).astype(np.float64))
