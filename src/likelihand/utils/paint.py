"""Smooth shapes and text on an array, by Pillow: a shape is drawn several times as large and shrunk.

Coordinates have the picture's corner as their origin: the centre of the first pixel is (0.5, 0.5).
"""

import math
from collections.abc import Sequence
from copy import copy
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
from numpy.typing import NDArray

Colour: TypeAlias = tuple[int, int, int]
Floats: TypeAlias = NDArray[np.float64]

CAPITAL: Final = 0.7
"""Height of a capital letter over the size of Pillow's own font."""
_FINE: Final = ((64, 8), (512, 4), (1024, 2))
"""What is of at most so many pixels is drawn so many times as large; what is larger, as it is."""


class Brush:
    """Draws on a part of a picture; `done` puts the part back.

    Args:
        canvas: (height, width, 3) uint8; `done` changes it.
        low: (x, y) of the corner of the part that may be drawn on; all of the picture where None.
        high: of the opposite corner.

    Example:
        >>> canvas = np.zeros((3, 5, 3), np.uint8)
        >>> brush = Brush(canvas)
        >>> brush.fill([np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 2.0], [1.0, 2.0]])], (9, 9, 9))
        >>> brush.done()
        >>> canvas[..., 0]
        array([[0, 0, 0, 0, 0],
               [0, 9, 9, 9, 0],
               [0, 0, 0, 0, 0]], dtype=uint8)
    """

    def __init__(self, canvas: NDArray[np.uint8], low: Any = None, high: Any = None) -> None:  # noqa: ANN401
        size = np.array([canvas.shape[1], canvas.shape[0]])
        self._at = np.zeros(2, int) if low is None else np.clip(np.floor(low), 0, size).astype(int)
        end = size if high is None else np.clip(np.ceil(high), 0, size).astype(int)
        self._part = canvas[self._at[1] : max(end[1], self._at[1]), self._at[0] : max(end[0], self._at[0])]
        self._picture = PIL.Image.fromarray(np.ascontiguousarray(self._part)) if self._part.size else None

    def done(self) -> None:
        """Put what was drawn into the canvas."""
        if self._picture is not None:
            self._part[...] = np.asarray(self._picture)

    def fill(self, shapes: Sequence[Floats], colour: Colour, holes: Sequence[Floats] = ()) -> None:
        """Fill polygons, (N, 2) each, all but some holes, with one coat of a colour."""
        if self._picture is None or not shapes:
            return
        corners, most = np.concatenate(shapes) - self._at, self._picture.size
        left, top = (int(min(max(v, 0), m)) for v, m in zip(np.floor(corners.min(0)).tolist(), most, strict=True))
        right, bottom = (
            int(min(max(v, 0), m)) for v, m in zip(np.ceil(corners.max(0)).tolist(), most, strict=True)
        )
        if right <= left or bottom <= top:
            return
        times = next((times for size, times in _FINE if max(right - left, bottom - top) <= size), 1)
        mask = PIL.Image.new("L", ((right - left) * times, (bottom - top) * times))
        draw = PIL.ImageDraw.Draw(mask)
        corner = self._at + np.array([left, top])
        for value, polygons in ((255, shapes), (0, holes)):
            for polygon in polygons:
                draw.polygon(np.rint((polygon - corner) * times - 0.5).ravel().tolist(), fill=value)
        self._picture.paste(colour, (left, top), mask.reduce(times) if times > 1 else mask)

    def text(self, words: str, at: Sequence[int], height: float, colours: Sequence[Colour], edge: int) -> None:
        """Write a line of ASCII with an edge around its letters, from `at` on the line that letters stand on.

        `height` is that of a capital letter; the colours are those of edge and letters.
        """
        if self._picture is None:
            return
        draw, place = PIL.ImageDraw.Draw(self._picture), tuple((np.asarray(at) - self._at).tolist())
        font = _font(round(height / CAPITAL))
        draw.text(place, words, colours[1], font, "ls", stroke_width=edge, stroke_fill=colours[0])

    def copy(self) -> "Brush":
        """Return a brush with a picture of its own of the same part."""
        other = copy(self)
        other._picture = self._picture and self._picture.copy()
        return other

    def blend(self, other: "Brush", share: float) -> None:
        """Take a share of another brush's picture of the same part."""
        if self._picture is not None and other._picture is not None:
            self._picture = PIL.Image.blend(self._picture, other._picture, share)


def bar(start: Floats, end: Floats, width: float) -> Floats:
    """Return the corners of a line of a width from one point to another, (x, y) each; its ends are cut straight.

    Example:
        >>> bar(np.array([1.0, 2.0]), np.array([5.0, 2.0]), 2.0).tolist()
        [[1.0, 3.0], [5.0, 3.0], [5.0, 1.0], [1.0, 1.0]]
    """
    (dx, dy), half = (end - start).tolist(), width / 2
    length = math.hypot(dx, dy) or 1.0
    aside = np.array([-dy * half / length, dx * half / length])
    return np.stack([start + aside, end + aside, end - aside, start - aside])


def oval(centre: Floats, radii: Floats | float, axes: Floats | None = None, grow: float = 0.0) -> Floats:
    """Return corners of an ellipse, as many as make it smooth; `axes` (2, 2) are its directions in the columns.

    Example:
        >>> oval(np.array([1.0, 2.0]), 3.0, grow=1.0)[0].tolist()
        [5.0, 2.0]
    """
    grown = np.maximum(np.asarray(radii, np.float64) + grow, 0.0)
    corners = _circle(int(min(max(4 * math.sqrt(grown.max()), 16), 256))) * grown
    return centre + (corners if axes is None else corners @ axes.T)


@cache
def _circle(count: int) -> Floats:
    turn = np.linspace(0, 2 * math.pi, count, endpoint=False)
    return np.stack([np.cos(turn), np.sin(turn)], 1)


def text_width(words: str, height: float) -> int:
    """Return how wide a line is."""
    left, _, right, _ = _font(round(height / CAPITAL)).getbbox(words, anchor="ls")
    return round(right - left)


@cache
def _font(size: int) -> PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont:
    return PIL.ImageFont.load_default(size)
