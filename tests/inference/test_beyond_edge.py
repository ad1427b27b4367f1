"""Crops of hands that the picture cuts off reach beyond its edge; others stay as they are."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from likelihand.inference.tta import TOUCH, beyond_edge

PICTURE, BEYOND = (120, 160), 0.3


@pytest.mark.parametrize(
    ("box", "grown"),
    [
        ([20, 20, 70, 60], [20, 20, 70, 60]),
        ([0, 20, 50, 60], [-15, 20, 50, 60]),
        ([110, 20, 160, 60], [110, 20, 175, 60]),
        ([20, 0, 70, 50], [20, -15, 70, 50]),
        ([20, 80, 60, 120], [20, 80, 60, 132]),
        ([-10, 20, 40, 60], [-15, 20, 40, 60]),
        ([-20, 20, 30, 60], [-20, 20, 30, 60]),
        ([0, 0, 160, 120], [-48, -48, 208, 168]),
    ],
)
def test_a_box_that_touches_an_edge_grows_beyond_it(box: list[float], grown: list[float]) -> None:
    np.testing.assert_allclose(beyond_edge(np.array(box, np.float64), PICTURE, BEYOND), grown)


def test_it_does_not_jump() -> None:
    """As a hand moves out of the picture, its crop changes by no more than the hand does, times a bound."""
    steps = np.arange(-30.0, 12.0, 0.01)
    left = np.array([beyond_edge(np.array([x, 40.0, x + 50.0, 90.0]), PICTURE, BEYOND)[0] for x in steps])
    slope = np.abs(np.diff(left)) / 0.01
    assert slope.max() <= 1 + 2 * (BEYOND + TOUCH) / TOUCH


@given(st.floats(-40, 150), st.floats(-40, 110), st.floats(5, 90), st.floats(5, 90))
def test_a_mirrored_picture_gives_the_mirrored_box(x: float, y: float, width: float, height: float) -> None:
    box = np.array([x, y, x + width, y + height])
    mirrored = np.array([160 - box[2], box[1], 160 - box[0], box[3]])
    grown, other = beyond_edge(box, PICTURE, BEYOND), beyond_edge(mirrored, PICTURE, BEYOND)
    np.testing.assert_allclose(other, [160 - grown[2], grown[1], 160 - grown[0], grown[3]], atol=1e-9)
    assert (grown[:2] <= box[:2] + 1e-9).all() and (grown[2:] >= box[2:] - 1e-9).all()
