"""Skin, nails, cloth and things as functions of the place on them, one fragment at a time."""

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.synth import material as m
from likelihand.synth.compiled import inlined

Floats = NDArray[np.float32]
Place = NDArray[np.float32] | NDArray[np.float64]
CELLS: Final = 32
"""A power of two, so that the lattice wraps by masking."""
_LAST: Final = CELLS - 1


@cache
def noise_volume() -> Floats:
    """Give the lattice of value noise: (32, 32, 32, 3) float32 in -1/2..1/2, the same everywhere, periodic."""
    cells = np.random.Generator(np.random.PCG64(7)).random((CELLS, CELLS, CELLS, 3), np.float32) - 0.5
    cells.setflags(write=False)
    return np.asarray(cells, np.float32)


@inlined
def noise(volume: Floats, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Interpolate three channels of noise, period 1, each in -1/2..1/2 (Perlin, 1985)."""
    x, y, z = (x - math.floor(x)) * CELLS, (y - math.floor(y)) * CELLS, (z - math.floor(z)) * CELLS
    i, j, k = int(x), int(y), int(z)
    x, y, z = x - i, y - j, z - k
    i, j, k = i & _LAST, j & _LAST, k & _LAST
    i1, j1, k1 = (i + 1) & _LAST, (j + 1) & _LAST, (k + 1) & _LAST
    a, b, c = 0.0, 0.0, 0.0
    for corner in range(8):
        ii, wx = (i1, x) if corner & 1 else (i, 1.0 - x)
        jj, wy = (j1, y) if corner & 2 else (j, 1.0 - y)
        kk, wz = (k1, z) if corner & 4 else (k, 1.0 - z)
        w = wx * wy * wz
        a += w * volume[ii, jj, kk, 0]
        b += w * volume[ii, jj, kk, 1]
        c += w * volume[ii, jj, kk, 2]
    return a, b, c


@inlined
def rough_noise(volume: Floats, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Give the three channels of the lattice's nearest point: grain too fine for a pixel to show its shape."""
    i = int((x - math.floor(x)) * CELLS) & _LAST
    j = int((y - math.floor(y)) * CELLS) & _LAST
    k = int((z - math.floor(z)) * CELLS) & _LAST
    return volume[i, j, k, 0], volume[i, j, k, 1], volume[i, j, k, 2]


@inlined
def bell(x: float, centre: float, width: float) -> float:
    """Give exp(-((x - centre) / width)^2)."""
    t = (x - centre) / width
    return math.exp(-t * t) if t * t < 12.0 else 0.0


@inlined
def step(x: float) -> float:
    """Rise smoothly from 0 to 1 as x goes from 0 to 1."""
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)


@inlined
def _cube(t: float) -> float:
    return t * t * t if t > 6.0 / 29.0 else (t - 4.0 / 29.0) * (108.0 / 841.0)


@inlined
def linear_of_lab(light: float, red: float, yellow: float) -> tuple[float, float, float]:
    """Turn CIELAB (D65) into linear sRGB, clipped to 0.001..1 (IEC 61966-2-1)."""
    fy = (light + 16.0) / 116.0
    x, y, z = 0.95047 * _cube(fy + red / 500.0), _cube(fy), 1.08883 * _cube(fy - yellow / 200.0)
    r = 3.2406 * x - 1.5372 * y - 0.4986 * z
    g = -0.9689 * x + 1.8758 * y + 0.0415 * z
    b = 0.0557 * x - 0.2040 * y + 1.0570 * z
    return min(1.0, max(0.001, r)), min(1.0, max(0.001, g)), min(1.0, max(0.001, b))


@inlined
def pattern(kind: float, scale: float, x: float, y: float, z: float) -> float:
    """Give how much of the second colour a patterned thing shows at a place, 0..1.

    Kinds: 0 plain, 1 rings, 2 stripes, 3 chequers, 4 a plaid.
    """
    if kind < 0.5:
        return 0.0
    along, across = math.sin(y * scale), math.sin((x + 0.7 * z) * scale)
    if kind < 1.5:
        value = along
    elif kind < 2.5:
        value = across
    elif kind < 3.5:
        value = along * across * 2.0
    else:
        return 0.5 * step(along * 4.0 + 0.5) + 0.5 * step(across * 4.0 + 0.5)
    return step(value * 3.0 + 0.5)


