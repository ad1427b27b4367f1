"""`texture` over tensors: the reflectance of many fragments at once. The formulas are those of `texture`.

Every quantity is a tensor (M,) of its own, never a column of a matrix, so that all of it becomes one kernel.
"""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from likelihand.synth import material as m
from likelihand.synth.texture import CELLS

Columns: TypeAlias = Sequence[Tensor]
Colour: TypeAlias = tuple[Tensor, Tensor, Tensor]


def rows_of(table: Tensor, row: Tensor) -> tuple[Tensor, ...]:
    """Look up rows of a table (N, C): C tensors (M,), one a column."""
    return table[row].unbind(1)


def noise(volume: Tensor, place: Columns) -> tuple[Tensor, ...]:
    """Interpolate three channels of noise, period 1, each (M,) in -1/2..1/2.

    Args:
        volume: (32, 32, 32, 3).
        place: x, y, z, each (M,).
    """
    side = torch.arange(2, device=volume.device)
    cells, weights = [], []
    for x in place:
        scaled = (x - x.floor()) * CELLS
        cell = scaled.long()
        cells.append((cell[:, None] + side) & (CELLS - 1))
        weights.append(((scaled - cell)[:, None] - 1 + side).abs())
    i, j, k = cells[0][:, :, None, None], cells[1][:, None, :, None], cells[2][:, None, None, :]
    weight = weights[0][:, :, None, None] * weights[1][:, None, :, None] * weights[2][:, None, None, :]
    lattice = volume.reshape(-1, 3)[(i * CELLS + j) * CELLS + k]
    return (weight[..., None] * lattice).sum((1, 2, 3)).unbind(1)


def rough_noise(volume: Tensor, place: Columns) -> tuple[Tensor, ...]:
    """Give the lattice's nearest point below, three channels, each (M,)."""
    i, j, k = (((x - x.floor()) * CELLS).long() & (CELLS - 1) for x in place)
    return rows_of(volume.reshape(-1, 3), (i * CELLS + j) * CELLS + k)


def grown(a: Columns, p: Columns, scale: float) -> list[Tensor]:
    """Give the place in the noise of a body: its own place scaled, moved by its material's shift."""
    return [scale * a[axis] + p[m.SHIFT_X + axis] for axis in range(3)]


def bell(x: Tensor, centre: Tensor | float, width: float) -> Tensor:
    """Give exp(-((x - centre) / width)^2)."""
    return torch.exp(-(((x - centre) / width) ** 2))


