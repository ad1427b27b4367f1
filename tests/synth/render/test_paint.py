"""Shapes painted over each other."""

import numpy as np
import pytest

from likelihand.synth.render.paint import (
    BOX,
    COSINE,
    HALF,
    HEIGHT,
    SHAPE,
    SHAPE_COLUMNS,
    SOFT,
    WIDTH,
    B,
    R,
    X,
    Y,
    paint,
)  # fmt: skip
from likelihand.synth.render.texture import noise_volume


def shape(kind: float, colour: float, **places: float) -> np.ndarray:
    row = np.zeros(SHAPE_COLUMNS, np.float32)
    row[SHAPE], row[COSINE], row[SOFT] = kind, 1.0, 1e-3
    row[R : B + 1] = colour
    row[X], row[Y], row[WIDTH], row[HEIGHT] = (places.get(n, 0.0) for n in ("x", "y", "width", "height"))
    return row


def test_later_shapes_cover_earlier_ones_and_areas_are_right() -> None:
    ground = shape(HALF, 0.25, y=-9.0)
    box = shape(BOX, 0.75, x=0.5, y=0.5, width=0.25, height=0.125)
    canvas = np.zeros((200, 200, 3), np.float32)
    paint(np.stack([ground, box]), canvas, noise_volume())
    assert canvas[100, 100, 0] == pytest.approx(0.75, abs=1e-3)
    assert canvas[10, 10, 0] == pytest.approx(0.25, abs=1e-3)
    covered = (canvas[..., 0] - 0.25).sum() / 0.5 / 200**2
    assert covered == pytest.approx(0.5 * 0.25, rel=5e-3)
