"""Shapes on arrays: how much of a pixel they cover is how much of the colour it takes."""

import numpy as np
import pytest

from likelihand.utils.paint import Brush, bar, oval, text_width

EIGHTH = 0.13
"""Shapes are drawn eight times as large: an edge is off by an eighth of a pixel at most."""


def drawn(shapes: list, size: tuple[int, int] = (40, 60), holes: tuple = (), low: object = None) -> np.ndarray:
    """Fill shapes with white on black and return the share of white of each pixel."""
    canvas = np.zeros((*size, 3), np.uint8)
    brush = Brush(canvas, low)
    brush.fill(shapes, (255, 255, 255), holes)
    brush.done()
    return canvas[..., 0] / 255


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5])
def test_a_pixel_takes_the_share_that_is_covered(shift: float) -> None:
    square = np.array([[10.0, 12.0], [20.0, 12.0], [20.0, 22.0], [10.0, 22.0]])
    square[:, 0] += shift
    share = drawn([square])
    assert share[15, 9:21].tolist() == pytest.approx([0, 1 - shift, *[1] * 9, shift], abs=EIGHTH)
    assert share.sum() == pytest.approx(100, rel=0.02)
    assert share[:12].sum() == share[22:].sum() == 0


def test_an_oval_covers_its_area_and_a_hole_is_left_out() -> None:
    centre = np.array([30.0, 20.0])
    outer, inner = oval(centre, np.array([15.0, 10.0])), oval(centre, 4.0)
    assert drawn([outer]).sum() == pytest.approx(np.pi * 15 * 10, rel=0.03)
    assert drawn([outer], holes=(inner,)).sum() == pytest.approx(np.pi * (15 * 10 - 16), rel=0.03)


def test_a_bar_has_its_length_and_width_whatever_its_direction() -> None:
    for end in ((40.0, 20.0), (20.0, 35.0), (32.0, 29.0)):
        start = np.array([20.0, 20.0])
        corners = bar(start, np.array(end), 3.0)
        length = np.hypot(*(np.array(end) - start))
        assert drawn([corners]).sum() == pytest.approx(3 * length, rel=0.06)
        np.testing.assert_allclose(corners.mean(0), (start + end) / 2)


def test_a_part_of_a_picture_is_drawn_on_as_the_whole_is() -> None:
    shape = oval(np.array([31.3, 22.6]), 7.0)
    np.testing.assert_allclose(drawn([shape], low=(20, 11)), drawn([shape]), atol=1 / 255)


@pytest.mark.parametrize("place", [(-90.0, 20.0), (30.0, 95.0)])
def test_what_lies_outside_changes_nothing(place: tuple[float, float]) -> None:
    assert drawn([oval(np.array(place), 9.0)]).sum() == 0
    assert drawn([]).sum() == 0


def test_a_blend_takes_a_share_of_another_picture() -> None:
    canvas = np.zeros((8, 8, 3), np.uint8)
    brush = Brush(canvas)
    other = brush.copy()
    other.fill([np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]])], (200, 100, 0))
    brush.blend(other, 0.25)
    brush.done()
    assert canvas[4, 4].tolist() == [50, 25, 0]


def test_text_stands_on_its_line_and_is_as_high_as_asked_for() -> None:
    canvas = np.zeros((60, 120, 3), np.uint8)
    brush = Brush(canvas)
    brush.text("H", (20, 50), 28.0, ((0, 0, 0), (255, 255, 255)), 0)
    brush.done()
    rows, columns = np.nonzero(canvas[..., 0] > 128)
    assert rows.max() == pytest.approx(49, abs=1) and np.ptp(rows) + 1 == pytest.approx(28, abs=2)
    assert columns.min() >= 19 and text_width("HH", 28.0) > text_width("H", 28.0)
