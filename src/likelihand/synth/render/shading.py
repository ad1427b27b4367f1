"""From fragments to colours: reflectance times light, shaded once per pixel and four times on edges."""

import math
from typing import Final, NamedTuple

import numpy as np

from likelihand.synth.compiled import compiled, inlined
from likelihand.synth.render.attributes import CORNER_COLUMNS, Fragment, Vector, fragment_of
from likelihand.synth.render.raster import Fragments, corner_weights
from likelihand.synth.render.texture import Colour, reflectance
from likelihand.utils.arrays import Doubles, Floats, Integers

SAMPLES: Final = 2
"""Raster samples per pixel along each axis."""
EDGE: Final = 0.03
"""Relative step of depth inside a pixel from which all its samples are shaded."""
SOAK: Final = (0.40, 0.20, 0.13)
"""How far red, green and blue light soaks around the edge of a shadow in skin, as a cosine: red goes furthest."""
SECOND_WRAP: Final = 0.15
"""Cosine by which a surface may turn away from the second lamp and still be lit: it is large and near."""
LOOKS: Final = ((0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))
"""Where a place looks at the shadow map, in widths of the shadow's edge (percentage-closer filtering)."""
SKIN_REFLECTS, GRAZING_REFLECTS = 0.04, 0.4
"""Share of light that a surface of refractive index 1.5 mirrors head-on, and how much more at grazing angles: less
than Schlick's 0.96, since skin is rough."""
SKY_GLOSS, LAMP_GLOSS = 0.25, 0.03
"""Strength of mirrored sky and lamp for a gloss of 1."""


class Body(NamedTuple):
    """Everything solid in a picture, in the camera's frame and palm lengths.

    Attributes:
        corners: (V, 20) float32, see `attributes.CORNER_COLUMNS`.
        triangles: (F, 3) int32.
        part: (F,) int32, row of `materials` of each triangle.
        materials: (P, 44) float32.
    """

    corners: Floats
    triangles: Integers
    part: Integers
    materials: Floats


class ShadowMap(NamedTuple):
    """What the key lamp sees.

    Attributes:
        nearest: (n, n) float32, greatest heights towards the lamp, palm lengths.
        right: unit vector of its columns in the camera's frame,
        up: against its rows, and
        forward: to the lamp.
        centre: of the map in the camera's frame.
        radius: palm lengths from its middle to its edge.
    """

    nearest: Floats
    right: Vector
    up: Vector
    forward: Vector
    centre: Vector
    radius: float


class Lamps(NamedTuple):
    """What shading needs of `scene.light.Light`.

    Attributes:
        key: unit direction to the lamp with sharp shadows.
        key_colour: linear RGB.
        second: unit direction to the other lamp.
        second_colour: linear RGB.
        shininess: exponent of the highlight.
        softness: width of the shadow's edge in palm lengths.
        shadow: the map of the key lamp.
    """

    key: Vector
    key_colour: Colour
    second: Vector
    second_colour: Colour
    shininess: float
    softness: float
    shadow: ShadowMap


def shade(body: Body, fragments: Fragments, lamps: Lamps, volume: Floats) -> tuple[Floats, Integers]:
    """Colour a picture from a raster of 2 x 2 samples per pixel.

    A pixel whose samples see one surface is shaded once, at each of its samples in turn from pixel to pixel; where
    several surfaces meet, all its samples are shaded. Returns (height, width, 4) float32, linear RGB times the
    coverage and the coverage 0..1; and (height, width) int32, the part of the nearest sample, -1 where none.
    """
    height, width = fragments.triangle.shape[0] // SAMPLES, fragments.triangle.shape[1] // SAMPLES
    picture = np.zeros((height, width, 4), np.float32)
    parts = np.full((height, width), -1, np.int32)
    _shade(body, fragments, lamps, volume, picture, parts)
    return picture, parts


@compiled
def _shade(
    body: Body, fragments: Fragments, lamps: Lamps, volume: Floats, picture: Floats, parts: Integers
) -> None:
    at, shown, material = np.empty(CORNER_COLUMNS, np.float64), 0, body.materials[0]
    for i in range(picture.shape[0]):
        for j in range(picture.shape[1]):
            covered, only = _survey(fragments, body.part, parts, i, j)
            if covered == 0:
                continue
            share = 0.25 * covered if only >= 0 else 0.25
            for k in range(4):
                y, x = 2 * i + (k >> 1), 2 * j + (k & 1)
                t = fragments.triangle[y, x]
                if t < 0 or (only >= 0 and k != only):
                    continue
                _interpolate(body, fragments, t, x, y, at)
                if body.part[t] != shown:
                    shown = body.part[t]
                    material = body.materials[shown]
                red, green, blue = fragment_colour(material, fragment_of(at), lamps, volume)
                picture[i, j, 0] += share * red
                picture[i, j, 1] += share * green
                picture[i, j, 2] += share * blue
            picture[i, j, 3] = 0.25 * covered


@inlined
def _interpolate(body: Body, fragments: Fragments, t: int, x: int, y: int, at: Doubles) -> None:
    """Write the columns of triangle t's corners, interpolated at sample (x, y), into `at` (20,)."""
    a, b, c = body.triangles[t, 0], body.triangles[t, 1], body.triangles[t, 2]
    wb, wc = corner_weights(fragments, (a, b, c), x + 0.5, y + 0.5, fragments.inverse_depth[y, x])
    wa = 1.0 - wb - wc
    for n in range(CORNER_COLUMNS):
        at[n] = wa * body.corners[a, n] + wb * body.corners[b, n] + wc * body.corners[c, n]


