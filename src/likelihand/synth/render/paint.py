"""Soft flat shapes painted over each other, from which generated backgrounds are made."""

import math
from typing import Final

import numpy as np

from likelihand.synth.compiled import compiled, inlined
from likelihand.synth.render.texture import CELLS, step
from likelihand.utils.arrays import Floats

(
    SHAPE, X, Y, WIDTH, HEIGHT, COSINE, SINE, SOFT, R, G, B, SLOPE_X, SLOPE_Y, GRAIN, GRAIN_SIZE, SHIFT,
    SCALE, R2, G2, B2,
) = range(20)  # fmt: skip
SHAPE_COLUMNS: Final = 20
"""Columns of a shape: lengths in picture widths; the second colour is for patterns."""
ELLIPSE, BOX, HALF, STRIPES, CHEQUERS, BLOB = (float(k) for k in range(6))
OPAQUE: Final = 0.004
"""Share of what is behind, one grey level of 8 bits, under which a pixel is done."""
EVERYWHERE: Final = 99.0
"""Half size of a half-plane, in picture widths."""
BLOB_BUMP: Final = 0.8
"""How far a blob's edge follows the noise, in radii; half of it either way, so that
`BLOB_REACH` radii hold all of it."""
BLOB_REACH: Final = 1.4
BLOB_SCALE: Final = 0.12
"""Periods of noise in a blob's radius: a few dents around it."""


@compiled
def paint(shapes: Floats, canvas: Floats, volume: Floats) -> Floats:
    """Paint shapes (N, 20) onto a black canvas, from the last, which is in front, to the first.

    The picture is 0..1 wide and as high as its proportions say. Returns how much of what is behind shows through,
    (height, width) in 0..1.
    """
    height, width = canvas.shape[0], canvas.shape[1]
    pixel = 1.0 / width
    clear = np.ones((height, width), np.float32)
    for n in range(shapes.shape[0] - 1, -1, -1):
        s = shapes[n]
        reach_x, reach_y = _reach(s, pixel)
        top, bottom = max(0, int((s[Y] - reach_y) / pixel)), min(height, int((s[Y] + reach_y) / pixel) + 1)
        left, right = max(0, int((s[X] - reach_x) / pixel)), min(width, int((s[X] + reach_x) / pixel) + 1)
        soft = max(float(s[SOFT]), 0.7 * pixel)
        for i in range(top, bottom):
            for j in range(left, right):
                if clear[i, j] < OPAQUE:
                    continue
                dx, dy = (j + 0.5) * pixel - s[X], (i + 0.5) * pixel - s[Y]
                u, v = dx * s[COSINE] + dy * s[SINE], -dx * s[SINE] + dy * s[COSINE]
                cover = step(0.5 - _outside(s, u, v, volume) / soft) * clear[i, j]
                if cover <= 0.0:
                    continue
                clear[i, j] -= cover
                tint = max(0.05, (1.0 + s[SLOPE_X] * u + s[SLOPE_Y] * v) * _grain(s, u, v, volume)) * cover
                second = _second(s, u, v)
                for c in range(3):
                    canvas[i, j, c] += tint * (s[R + c] + (s[R2 + c] - s[R + c]) * second)
    return clear


@inlined
def _reach(s: Floats, pixel: float) -> tuple[float, float]:
    """Return half the width and height of the upright box around a shape."""
    if s[SHAPE] == HALF:
        return EVERYWHERE, EVERYWHERE
    w, h = float(s[WIDTH]) + s[SOFT] + pixel, float(s[HEIGHT]) + s[SOFT] + pixel
    if s[SHAPE] == BLOB:
        w, h = BLOB_REACH * w, BLOB_REACH * h
    if s[SHAPE] == BOX:
        return abs(w * s[COSINE]) + abs(h * s[SINE]), abs(w * s[SINE]) + abs(h * s[COSINE])
    return math.sqrt((w * s[COSINE]) ** 2 + (h * s[SINE]) ** 2), math.sqrt(
        (w * s[SINE]) ** 2 + (h * s[COSINE]) ** 2
    )


@inlined
def _grain(s: Floats, u: float, v: float, volume: Floats) -> float:
    """Return a factor of brightness around 1."""
    if s[GRAIN] < 0.02:
        return 1.0
    return 1.0 + 2.0 * float(s[GRAIN]) * flat_noise(volume, u * s[GRAIN_SIZE] + s[SHIFT], v * s[GRAIN_SIZE])


@inlined
def flat_noise(volume: Floats, x: float, y: float) -> float:
    """Interpolate one channel of noise in one plane, period 1, in -1/2..1/2."""
    x, y = (x - math.floor(x)) * CELLS, (y - math.floor(y)) * CELLS
    i, j = int(x), int(y)
    x, y = x - i, y - j
    i, j = i & (CELLS - 1), j & (CELLS - 1)
    k, m = (i + 1) & (CELLS - 1), (j + 1) & (CELLS - 1)
    low = (1.0 - x) * volume[i, j, 0, 0] + x * volume[k, j, 0, 0]
    high = (1.0 - x) * volume[i, m, 0, 0] + x * volume[k, m, 0, 0]
    return float((1.0 - y) * low + y * high)


@inlined
def _outside(s: Floats, u: float, v: float, volume: Floats) -> float:
    """Return the distance outside a shape's edge, negative inside."""
    if s[SHAPE] == HALF:
        return -v
    w, h = max(1e-4, float(s[WIDTH])), max(1e-4, float(s[HEIGHT]))
    if s[SHAPE] == ELLIPSE:
        return (math.sqrt((u / w) ** 2 + (v / h) ** 2) - 1.0) * min(w, h)
    if s[SHAPE] == BLOB:
        bump = flat_noise(volume, BLOB_SCALE * u / w + s[SHIFT], BLOB_SCALE * v / w)
        return (math.sqrt((u / w) ** 2 + (v / h) ** 2) - 1.0 - BLOB_BUMP * bump) * min(w, h)
    return max(abs(u) - w, abs(v) - h)


@inlined
def _second(s: Floats, u: float, v: float) -> float:
    """Return how much of the second colour a pattern shows, 0..1."""
    if s[SHAPE] == STRIPES:
        return step(2.0 * math.sin(s[SCALE] * v) + 0.5)
    if s[SHAPE] == CHEQUERS:
        return step(4.0 * math.sin(s[SCALE] * u) * math.sin(s[SCALE] * v) + 0.5)
    return 0.0
