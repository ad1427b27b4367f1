"""Skin, nails, cloth and things as functions of the place on them, one fragment at a time.

Lengths are palm lengths of the hand at rest, colours of skin CIELAB. Where no source is named, a strength or a
width was chosen for its looks and no measurement stands behind it; `scene.materials` draws around it.
"""

import math
from functools import cache
from typing import Final

import numpy as np

from likelihand.synth.compiled import inlined
from likelihand.synth.render import material as m
from likelihand.synth.render.attributes import Spot
from likelihand.utils.arrays import Floats

Colour = tuple[float, float, float]
CELLS: Final = 32
"""A power of two, so that the lattice wraps by masking."""
_LAST: Final = CELLS - 1
COARSE, MIDDLE, FINE = 0.07, 0.3, 1.45
"""Periods of noise in a palm length: with 32 cells a period, patches of 0.45, 0.10 and 0.02 palm lengths."""
LIGHT_SKIN, LIGHT_TO_DARK = 66.0, 40.0
"""Lightness under which palms begin to be lighter than backs, and how much less it is where they are so fully."""
WRINKLES: Final = 90.0
"""Radians of the wave of wrinkles in a bone of the finger: 14 of them, of which those around a joint show."""
LINE_END: Final = 20.0
"""Steepness with which a palm line ends, 1 / palm lengths."""
NAIL_ROOT, NAIL_LENGTH = 2.40, 0.60
"""Where along the finger the nail begins, and how long it is, in bones of the finger."""
NAIL_HALF_THUMB, NAIL_HALF = 0.76, 0.68
"""Half the breadth of the nail in finger radii."""
NAIL_ROUNDNESS: Final = 2.6
"""Exponent of the superellipse that outlines the nail: between an ellipse (2) and a rectangle."""
NAIL_EDGE: Final = 0.84
"""Way along the nail at which its free, white edge begins."""
WATCH_HALF_WIDTH, RING_HALF_WIDTH = 0.06, 0.06
"""Half the width of a watch's band in palm lengths, and of a ring in bones of the finger."""
RING_AT: Final = 0.55
"""Way along the finger at which a ring sits."""
HEM: Final = 0.06
"""Palm lengths from a sleeve's end to its darker seam."""


@cache
def noise_volume() -> Floats:
    """Return the lattice of value noise: (32, 32, 32, 3) float32 in -1/2..1/2, the same everywhere, periodic."""
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
    """Return the three channels of the lattice's nearest point: grain too fine for a pixel to show its shape."""
    i = int((x - math.floor(x)) * CELLS) & _LAST
    j = int((y - math.floor(y)) * CELLS) & _LAST
    k = int((z - math.floor(z)) * CELLS) & _LAST
    return volume[i, j, k, 0], volume[i, j, k, 1], volume[i, j, k, 2]


@inlined
def bell(x: float, centre: float, width: float) -> float:
    """Return exp(-((x - centre) / width)^2)."""
    t = (x - centre) / width
    return math.exp(-t * t) if t * t < 12.0 else 0.0


@inlined
def step(x: float) -> float:
    """Return a smooth step from 0 to 1 for x from 0 to 1."""
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)


@inlined
def _cube(t: float) -> float:
    return t * t * t if t > 6.0 / 29.0 else (t - 4.0 / 29.0) * (108.0 / 841.0)


@inlined
def linear_of_lab(light: float, red: float, yellow: float) -> tuple[float, float, float]:
    """Convert CIELAB (D65) to linear sRGB, clipped to 0.001..1 (IEC 61966-2-1)."""
    fy = (light + 16.0) / 116.0
    x, y, z = 0.95047 * _cube(fy + red / 500.0), _cube(fy), 1.08883 * _cube(fy - yellow / 200.0)
    r = 3.2406 * x - 1.5372 * y - 0.4986 * z
    g = -0.9689 * x + 1.8758 * y + 0.0415 * z
    b = 0.0557 * x - 0.2040 * y + 1.0570 * z
    return min(1.0, max(0.001, r)), min(1.0, max(0.001, g)), min(1.0, max(0.001, b))


