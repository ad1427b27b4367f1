"""From fragments to colours: reflectance times light, shaded once a pixel and four times on edges."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled, inlined
from likelihand.synth.raster import Fragments, corner_weights
from likelihand.synth.texture import reflectance

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int32]

SAMPLES: Final = 2
"""Raster samples a pixel along each axis."""
POSITION, NORMAL, SKY, OPEN = 10, 13, 16, 19
CORNER_COLUMNS: Final = 20
"""Columns of a corner: the ten `surface.ATTRIBUTES`, position, normal, skylight, openness."""
KEY, KEY_COLOUR, SECOND, SECOND_COLOUR, SHININESS, FRAME, CENTRE, RADIUS, SOFTNESS = 0, 3, 6, 9, 12, 13, 22, 25, 26
LAMP_COLUMNS: Final = 27
EDGE: Final = 0.03
"""Relative step of depth inside a pixel from which all its samples are shaded."""
SOAK: Final = (0.40, 0.20, 0.13)
"""How far red, green and blue light soaks around the edge of a shadow in skin."""


class Body(NamedTuple):
    """Everything solid in a picture, in the camera's frame and palm lengths.

    Attributes:
        corners: (V, 20) float32, see `CORNER_COLUMNS`.
        triangles: (F, 3) int32.
        part: (F,) int32, row of `materials` of each triangle.
        materials: (P, 44) float32.
    """

    corners: Floats
    triangles: Integers
    part: Integers
    materials: Floats


class Lamp(NamedTuple):
    """What shading needs of `lighting.Light`.

    Attributes:
        values: (27,) float64: directions, colours, shininess, the shadow map's frame, centre, radius, softness.
        nearest: (n, n) float32, the shadow map.
    """

    values: Doubles
    nearest: Floats


def shade(body: Body, fragments: Fragments, lamp: Lamp, volume: Floats) -> tuple[Floats, Integers]:
    """Colour a picture from a raster of 2 x 2 samples a pixel.

    A pixel whose samples see one surface is shaded once, at each of its samples in turn from pixel to pixel; where
    several surfaces meet, all its samples are shaded.

    Args:
        body: the solids.
        fragments: (2 height, 2 width) raster.
        lamp: the lamps and the shadow map.
        volume: the lattice of noise.

    Returns:
        (height, width, 4) float32: linear RGB already multiplied by the coverage, and the coverage 0..1; and
        (height, width) int32, the part of the nearest sample, -1 where none.
    """
    height, width = fragments.triangle.shape[0] // 2, fragments.triangle.shape[1] // 2
    picture = np.zeros((height, width, 4), np.float32)
    parts = np.full((height, width), -1, np.int32)
    _shade(*body, *fragments, *lamp, volume, picture, parts)
    return picture, parts


@compiled
def _shade(
    corners: Floats,
    triangles: Integers,
    part: Integers,
    materials: Floats,
    inverse_depth: Floats,
    seen: Integers,
    points: Floats,
    depth: Floats,
    lamp: Doubles,
    nearest: Floats,
    volume: Floats,
    picture: Floats,
    parts: Integers,
) -> None:
    at, shown, row = np.empty(CORNER_COLUMNS, np.float64), 0, materials[0]
    for i in range(picture.shape[0]):
        for j in range(picture.shape[1]):
            covered, only = _survey(inverse_depth, seen, part, parts, i, j)
            if covered == 0:
                continue
            share = 0.25 * covered if only >= 0 else 0.25
            for k in range(4):
                y, x = 2 * i + (k >> 1), 2 * j + (k & 1)
                t = seen[y, x]
                if t < 0 or (only >= 0 and k != only):
                    continue
                a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
                wb, wc = corner_weights(points, depth, a, b, c, x + 0.5, y + 0.5, inverse_depth[y, x])
                wa = 1.0 - wb - wc
                for n in range(CORNER_COLUMNS):
                    at[n] = wa * corners[a, n] + wb * corners[b, n] + wc * corners[c, n]
                if part[t] != shown:
                    shown = part[t]
                    row = materials[shown]
                red, green, blue = fragment_colour(row, at, lamp, nearest, volume)
                picture[i, j, 0] += share * red
                picture[i, j, 1] += share * green
                picture[i, j, 2] += share * blue
            picture[i, j, 3] = 0.25 * covered


@inlined
def _survey(
    inverse_depth: Floats, seen: Integers, part: Integers, parts: Integers, i: int, j: int
) -> tuple[int, int]:
    """Count a pixel's covered samples, choose the one to shade (-1: all of them), and note its nearest part."""
    covered, low, high, chosen, mixed = 0, 1e9, 0.0, -1, False
    for turn in range(4):
        k = (turn + 2 * (i & 1) + (j & 1)) & 3
        t = seen[2 * i + (k >> 1), 2 * j + (k & 1)]
        if t < 0:
            continue
        q = inverse_depth[2 * i + (k >> 1), 2 * j + (k & 1)]
        covered, low = covered + 1, min(low, q)
        if chosen < 0:
            chosen = k
        mixed = mixed or (parts[i, j] >= 0 and part[t] != parts[i, j])
        if q > high:
            high = q
            parts[i, j] = part[t]
    return covered, -1 if mixed or high - low > EDGE * high else chosen