def step(x: Tensor) -> Tensor:
    """Rise smoothly from 0 to 1 as x goes from 0 to 1."""
    x = x.clamp(0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def _cube(t: Tensor) -> Tensor:
    return torch.where(t > 6.0 / 29.0, t * t * t, (t - 4.0 / 29.0) * (108.0 / 841.0))


def linear_of_lab(light: Tensor, red: Tensor, yellow: Tensor) -> Colour:
    """Turn CIELAB (D65) into linear sRGB, each 0.001..1."""
    fy = (light + 16.0) / 116.0
    x, y, z = 0.95047 * _cube(fy + red / 500.0), _cube(fy), 1.08883 * _cube(fy - yellow / 200.0)
    return (
        (3.2406 * x - 1.5372 * y - 0.4986 * z).clamp(0.001, 1.0),
        (-0.9689 * x + 1.8758 * y + 0.0415 * z).clamp(0.001, 1.0),
        (0.0557 * x - 0.2040 * y + 1.0570 * z).clamp(0.001, 1.0),
    )


def pattern(kind: Tensor, scale: Tensor, place: Columns) -> Tensor:
    """Give how much of the second colour a patterned thing shows at each place, (M,) in 0..1."""
    x, y, z = place[:3]
    along, across = torch.sin(y * scale), torch.sin((x + 0.7 * z) * scale)
    plaid = 0.5 * step(along * 4.0 + 0.5) + 0.5 * step(across * 4.0 + 0.5)
    value = torch.where(kind < 1.5, along, torch.where(kind < 2.5, across, along * across * 2.0))
    value = torch.where(kind < 3.5, step(value * 3.0 + 0.5), plaid)
    return torch.where(kind < 0.5, 0.0, value)


def folds(p: Columns, a: Columns) -> Tensor:
    """Give the darkness of the creases on the palm side, (M,)."""
    s, palm, x, y = a[3], a[7], a[0], a[1]
    lines = bell(s, 1.0, 0.035) + 0.8 * bell(s, 1.1, 0.025) + bell(s, 2.0, 0.035) + 0.9 * bell(s, 0.46, 0.04)
    heart = bell(y, 0.83 + p[m.LINE_1] - 0.55 * (x - 0.22) ** 2 + 0.1 * (-x).clamp(min=0.0), 0.014)
    heart = heart * step((0.26 - x) * 20.0) * step((x + 0.38) * 20.0)
    head = bell(y, 0.66 + p[m.LINE_2] + 0.28 * x + 0.15 * x * x, 0.014)
    head = head * step((0.36 - x) * 20.0) * step((x + 0.28) * 20.0)
    radius = (((x - 0.40 + p[m.LINE_3]) / 0.38) ** 2 + ((y - 0.36 + p[m.LINE_4]) / 0.44) ** 2).sqrt()
    life = bell(radius, 1.0, 0.032) * step((y - 0.02) * 20.0) * step((0.38 - x) * 20.0)
    wrist = 0.6 * (bell(a[8], 0.02, 0.014) + 0.7 * bell(a[8], 0.075, 0.012))
    on_palm = (heart + head + life + wrist) * p[m.PALM_LINE]
    return torch.where(a[6] > 0.5, lines * p[m.FOLD], on_palm) * palm * (palm > 0.02)


def skin_lab(p: Columns, a: Columns, volume: Tensor) -> Colour:
    """Give the CIELAB colour of skin at each place."""
    coarse, middle = noise(volume, grown(a, p, 0.07)), noise(volume, grown(a, p, 0.3))
    fine, hairs, spots = rough_noise(volume, grown(a, p, 1.45))
    dark = ((66.0 - p[m.LIGHTNESS]) / 40.0).clamp(0.0, 1.0)
    palm, back, knuckle, age = a[7] * p[m.PALM_CONTRAST], 1.0 - a[7], a[9], p[m.AGE]
    light = p[m.LIGHTNESS] + palm * (2.0 + 19.0 * dark) + 6.0 * coarse[0]
    light = light + (2.0 + 3.0 * age) * middle[0] + 2.0 * fine - knuckle * p[m.KNUCKLE_DARK]
    red = p[m.RED] + 1.8 * palm + 4.0 * coarse[1] + 2.6 * middle[1] + knuckle * p[m.KNUCKLE_RED]
    yellow = p[m.YELLOW] - 1.5 * palm * (1.0 - dark) + 3.0 * coarse[2]
    finger = (a[6] > 0.5).to(light.dtype)
    wrinkle = torch.sin(a[3] * 90.0 + 7.0 * middle[1]) * (bell(a[3], 1.0, 0.11) + bell(a[3], 2.0, 0.09))
    light = light + finger * wrinkle * back * (0.8 + 3.4 * age)
    red = red + finger * step((a[3] - 2.2) * 1.6) * p[m.TIP_RED] * (0.4 + 0.6 * a[7])
    fold, vein = folds(p, a), veins(p, a, volume) * (1.0 - finger)
    hair = step((hairs - 0.16) * 6.0) * back * p[m.HAIR] * step(a[8] * 2.0 + 0.5) * (1.0 - finger)
    freckle = step((spots + middle[0] - 0.42) * 8.0) * back * p[m.FRECKLE]
    light = light - 10.0 * fold - 4.5 * vein - 7.0 * hair - 5.0 * freckle
    return light.clamp(6.0, 95.0), red + 3.0 * fold - 3.0 * vein, yellow - 3.0 * vein


def veins(p: Columns, a: Columns, volume: Tensor) -> Tensor:
    """Give how strongly a vein shows through the back of the hand at each place, (M,)."""
    place = [scale * a[axis] + 2.0 * p[m.SHIFT_X + axis] for axis, scale in enumerate((0.14, 0.05, 0.13))]
    strength = (1.0 - a[7]) * p[m.VEIN]
    return bell(noise(volume, place)[0], 0.0, 0.04) * strength * (strength > 0.05)


def nail_cover(a: Columns) -> Colour:
    """Give how much of each place is nail, how much its rim, and where along the nail it lies."""
    along = (a[3] - 2.40) / 0.60
    half = torch.where(a[6] < 1.5, 0.76, 0.68)
    outline = (2.0 * along - 1.0).abs() ** 2.6 + (a[4] / half).abs() ** 2.6
    above = step((a[5] - 0.1) * 8.0) * ((a[6] >= 0.5) & (along >= -0.3) & (a[5] >= 0.1))
    return step((1.15 - outline) * 3.0) * above, bell(outline, 1.05, 0.25) * above, along


def reflectance(p: Columns, a: Columns, volume: Tensor) -> tuple[Colour, Tensor, Tensor]:
    """Give linear RGB, the gloss and how much of each place is living skin, each (M,).

    Args:
        p: the 44 columns of materials.
        a: ten columns or more of places, `surface.ATTRIBUTES`.
        volume: the lattice of noise.
    """
    rgb, gloss, skin = skin_colour(p, a, volume)
    ring = ((a[6] - p[m.RING_FINGER]).abs() < 0.1) & ((a[3] - 0.55).abs() < 0.06)
    watch = (a[8] - p[m.WATCH_AT]).abs() < 0.06
    glove = (a[8] < p[m.GLOVE_END]) & (p[m.GLOVE_END] < 50.0)
    cloth = (p[m.KIND] > 0.5) | (a[8] > p[m.SLEEVE_START]) | glove
    woven, dull = cloth_colour(p, a, volume)
    metal, strap = p[m.METAL_R : m.METAL_B + 1], p[m.WATCH_R : m.WATCH_B + 1]
    red, green, blue = (
        torch.where(cloth, woven[c], torch.where(watch, strap[c], torch.where(ring, metal[c], rgb[c])))
        for c in range(3)
    )
    gloss = torch.where(cloth, dull, torch.where(watch, 3.0, torch.where(ring, 5.0, gloss)))
    return (red, green, blue), gloss, torch.where(cloth | watch | ring, 0.0, skin)


def skin_colour(p: Columns, a: Columns, volume: Tensor) -> tuple[Colour, Tensor, Tensor]:
    """Give linear RGB of skin and nails, the gloss and how much of each place is living skin, each (M,)."""
    light, red, yellow = skin_lab(p, a, volume)
    nail, rim, along = nail_cover(a)
    skin = linear_of_lab(light, red, yellow)
    plain = linear_of_lab(0.55 * light + 32.0, 0.75 * red + 5.0, 0.6 * yellow + 2.0)
    white, bare = 0.35 * step((along - 0.84) * 12.0), p[m.POLISH] < 0.5
    rgb = []
    for c, (edge, dip) in enumerate(((0.75, 0.22), (0.7, 0.25), (0.62, 0.25))):
        polished = torch.where(bare, plain[c] + (edge - plain[c]) * white, p[m.POLISH_R + c])
        dipped = skin[c] * (1.0 - dip * rim)
        rgb.append(dipped + (polished - dipped) * nail)
    return (rgb[0], rgb[1], rgb[2]), p[m.GLOSS] * (1.0 + 2.5 * nail), 1.0 - 0.6 * nail


def cloth_colour(p: Columns, a: Columns, volume: Tensor) -> tuple[Colour, Tensor]:
    """Give linear RGB and the gloss of cloth and things, each (M,)."""
    thing, sleeve = p[m.KIND] > 0.5, p[m.SLEEVE_START]
    middle, fine = noise(volume, grown(a, p, 0.22))[0], rough_noise(volume, grown(a, p, 1.75))[0]
    grain = 1.0 + 0.35 * middle + torch.where(thing, 0.08, 0.35) * fine
    hem = 1.0 - 0.4 * bell(a[8], sleeve + 0.06, 0.012)
    grain = grain * torch.where(~thing & (sleeve < 50.0), hem, 1.0)
    second = pattern(p[m.PATTERN], p[m.PATTERN_SCALE], a)
    first, other = p[m.CLOTH_R : m.CLOTH_B + 1], p[m.CLOTH2_R : m.CLOTH2_B + 1]
    red, green, blue = ((first[c] + (other[c] - first[c]) * second) * grain for c in range(3))
    return (red, green, blue), torch.where(thing, p[m.GLOSS], 0.12)


def srgb(linear: Tensor) -> Tensor:
    """Apply the sRGB curve to linear light, clipped to 0..1."""
    x = linear.clamp(0.0, 1.0)
    return torch.where(x <= 0.0031308, 12.92 * x, 1.055 * x.clamp(min=1e-9) ** (1 / 2.4) - 0.055)