@inlined
def _survey(fragments: Fragments, part: Integers, parts: Integers, i: int, j: int) -> tuple[int, int]:
    """Count a pixel's covered samples, choose the one to shade (-1: all of them), and note its nearest part."""
    covered, low, high, chosen, mixed = 0, 1e9, 0.0, -1, False
    for turn in range(4):
        k = (turn + 2 * (i & 1) + (j & 1)) & 3
        t = fragments.triangle[2 * i + (k >> 1), 2 * j + (k & 1)]
        if t < 0:
            continue
        q = fragments.inverse_depth[2 * i + (k >> 1), 2 * j + (k & 1)]
        covered, low = covered + 1, min(low, q)
        if chosen < 0:
            chosen = k
        mixed = mixed or (parts[i, j] >= 0 and part[t] != parts[i, j])
        if q > high:
            high = q
            parts[i, j] = part[t]
    return covered, -1 if mixed or high - low > EDGE * high else chosen


@inlined
def lit_share(shadow: ShadowMap, softness: float, position: Vector, facing: float) -> float:
    """Return how much of the key lamp reaches a place, 0..1: five looks at the shadow map (Reeves et al., 1987).

    Surfaces nearly along the light need a larger bias, or they would darken themselves between two cells.
    """
    size = shadow.nearest.shape[0]
    x, y, z = position[0] - shadow.centre[0], position[1] - shadow.centre[1], position[2] - shadow.centre[2]
    scale = 0.5 * size / shadow.radius
    right, up, forward = shadow.right, shadow.up, shadow.forward
    u = (right[0] * x + right[1] * y + right[2] * z) * scale + 0.5 * size
    v = 0.5 * size - (up[0] * x + up[1] * y + up[2] * z) * scale
    height = forward[0] * x + forward[1] * y + forward[2] * z
    bias = (1.5 + 2.0 * (1.0 - min(1.0, max(0.0, facing)))) / scale + 0.5 * softness
    spread = max(0.7, softness * scale)
    total = 0.0
    for k in range(5):
        i = min(size - 1, max(0, math.floor(v + LOOKS[k][1] * spread)))
        j = min(size - 1, max(0, math.floor(u + LOOKS[k][0] * spread)))
        total += min(1.0, max(0.0, 1.0 - (shadow.nearest[i, j] - height - bias) * scale))
    return total / 5.0


@inlined
def fragment_colour(material: Floats, fragment: Fragment, lamps: Lamps, volume: Floats) -> Colour:
    """Return the linear RGB that a fragment sends to the camera; `material` (44,) is its row of materials."""
    nx, ny, nz = fragment.normal
    s = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
    normal = (nx * s, ny * s, nz * s)
    red, green, blue, gloss, skin = reflectance(material, fragment.spot, volume)
    facing = _dot(normal, lamps.key)
    lit = lit_share(lamps.shadow, lamps.softness, fragment.position, facing) if facing > -SOAK[0] else 0.0
    other = _dot(normal, lamps.second)
    other = max(0.0, other + SECOND_WRAP) / (1.0 + SECOND_WRAP) * fragment.openness
    shine, mirror = highlight(lamps, fragment.position, normal, facing, lit, gloss)
    key, sky = lamps.key_colour, fragment.sky
    return (
        red * received(lamps, sky, 0, facing, lit, skin, other) + shine * key[0] + mirror * sky[0],
        green * received(lamps, sky, 1, facing, lit, skin, other) + shine * key[1] + mirror * sky[1],
        blue * received(lamps, sky, 2, facing, lit, skin, other) + shine * key[2] + mirror * sky[2],
    )


@inlined
def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def received(
    lamps: Lamps, sky: Colour, channel: int, facing: float, lit: float, skin: float, other: float
) -> float:
    """Return the light that a fragment receives in one colour; light soaks around the edge of shadows in skin."""
    soak = skin * SOAK[channel]
    key = max(0.0, (facing + soak) / (1.0 + soak)) * (lit + (1.0 - lit) * 0.5 * soak)
    return lamps.key_colour[channel] * key + sky[channel] + lamps.second_colour[channel] * other


@inlined
def highlight(
    lamps: Lamps, position: Vector, normal: Vector, facing: float, lit: float, gloss: float
) -> tuple[float, float]:
    """Return how much a surface mirrors of the key lamp (Blinn, 1977) and of the sky (Schlick, 1994)."""
    x, y, z = position
    s = -1.0 / math.sqrt(x * x + y * y + z * z + 1e-12)
    view = (x * s, y * s, z * s)
    away = 1.0 - max(0.02, _dot(normal, view))
    mirror = SKY_GLOSS * gloss * (SKIN_REFLECTS + GRAZING_REFLECTS * away * away * away * away * away)
    if facing <= 0.0 or lit <= 0.0:
        return 0.0, mirror
    hx, hy, hz = view[0] + lamps.key[0], view[1] + lamps.key[1], view[2] + lamps.key[2]
    s = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-12)
    aligned = max(0.0, _dot(normal, (hx, hy, hz)) * s)
    if aligned < 0.5:
        return 0.0, mirror
    return LAMP_GLOSS * gloss * lit * (lamps.shininess + 8.0) / 8.0 * aligned**lamps.shininess, mirror