@inlined
def pattern(kind: float, scale: float, x: float, y: float, z: float) -> float:
    """Return how much of the second colour a patterned thing shows at a place, 0..1.

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
def _finger_folds(spot: Spot) -> float:
    """Return the darkness of the creases under a finger: double ones at its middle joint, one at the others."""
    middle = bell(spot.along, 1.0, 0.035) + 0.8 * bell(spot.along, 1.1, 0.025)
    return middle + bell(spot.along, 2.0, 0.035) + 0.9 * bell(spot.along, 0.46, 0.04)


@inlined
def _palm_lines(p: Floats, x: float, y: float) -> float:
    """Return the darkness of the palm's three lines.

    The heart line is a parabola under the knuckles, the head line rises to the thumb's side across the middle of
    the palm, the life line is part of an ellipse around the ball of the thumb; steps end each of them.
    """
    heart = bell(y, 0.83 + p[m.LINE_1] - 0.55 * (x - 0.22) ** 2 + 0.1 * max(0.0, -x), 0.014)
    heart *= step((0.26 - x) * LINE_END) * step((x + 0.38) * LINE_END)
    head = bell(y, 0.66 + p[m.LINE_2] + 0.28 * x + 0.15 * x * x, 0.014)
    head *= step((0.36 - x) * LINE_END) * step((x + 0.28) * LINE_END)
    radius = math.sqrt(((x - 0.40 + p[m.LINE_3]) / 0.38) ** 2 + ((y - 0.36 + p[m.LINE_4]) / 0.44) ** 2)
    life = bell(radius, 1.0, 0.032) * step((y - 0.02) * LINE_END) * step((0.38 - x) * LINE_END)
    return heart + head + life


@inlined
def _folds(p: Floats, spot: Spot) -> float:
    """Return the darkness of the creases on the palm side: finger joints, palm lines, two lines at the wrist."""
    if spot.finger > 0.5:
        return float(_finger_folds(spot) * spot.palm * p[m.FOLD])
    wrist = 0.6 * (bell(spot.arm, 0.02, 0.014) + 0.7 * bell(spot.arm, 0.075, 0.012))
    return float((_palm_lines(p, spot.x, spot.y) + wrist) * spot.palm * p[m.PALM_LINE])


@inlined
def _vein(p: Floats, spot: Spot, volume: Floats) -> float:
    """Return how much of a vein a place of the back shows: where a smooth noise, stretched along y, is near 0."""
    sx, sy, sz = 2.0 * p[m.SHIFT_X], 2.0 * p[m.SHIFT_Y], 2.0 * p[m.SHIFT_Z]
    value, _, _ = noise(volume, 0.14 * spot.x + sx, 0.05 * spot.y + sy, 0.13 * spot.z + sz)
    return float(bell(value, 0.0, 0.04) * (1.0 - spot.palm) * p[m.VEIN])


@inlined
def skin_lab(p: Floats, spot: Spot, volume: Floats) -> Colour:
    """Return the CIELAB colour of skin at a place; `p` (44,) is a row of materials.

    Tone, then noise of three sizes, the lighter palm of dark hands, red knuckles and tips, wrinkles, folds, veins,
    hair and freckles, each in units of CIELAB (a difference of about 2 is just seen).
    """
    x, y, z = spot.x, spot.y, spot.z
    sx, sy, sz = p[m.SHIFT_X], p[m.SHIFT_Y], p[m.SHIFT_Z]
    coarse, coarse_red, coarse_yellow = noise(volume, COARSE * x + sx, COARSE * y + sy, COARSE * z + sz)
    middle, middle_red, _ = noise(volume, MIDDLE * x + sx, MIDDLE * y + sy, MIDDLE * z + sz)
    fine, hairs, spots = rough_noise(volume, FINE * x + sx, FINE * y + sy, FINE * z + sz)
    dark = min(1.0, max(0.0, (LIGHT_SKIN - p[m.LIGHTNESS]) / LIGHT_TO_DARK))
    palm = spot.palm * p[m.PALM_CONTRAST]
    light = (
        p[m.LIGHTNESS] + palm * (2.0 + 19.0 * dark) + 6.0 * coarse + (2.0 + 3.0 * p[m.AGE]) * middle + 2.0 * fine
    )
    red = p[m.RED] + 1.8 * palm + 4.0 * coarse_red + 2.6 * middle_red
    yellow = p[m.YELLOW] - 1.5 * palm * (1.0 - dark) + 3.0 * coarse_yellow
    red += spot.knuckle * p[m.KNUCKLE_RED]
    light -= spot.knuckle * p[m.KNUCKLE_DARK]
    back = 1.0 - spot.palm
    on_finger = 1.0 if spot.finger > 0.5 else 0.0
    if on_finger > 0.5:
        creased = (bell(spot.along, 1.0, 0.11) + bell(spot.along, 2.0, 0.09)) * back
        if creased > 0.0:
            light += math.sin(spot.along * WRINKLES + 7.0 * middle_red) * creased * (0.8 + 3.4 * p[m.AGE])
        red += step((spot.along - 2.2) * 1.6) * p[m.TIP_RED] * (0.4 + 0.6 * spot.palm)
    fold = _folds(p, spot) if spot.palm > 0.02 else 0.0
    light -= 10.0 * fold
    red += 3.0 * fold
    vein = _vein(p, spot, volume) if back * p[m.VEIN] > 0.05 and on_finger < 0.5 else 0.0
    hair = step((hairs - 0.16) * 6.0) * back * p[m.HAIR] * step(spot.arm * 2.0 + 0.5) * (1.0 - on_finger)
    freckle = step((spots + middle - 0.42) * 8.0) * back * p[m.FRECKLE]
    light -= 4.5 * vein + 7.0 * hair + 5.0 * freckle
    red -= 3.0 * vein
    yellow -= 3.0 * vein
    return min(95.0, max(6.0, light)), red, yellow


@inlined
def nail_cover(spot: Spot) -> tuple[float, float, float]:
    """Return how much of a place is nail, how much its rim, and where along the nail it lies (0 root, 1 edge)."""
    along = (spot.along - NAIL_ROOT) / NAIL_LENGTH
    if spot.finger < 0.5 or along < -0.3 or spot.raised < 0.1:
        return 0.0, 0.0, 0.0
    half = NAIL_HALF_THUMB if spot.finger < 1.5 else NAIL_HALF
    outline = abs(2.0 * along - 1.0) ** NAIL_ROUNDNESS + abs(spot.across / half) ** NAIL_ROUNDNESS
    above = step((spot.raised - 0.1) * 8.0)
    return step((1.15 - outline) * 3.0) * above, bell(outline, 1.05, 0.25) * above, along


@inlined
def _mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour `share` of the way from the first to the second."""
    return (
        first[0] + (second[0] - first[0]) * share,
        first[1] + (second[1] - first[1]) * share,
        first[2] + (second[2] - first[2]) * share,
    )