@inlined
def _folds(p: Floats, a: Place) -> float:
    """Give the darkness of the creases on the palm side: finger joints, the three palm lines, the wrist."""
    s, palm = a[3], a[7]
    if a[6] > 0.5:
        lines = bell(s, 1.0, 0.035) + 0.8 * bell(s, 1.1, 0.025) + bell(s, 2.0, 0.035) + 0.9 * bell(s, 0.46, 0.04)
        return float(lines * palm * p[m.FOLD])
    x, y = a[0], a[1]
    heart = bell(y, 0.83 + p[m.LINE_1] - 0.55 * (x - 0.22) ** 2 + 0.1 * max(0.0, -x), 0.014)
    heart *= step((0.26 - x) * 20.0) * step((x + 0.38) * 20.0)
    head = bell(y, 0.66 + p[m.LINE_2] + 0.28 * x + 0.15 * x * x, 0.014)
    head *= step((0.36 - x) * 20.0) * step((x + 0.28) * 20.0)
    radius = math.sqrt(((x - 0.40 + p[m.LINE_3]) / 0.38) ** 2 + ((y - 0.36 + p[m.LINE_4]) / 0.44) ** 2)
    life = bell(radius, 1.0, 0.032) * step((y - 0.02) * 20.0) * step((0.38 - x) * 20.0)
    wrist = 0.6 * (bell(a[8], 0.02, 0.014) + 0.7 * bell(a[8], 0.075, 0.012))
    return float((heart + head + life + wrist) * palm * p[m.PALM_LINE])


@inlined
def skin_lab(p: Floats, a: Place, volume: Floats) -> tuple[float, float, float]:
    """Give the CIELAB colour of skin at a place.

    Args:
        p: (44,) a row of materials.
        a: (10,) the place, `surface.ATTRIBUTES`.
        volume: the lattice of noise.
    """
    x, y, z = a[0], a[1], a[2]
    sx, sy, sz = p[m.SHIFT_X], p[m.SHIFT_Y], p[m.SHIFT_Z]
    coarse, coarse_red, coarse_yellow = noise(volume, 0.07 * x + sx, 0.07 * y + sy, 0.07 * z + sz)
    middle, middle_red, _ = noise(volume, 0.3 * x + sx, 0.3 * y + sy, 0.3 * z + sz)
    fine, hairs, spots = rough_noise(volume, 1.45 * x + sx, 1.45 * y + sy, 1.45 * z + sz)
    dark = min(1.0, max(0.0, (66.0 - p[m.LIGHTNESS]) / 40.0))
    palm = a[7] * p[m.PALM_CONTRAST]
    light = (
        p[m.LIGHTNESS] + palm * (2.0 + 19.0 * dark) + 6.0 * coarse + (2.0 + 3.0 * p[m.AGE]) * middle + 2.0 * fine
    )
    red = p[m.RED] + 1.8 * palm + 4.0 * coarse_red + 2.6 * middle_red
    yellow = p[m.YELLOW] - 1.5 * palm * (1.0 - dark) + 3.0 * coarse_yellow
    knuckle = a[9]
    red += knuckle * p[m.KNUCKLE_RED]
    light -= knuckle * p[m.KNUCKLE_DARK]
    back = 1.0 - a[7]
    on_finger = 1.0 if a[6] > 0.5 else 0.0
    if on_finger > 0.5:
        creased = (bell(a[3], 1.0, 0.11) + bell(a[3], 2.0, 0.09)) * back
        if creased > 0.0:
            light += math.sin(a[3] * 90.0 + 7.0 * middle_red) * creased * (0.8 + 3.4 * p[m.AGE])
        red += step((a[3] - 2.2) * 1.6) * p[m.TIP_RED] * (0.4 + 0.6 * a[7])
    fold = _folds(p, a) if a[7] > 0.02 else 0.0
    light -= 10.0 * fold
    red += 3.0 * fold
    vein = 0.0
    if back * p[m.VEIN] > 0.05 and on_finger < 0.5:
        vein_noise, _, _ = noise(volume, 0.14 * x + 2.0 * sx, 0.05 * y + 2.0 * sy, 0.13 * z + 2.0 * sz)
        vein = bell(vein_noise, 0.0, 0.04) * back * p[m.VEIN]
    hair = step((hairs - 0.16) * 6.0) * back * p[m.HAIR] * step(a[8] * 2.0 + 0.5) * (1.0 - on_finger)
    freckle = step((spots + middle - 0.42) * 8.0) * back * p[m.FRECKLE]
    light -= 4.5 * vein + 7.0 * hair + 5.0 * freckle
    red -= 3.0 * vein
    yellow -= 3.0 * vein
    return min(95.0, max(6.0, light)), red, yellow


