"""Predictions as rows of tables, made of the JSON Lines that `predict` writes."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

from likelihand.structures import KEYPOINTS

Line: TypeAlias = dict[str, Any]
Row: TypeAlias = tuple[object, ...]

_VALUES: Final = ("keypoint", "x", "y", "scale_x", "scale_y", "confidence", "inside")
PICTURE_COLUMNS: Final = ("file", "hand", "side", "score", *_VALUES)
"""The head of the pictures' CSV file; a row is a keypoint."""
FILM_COLUMNS: Final = ("frame", "time", "hand", "side", "seen", "score", *_VALUES)
"""The head of a film's; `hand` is the track's number."""
FIT_COLUMNS: Final = ("joint_x", "joint_y", "joint_z", "joint_scale_x", "joint_scale_y", "joint_scale_z")
"""What a fit adds to either: the joint from the wrist in hand lengths, and its standard deviations."""


def picture_rows(lines: Iterable[Line], fitted: bool = False) -> Iterator[Row]:
    """Yield the hands of pictures: `PICTURE_COLUMNS`, then a row per keypoint; a picture without hands has none.

    Where hands have their fits, rows end with `FIT_COLUMNS`.
    """

    def head(line: Line, place: int, hand: Line) -> Row:
        return line["file"], place, hand["side"] or "", hand["score"]

    return _rows(PICTURE_COLUMNS, head, lines, fitted)


def film_rows(lines: Iterable[Line], fitted: bool = False) -> Iterator[Row]:
    """Yield the hands of a film: `FILM_COLUMNS`, then a row per frame, hand and keypoint."""

    def head(line: Line, place: int, hand: Line) -> Row:
        return line["frame"], line["time"], hand["track"], hand["side"] or "", int(hand["seen"]), hand["score"]

    return _rows(FILM_COLUMNS, head, lines, fitted)


def _rows(
    columns: Row, head: Callable[[Line, int, Line], Row], lines: Iterable[Line], fitted: bool
) -> Iterator[Row]:
    """Yield the columns' names, then a row per hand and keypoint, which begins with the hand's `head`."""
    yield (*columns, *FIT_COLUMNS) if fitted else columns
    for line in lines:
        for place, hand in enumerate(line["hands"]):
            yield from ((*head(line, place, hand), *row) for row in _values(hand))


def _values(hand: Line) -> Iterator[Row]:
    values = (hand["keypoints"], hand["scale"], hand["confidence"], hand["inside"])
    fits = _fit_values(hand["fit"]) if "fit" in hand else [()] * len(KEYPOINTS)
    for name, point, scale, confidence, inside, fit in zip(KEYPOINTS, *values, fits, strict=True):
        yield (name, *point, *scale, confidence, int(inside), *fit)


def _fit_values(fit: Line) -> list[Row]:
    """Return `FIT_COLUMNS` of every keypoint."""
    return [
        (*joint, *(round(math.sqrt(spread[k][k]), 5) for k in range(3)))
        for joint, spread in zip(fit["joints"], fit["covariance"], strict=True)
    ]


def deeplabcut_rows(read: Callable[[], Iterable[Line]], index: str) -> Iterator[Row]:
    """Yield a wide table as DeepLabCut writes it: four rows of head, then a row per frame or picture (`index`).

    Coordinates count the centre of the first pixel as (0, 0), 0.5 less than ours; `likelihood` is the confidence.
    What a frame does not show is NaN. `pandas.read_csv(file, header=[0, 1, 2, 3], index_col=0)` reads it. The
    lines are read twice, for the head needs to know all hands.

    Example:
        >>> for row in deeplabcut_rows(list, "frame"):
        ...     print(row[:3])
        ('scorer', 'likelihand', 'likelihand')
        ('individuals', 'hand0', 'hand0')
        ('bodyparts', 'wrist', 'wrist')
        ('coords', 'x', 'y')
    """
    hands = sorted({number for line in read() for number in _numbered(line)}) or [0]
    cells = [
        (f"hand{number}", name, value)
        for number in hands
        for name in KEYPOINTS
        for value in ("x", "y", "likelihood")
    ]
    yield ("scorer", *["likelihand"] * len(cells))
    for title, column in zip(("individuals", "bodyparts", "coords"), zip(*cells, strict=True), strict=True):
        yield (title, *column)
    for line in read():
        numbered = _numbered(line)
        yield (line[index], *(value for number in hands for value in _cells(numbered.get(number))))


def _numbered(line: Line) -> dict[int, Line]:
    """Return a line's hands by number: the track's, or the place in the picture."""
    return {hand.get("track", place): hand for place, hand in enumerate(line["hands"])}


def _cells(hand: Line | None) -> list[object]:
    if hand is None:
        return ["NaN"] * (3 * len(KEYPOINTS))  # pandas takes a first row of empty cells for a name of the index
    pairs = zip(hand["keypoints"], hand["confidence"], strict=True)
    return [value for (x, y), sure in pairs for value in (round(x - 0.5, 3), round(y - 0.5, 3), sure)]