@inlined
def lit_share(lamp: Doubles, nearest: Floats, x: float, y: float, z: float, facing: float) -> float:
    """Give how much of the key lamp reaches a place, 0..1: five looks at the shadow map (Reeves et al., 1987)."""
    size = nearest.shape[0]
    x, y, z = x - lamp[CENTRE], y - lamp[CENTRE + 1], z - lamp[CENTRE + 2]
    scale = 0.5 * size / lamp[RADIUS]
    u = (lamp[FRAME] * x + lamp[FRAME + 1] * y + lamp[FRAME + 2] * z) * scale + 0.5 * size
    v = 0.5 * size - (lamp[FRAME + 3] * x + lamp[FRAME + 4] * y + lamp[FRAME + 5] * z) * scale
    height = lamp[FRAME + 6] * x + lamp[FRAME + 7] * y + lamp[FRAME + 8] * z
    bias = (1.5 + 2.0 * (1.0 - min(1.0, max(0.0, facing)))) / scale + 0.5 * lamp[SOFTNESS]
    spread = max(0.7, lamp[SOFTNESS] * scale)
    total = 0.0
    for k in range(5):
        du = (0.0, 1.0, -1.0, 0.0, 0.0)[k] * spread
        dv = (0.0, 0.0, 0.0, 1.0, -1.0)[k] * spread
        i = min(size - 1, max(0, math.floor(v + dv)))
        j = min(size - 1, max(0, math.floor(u + du)))
        total += min(1.0, max(0.0, 1.0 - (nearest[i, j] - height - bias) * scale))
    return total / 5.0


@inlined
def fragment_colour(
    p: Floats, at: Doubles, lamp: Doubles, nearest: Floats, volume: Floats
) -> tuple[float, float, float]:
    """Give the linear RGB that a fragment sends to the camera.

    Args:
        p: (44,) its material.
        at: (20,) the corners' columns, interpolated.
        lamp: (27,) the lamps.
        nearest: the shadow map.
        volume: the lattice of noise.
    """
    x, y, z = at[POSITION], at[POSITION + 1], at[POSITION + 2]
    nx, ny, nz = at[NORMAL], at[NORMAL + 1], at[NORMAL + 2]
    s = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
    nx, ny, nz = nx * s, ny * s, nz * s
    red, green, blue, gloss, skin = reflectance(p, at, volume)
    facing = nx * lamp[KEY] + ny * lamp[KEY + 1] + nz * lamp[KEY + 2]
    lit = lit_share(lamp, nearest, x, y, z, facing) if facing > -SOAK[0] else 0.0
    other = nx * lamp[SECOND] + ny * lamp[SECOND + 1] + nz * lamp[SECOND + 2]
    other = max(0.0, other + 0.15) / 1.15 * at[OPEN]
    shine, mirror = highlight(lamp, x, y, z, nx, ny, nz, facing, lit, gloss)
    return (
        red * received(lamp, at, 0, facing, lit, skin, other) + shine * lamp[KEY_COLOUR] + mirror * at[SKY],
        green * received(lamp, at, 1, facing, lit, skin, other)
        + shine * lamp[KEY_COLOUR + 1]
        + mirror * at[SKY + 1],
        blue * received(lamp, at, 2, facing, lit, skin, other)
        + shine * lamp[KEY_COLOUR + 2]
        + mirror * at[SKY + 2],
    )


@inlined
def received(
    lamp: Doubles, at: Doubles, channel: int, facing: float, lit: float, skin: float, other: float
) -> float:
    """Add up the light that a fragment receives in one colour; light soaks around the edge of shadows in skin."""
    soak = skin * SOAK[channel]
    key = max(0.0, (facing + soak) / (1.0 + soak)) * (lit + (1.0 - lit) * 0.5 * soak)
    return float(lamp[KEY_COLOUR + channel] * key + at[SKY + channel] + lamp[SECOND_COLOUR + channel] * other)


@inlined
def highlight(
    lamp: Doubles,
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    nz: float,
    facing: float,
    lit: float,
    gloss: float,
) -> tuple[float, float]:
    """Give how much a surface mirrors of the key lamp (Blinn, 1977) and of the sky (Schlick, 1994)."""
    s = -1.0 / math.sqrt(x * x + y * y + z * z + 1e-12)
    vx, vy, vz = x * s, y * s, z * s
    away = 1.0 - max(0.02, nx * vx + ny * vy + nz * vz)
    mirror = 0.25 * gloss * (0.04 + 0.4 * away * away * away * away * away)
    if facing <= 0.0 or lit <= 0.0:
        return 0.0, mirror
    hx, hy, hz = vx + lamp[KEY], vy + lamp[KEY + 1], vz + lamp[KEY + 2]
    s = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-12)
    aligned = max(0.0, (nx * hx + ny * hy + nz * hz) * s)
    if aligned < 0.5:
        return 0.0, mirror
    return 0.03 * gloss * lit * (lamp[SHININESS] + 8.0) / 8.0 * aligned ** lamp[SHININESS], mirror