@inlined
def nail_cover(a: Place) -> tuple[float, float, float]:
    """Give how much of a place is nail, how much its rim, and where along the nail it lies (0 root, 1 edge)."""
    along = (a[3] - 2.40) / 0.60
    if a[6] < 0.5 or along < -0.3 or a[5] < 0.1:
        return 0.0, 0.0, 0.0
    half = 0.76 if a[6] < 1.5 else 0.68
    outline = abs(2.0 * along - 1.0) ** 2.6 + abs(a[4] / half) ** 2.6
    above = step((a[5] - 0.1) * 8.0)
    return step((1.15 - outline) * 3.0) * above, bell(outline, 1.05, 0.25) * above, along


@inlined
def reflectance(p: Floats, a: Place, volume: Floats) -> tuple[float, float, float, float, float]:
    """Give linear red, green, blue, the gloss and how much of it is living skin (which light soaks into).

    Args:
        p: (44,) a row of materials.
        a: (10,) the place, `surface.ATTRIBUTES`.
        volume: the lattice of noise.
    """
    if p[m.KIND] > 0.5 or a[8] > p[m.SLEEVE_START] or a[8] < p[m.GLOVE_END] < 50.0:
        return _cloth(p, a, volume)
    if abs(a[8] - p[m.WATCH_AT]) < 0.06:
        return p[m.WATCH_R], p[m.WATCH_G], p[m.WATCH_B], 3.0, 0.0
    if abs(a[6] - p[m.RING_FINGER]) < 0.1 and abs(a[3] - 0.55) < 0.06:
        return p[m.METAL_R], p[m.METAL_G], p[m.METAL_B], 5.0, 0.0
    light, red, yellow = skin_lab(p, a, volume)
    r, g, b = linear_of_lab(light, red, yellow)
    nail, rim, along = nail_cover(a)
    r, g, b = r * (1.0 - 0.22 * rim), g * (1.0 - 0.25 * rim), b * (1.0 - 0.25 * rim)
    if nail > 0.0:
        nr, ng, nb = p[m.POLISH_R], p[m.POLISH_G], p[m.POLISH_B]
        if p[m.POLISH] < 0.5:
            nr, ng, nb = linear_of_lab(0.55 * light + 32.0, 0.75 * red + 5.0, 0.6 * yellow + 2.0)
            white = 0.35 * step((along - 0.84) * 12.0)
            nr, ng, nb = nr + (0.75 - nr) * white, ng + (0.7 - ng) * white, nb + (0.62 - nb) * white
        r, g, b = r + (nr - r) * nail, g + (ng - g) * nail, b + (nb - b) * nail
    return r, g, b, p[m.GLOSS] * (1.0 + 2.5 * nail), 1.0 - 0.6 * nail


@inlined
def _cloth(p: Floats, a: Place, volume: Floats) -> tuple[float, float, float, float, float]:
    thing = p[m.KIND] > 0.5
    sx, sy, sz = p[m.SHIFT_X], p[m.SHIFT_Y], p[m.SHIFT_Z]
    middle, _, _ = noise(volume, 0.22 * a[0] + sx, 0.22 * a[1] + sy, 0.22 * a[2] + sz)
    fine, _, _ = rough_noise(volume, 1.75 * a[0] + sx, 1.75 * a[1] + sy, 1.75 * a[2] + sz)
    second = pattern(p[m.PATTERN], p[m.PATTERN_SCALE], a[0], a[1], a[2])
    grain = 1.0 + 0.35 * middle + (0.08 if thing else 0.35) * fine
    if not thing and p[m.SLEEVE_START] < 50.0:
        grain *= 1.0 - 0.4 * bell(a[8], p[m.SLEEVE_START] + 0.06, 0.012)
    r = (p[m.CLOTH_R] + (p[m.CLOTH2_R] - p[m.CLOTH_R]) * second) * grain
    g = (p[m.CLOTH_G] + (p[m.CLOTH2_G] - p[m.CLOTH_G]) * second) * grain
    b = (p[m.CLOTH_B] + (p[m.CLOTH2_B] - p[m.CLOTH_B]) * second) * grain
    return r, g, b, (p[m.GLOSS] if thing else 0.12), 0.0
