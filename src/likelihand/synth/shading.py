"""From fragments to colours: reflectance times light, shaded once a pixel and four times on edges."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled
from likelihand.synth.raster import Fragments
from likelihand.synth.texture import reflectance

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]

SAMPLES: Final = 2
"""Raster samples a pixel along each axis."""
_EDGE: Final = 0.015
_SOAK: Final = (0.40, 0.20, 0.13)


class Body(NamedTuple):
    """Everything solid in a picture, in the camera's frame and palm lengths.

    Attributes:
        vertices: (V, 3) float32.
        normals: (V, 3) float32.
        attributes: (V, 10) float32, see `surface.ATTRIBUTES`.
        sky: (V, 4) float32, see `lighting.sky_light`.
        triangles: (F, 3) int32.
        part: (F,) int32, row of `materials` of each triangle.
        materials: (P, 44) float32.
    """

    vertices: Floats
    normals: Floats
    attributes: Floats
    sky: Floats
    triangles: Integers
    part: Integers
    materials: Floats


class Lamp(NamedTuple):
    """What shading needs of `lighting.Light`, with the shadow map that belongs to it."""

    key: Floats
    key_colour: Floats
    softness: float
    second: Floats
    second_colour: Floats
    shininess: float
    frame: Floats
    centre: Floats
    radius: float
    nearest: Floats


@compiled
def lit_share(lamp: Lamp, x: float, y: float, z: float, facing: float) -> float:
    """Give how much of the key lamp reaches a place, 0..1: five looks at the shadow map (Reeves et al., 1987)."""
    size = lamp.nearest.shape[0]
    f, c = lamp.frame, lamp.centre
    x, y, z = x - c[0], y - c[1], z - c[2]
    scale = 0.5 * size / lamp.radius
    u = (f[0, 0] * x + f[0, 1] * y + f[0, 2] * z) * scale + 0.5 * size
    v = 0.5 * size - (f[1, 0] * x + f[1, 1] * y + f[1, 2] * z) * scale
    height = f[2, 0] * x + f[2, 1] * y + f[2, 2] * z
    bias = (1.5 + 2.0 * (1.0 - min(1.0, max(0.0, facing)))) / scale + 0.5 * lamp.softness
    spread = max(0.7, lamp.softness * scale)
    total = 0.0
    for k in range(5):
        du = (0.0, 1.0, -1.0, 0.45, -0.45)[k] * spread
        dv = (0.0, 0.45, -0.45, -1.0, 1.0)[k] * spread
        i = min(size - 1, max(0, int(math.floor(v + dv))))
        j = min(size - 1, max(0, int(math.floor(u + du))))
        total += min(1.0, max(0.0, 1.0 - (lamp.nearest[i, j] - height - bias) * scale))
    return total / 5.0


@compiled
def fragment_colour(
    body: Body, lamp: Lamp, volume: Floats, place: Floats, t: int, wb: float, wc: float
) -> tuple[float, float, float]:
    """Give the linear RGB that a fragment sends to the camera.

    Args:
        body: the solids.
        lamp: the lamps and the shadow map.
        volume: the lattice of noise.
        place: (10,) float64 scratch.
        t: triangle.
        wb: weight of its second corner.
        wc: weight of its third corner.
    """
    a, b, c = body.triangles[t, 0], body.triangles[t, 1], body.triangles[t, 2]
    wa = 1.0 - wb - wc
    for k in range(place.shape[0]):
        place[k] = wa * body.attributes[a, k] + wb * body.attributes[b, k] + wc * body.attributes[c, k]
    px = wa * body.vertices[a, 0] + wb * body.vertices[b, 0] + wc * body.vertices[c, 0]
    py = wa * body.vertices[a, 1] + wb * body.vertices[b, 1] + wc * body.vertices[c, 1]
    pz = wa * body.vertices[a, 2] + wb * body.vertices[b, 2] + wc * body.vertices[c, 2]
    nx = wa * body.normals[a, 0] + wb * body.normals[b, 0] + wc * body.normals[c, 0]
    ny = wa * body.normals[a, 1] + wb * body.normals[b, 1] + wc * body.normals[c, 1]
    nz = wa * body.normals[a, 2] + wb * body.normals[b, 2] + wc * body.normals[c, 2]
    s = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
    nx, ny, nz = nx * s, ny * s, nz * s
    sky_r = wa * body.sky[a, 0] + wb * body.sky[b, 0] + wc * body.sky[c, 0]
    sky_g = wa * body.sky[a, 1] + wb * body.sky[b, 1] + wc * body.sky[c, 1]
    sky_b = wa * body.sky[a, 2] + wb * body.sky[b, 2] + wc * body.sky[c, 2]
    open_ = wa * body.sky[a, 3] + wb * body.sky[b, 3] + wc * body.sky[c, 3]
    r, g, b_, gloss, skin = reflectance(body.materials[body.part[t]], place, volume)
    kx, ky, kz = lamp.key[0], lamp.key[1], lamp.key[2]
    facing = nx * kx + ny * ky + nz * kz
    lit = lit_share(lamp, px, py, pz, facing)
    other = max(0.0, nx * lamp.second[0] + ny * lamp.second[1] + nz * lamp.second[2] + 0.15) / 1.15 * open_
    shine, mirror = highlight(lamp, px, py, pz, nx, ny, nz, facing, lit, gloss)
    colour_r = r * _received(
        facing, lit, skin * _SOAK[0], lamp.key_colour[0], sky_r, other * lamp.second_colour[0]
    )
    colour_g = g * _received(
        facing, lit, skin * _SOAK[1], lamp.key_colour[1], sky_g, other * lamp.second_colour[1]
    )
    colour_b = b_ * _received(
        facing, lit, skin * _SOAK[2], lamp.key_colour[2], sky_b, other * lamp.second_colour[2]
    )
    return (
        colour_r + shine * lamp.key_colour[0] + mirror * sky_r,
        colour_g + shine * lamp.key_colour[1] + mirror * sky_g,
        colour_b + shine * lamp.key_colour[2] + mirror * sky_b,
    )


@compiled
def _received(facing: float, lit: float, soak: float, key: float, sky: float, other: float) -> float:
    """Add up the light that a fragment receives in one colour; light soaks around the edge of shadows in skin."""
    wrap = max(0.0, (facing + soak) / (1.0 + soak))
    return key * wrap * (lit + (1.0 - lit) * 0.5 * soak) + sky + other


@compiled
def highlight(
    lamp: Lamp,
    px: float,
    py: float,
    pz: float,
    nx: float,
    ny: float,
    nz: float,
    facing: float,
    lit: float,
    gloss: float,
) -> tuple[float, float]:
    """Give how much a surface mirrors of the key lamp (Blinn, 1977) and of the sky (Schlick, 1994)."""
    s = -1.0 / math.sqrt(px * px + py * py + pz * pz + 1e-12)
    vx, vy, vz = px * s, py * s, pz * s
    towards = max(0.02, nx * vx + ny * vy + nz * vz)
    mirror = gloss * (0.04 + 0.4 * (1.0 - towards) ** 5)
    if facing <= 0.0:
        return 0.0, 0.25 * mirror
    hx, hy, hz = vx + lamp.key[0], vy + lamp.key[1], vz + lamp.key[2]
    s = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-12)
    aligned = max(0.0, (nx * hx + ny * hy + nz * hz) * s)
    return 0.03 * gloss * lit * (lamp.shininess + 8.0) / 8.0 * aligned**lamp.shininess, 0.25 * mirror


@compiled
def shade(body: Body, fragments: Fragments, lamp: Lamp, volume: Floats) -> tuple[Floats, Integers]:
    """Colour a picture from a raster of 2 x 2 samples a pixel.

    A pixel whose four samples see one surface is shaded once, at one of them in turn; others at each.

    Args:
        body: the solids.
        fragments: (2 height, 2 width) raster.
        lamp: the lamps and the shadow map.
        volume: the lattice of noise.

    Returns:
        (height, width, 4) float32: linear RGB already multiplied by the coverage, and the coverage 0..1; and
        (height, width) int32, the part that covers most of the nearest sample, -1 where none.
    """
    height, width = fragments.triangle.shape[0] // 2, fragments.triangle.shape[1] // 2
    picture = np.zeros((height, width, 4), np.float32)
    parts = np.full((height, width), -1, np.int32)
    place = np.empty(body.attributes.shape[1], np.float64)
    for i in range(height):
        for j in range(width):
            covered, low, high, first, mixed = 0, 1e9, 0.0, -1, False
            for k in range(4):
                t = fragments.triangle[2 * i + k // 2, 2 * j + k % 2]
                if t < 0:
                    continue
                q = fragments.inverse_depth[2 * i + k // 2, 2 * j + k % 2]
                covered, low = covered + 1, min(low, q)
                part = body.part[t]
                mixed = mixed or (first >= 0 and part != first)
                first = part if first < 0 else first
                if q > high:
                    high = q
                    parts[i, j] = part
            if covered == 0:
                continue
            whole = covered == 4 and not mixed and high - low < _EDGE * high
            only = 2 * (i & 1) + (j & 1)
            for k in range(4):
                y, x = 2 * i + k // 2, 2 * j + k % 2
                t = fragments.triangle[y, x]
                if t < 0 or (whole and k != only):
                    continue
                wb, wc = fragments.weights[y, x, 0], fragments.weights[y, x, 1]
                r, g, b = fragment_colour(body, lamp, volume, place, t, wb, wc)
                share = 1.0 if whole else 0.25
                picture[i, j, 0] += share * r
                picture[i, j, 1] += share * g
                picture[i, j, 2] += share * b
            picture[i, j, 3] = 0.25 * covered
    return picture, parts