@inlined
def _nail_colour(p: Floats, lab: Colour, along: float) -> Colour:
    """Return the linear RGB of a nail: polish, or skin seen through horn with a white edge."""
    if p[m.POLISH] >= 0.5:
        return p[m.POLISH_R], p[m.POLISH_G], p[m.POLISH_B]
    light, red, yellow = lab
    bed = linear_of_lab(0.55 * light + 32.0, 0.75 * red + 5.0, 0.6 * yellow + 2.0)
    return _mixed(bed, (0.75, 0.7, 0.62), 0.35 * step((along - NAIL_EDGE) * 12.0))


@inlined
def reflectance(p: Floats, spot: Spot, volume: Floats) -> tuple[float, float, float, float, float]:
    """Return linear red, green, blue, the gloss and how much of it is living skin (which light soaks into)."""
    if p[m.KIND] > 0.5 or spot.arm > p[m.SLEEVE_START] or spot.arm < p[m.GLOVE_END] < m.OUT_OF_REACH:
        return _cloth(p, spot, volume)
    if abs(spot.arm - p[m.WATCH_AT]) < WATCH_HALF_WIDTH:
        return p[m.WATCH_R], p[m.WATCH_G], p[m.WATCH_B], 3.0, 0.0
    if abs(spot.finger - p[m.RING_FINGER]) < 0.1 and abs(spot.along - RING_AT) < RING_HALF_WIDTH:
        return p[m.METAL_R], p[m.METAL_G], p[m.METAL_B], 5.0, 0.0
    lab = skin_lab(p, spot, volume)
    r, g, b = linear_of_lab(lab[0], lab[1], lab[2])
    nail, rim, along = nail_cover(spot)
    r, g, b = r * (1.0 - 0.22 * rim), g * (1.0 - 0.25 * rim), b * (1.0 - 0.25 * rim)
    if nail > 0.0:
        r, g, b = _mixed((r, g, b), _nail_colour(p, lab, along), nail)
    return r, g, b, p[m.GLOSS] * (1.0 + 2.5 * nail), 1.0 - 0.6 * nail


@inlined
def _cloth(p: Floats, spot: Spot, volume: Floats) -> tuple[float, float, float, float, float]:
    """Return what `reflectance` does, of a sleeve, a glove or a thing: a pattern, uneven and grainy."""
    thing = p[m.KIND] > 0.5
    sx, sy, sz = p[m.SHIFT_X], p[m.SHIFT_Y], p[m.SHIFT_Z]
    middle, _, _ = noise(volume, 0.22 * spot.x + sx, 0.22 * spot.y + sy, 0.22 * spot.z + sz)
    fine, _, _ = rough_noise(volume, 1.75 * spot.x + sx, 1.75 * spot.y + sy, 1.75 * spot.z + sz)
    second = pattern(p[m.PATTERN], p[m.PATTERN_SCALE], spot.x, spot.y, spot.z)
    grain = 1.0 + 0.35 * middle + (0.08 if thing else 0.35) * fine
    if not thing and p[m.SLEEVE_START] < m.OUT_OF_REACH:
        grain *= 1.0 - 0.4 * bell(spot.arm, p[m.SLEEVE_START] + HEM, 0.012)
    r, g, b = _mixed(
        (p[m.CLOTH_R], p[m.CLOTH_G], p[m.CLOTH_B]), (p[m.CLOTH2_R], p[m.CLOTH2_G], p[m.CLOTH2_B]), second
    )
    return r * grain, g * grain, b * grain, (p[m.GLOSS] if thing else 0.12), 0.0
