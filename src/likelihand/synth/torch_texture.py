"""`texture` over tensors: the reflectance of many fragments at once. The formulas are those of `texture`."""

import torch
from torch import Tensor

from likelihand.synth import material as m
from likelihand.synth.texture import CELLS


def noise(volume: Tensor, place: Tensor) -> Tensor:
    """Interpolate three channels of noise, period 1.

    Args:
        volume: (32, 32, 32, 3).
        place: (M, 3).

    Returns:
        (M, 3) in -1/2..1/2.
    """
    scaled = (place - place.floor()) * CELLS
    cell = scaled.long()
    part = scaled - cell
    flat = volume.reshape(-1, 3)
    total = torch.zeros_like(place)
    for corner in range(8):
        offset = torch.tensor([corner & 1, corner >> 1 & 1, corner >> 2], device=place.device)
        weight = torch.where(offset.bool(), part, 1.0 - part).prod(1, keepdim=True)
        i, j, k = ((cell + offset) % CELLS).unbind(1)
        total = total + weight * flat[(i * CELLS + j) * CELLS + k]
    return total


def rough_noise(volume: Tensor, place: Tensor) -> Tensor:
    """Give the lattice's nearest point below, (M, 3)."""
    i, j, k = (((place - place.floor()) * CELLS).long() % CELLS).unbind(1)
    return volume.reshape(-1, 3)[(i * CELLS + j) * CELLS + k]


def bell(x: Tensor, centre: Tensor | float, width: float) -> Tensor:
    """Give exp(-((x - centre) / width)^2)."""
    return torch.exp(-(((x - centre) / width) ** 2))


def step(x: Tensor) -> Tensor:
    """Rise smoothly from 0 to 1 as x goes from 0 to 1."""
    x = x.clamp(0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def linear_of_lab(light: Tensor, red: Tensor, yellow: Tensor) -> Tensor:
    """Turn CIELAB (D65) into linear sRGB, (M, 3) in 0.001..1."""
    fy = (light + 16.0) / 116.0
    f = torch.stack([fy + red / 500.0, fy, fy - yellow / 200.0], 1)
    white = torch.tensor([0.95047, 1.0, 1.08883], device=f.device)
    xyz = white * torch.where(f > 6.0 / 29.0, f**3, (f - 4.0 / 29.0) * (108.0 / 841.0))
    matrix = torch.tensor(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]], device=f.device
    )
    return (xyz @ matrix.T).clamp(0.001, 1.0)


def pattern(p: Tensor, place: Tensor) -> Tensor:
    """Give how much of the second colour a patterned thing shows at each place, (M,) in 0..1."""
    x, y, z = place.unbind(1)
    kind, scale = p[:, m.PATTERN], p[:, m.PATTERN_SCALE]
    along, across = torch.sin(y * scale), torch.sin((x + 0.7 * z) * scale)
    plaid = 0.5 * step(along * 4.0 + 0.5) + 0.5 * step(across * 4.0 + 0.5)
    value = torch.where(kind < 1.5, along, torch.where(kind < 2.5, across, along * across * 2.0))
    value = torch.where(kind < 3.5, step(value * 3.0 + 0.5), plaid)
    return torch.where(kind < 0.5, torch.zeros_like(value), value)


def folds(p: Tensor, a: Tensor) -> Tensor:
    """Give the darkness of the creases on the palm side, (M,)."""
    s, palm, x, y = a[:, 3], a[:, 7], a[:, 0], a[:, 1]
    lines = bell(s, 1.0, 0.035) + 0.8 * bell(s, 1.1, 0.025) + bell(s, 2.0, 0.035) + 0.9 * bell(s, 0.46, 0.04)
    heart = bell(y, 0.83 + p[:, m.LINE_1] - 0.55 * (x - 0.22) ** 2 + 0.1 * (-x).clamp(min=0.0), 0.014)
    heart = heart * step((0.26 - x) * 20.0) * step((x + 0.38) * 20.0)
    head = bell(y, 0.66 + p[:, m.LINE_2] + 0.28 * x + 0.15 * x * x, 0.014)
    head = head * step((0.36 - x) * 20.0) * step((x + 0.28) * 20.0)
    radius = (((x - 0.40 + p[:, m.LINE_3]) / 0.38) ** 2 + ((y - 0.36 + p[:, m.LINE_4]) / 0.44) ** 2).sqrt()
    life = bell(radius, 1.0, 0.032) * step((y - 0.02) * 20.0) * step((0.38 - x) * 20.0)
    wrist = 0.6 * (bell(a[:, 8], 0.02, 0.014) + 0.7 * bell(a[:, 8], 0.075, 0.012))
    on_palm = (heart + head + life + wrist) * palm * p[:, m.PALM_LINE]
    return torch.where(a[:, 6] > 0.5, lines * palm * p[:, m.FOLD], on_palm) * (palm > 0.02)


def skin_lab(p: Tensor, a: Tensor, volume: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give the CIELAB colour of skin at each place."""
    place, shift = a[:, :3], p[:, m.SHIFT_X : m.SHIFT_Z + 1]
    coarse = noise(volume, 0.07 * place + shift)
    middle = noise(volume, 0.3 * place + shift)
    fine = rough_noise(volume, 1.45 * place + shift)
    dark = ((66.0 - p[:, m.LIGHTNESS]) / 40.0).clamp(0.0, 1.0)
    palm, back, knuckle, age = a[:, 7] * p[:, m.PALM_CONTRAST], 1.0 - a[:, 7], a[:, 9], p[:, m.AGE]
    light = p[:, m.LIGHTNESS] + palm * (2.0 + 19.0 * dark) + 6.0 * coarse[:, 0]
    light = light + (2.0 + 3.0 * age) * middle[:, 0] + 2.0 * fine[:, 0] - knuckle * p[:, m.KNUCKLE_DARK]
    red = p[:, m.RED] + 1.8 * palm + 4.0 * coarse[:, 1] + 2.6 * middle[:, 1] + knuckle * p[:, m.KNUCKLE_RED]
    yellow = p[:, m.YELLOW] - 1.5 * palm * (1.0 - dark) + 3.0 * coarse[:, 2]
    finger = (a[:, 6] > 0.5).to(a.dtype)
    wrinkle = torch.sin(a[:, 3] * 90.0 + 7.0 * middle[:, 1]) * (
        bell(a[:, 3], 1.0, 0.11) + bell(a[:, 3], 2.0, 0.09)
    )
    light = light + finger * wrinkle * back * (0.8 + 3.4 * age)
    red = red + finger * step((a[:, 3] - 2.2) * 1.6) * p[:, m.TIP_RED] * (0.4 + 0.6 * a[:, 7])
    fold = folds(p, a)
    stretch = torch.tensor([0.14, 0.05, 0.13], device=a.device)
    vein = bell(noise(volume, stretch * place + 2.0 * shift)[:, 0], 0.0, 0.04) * back * p[:, m.VEIN]
    vein = vein * (back * p[:, m.VEIN] > 0.05) * (1.0 - finger)
    hair = step((fine[:, 1] - 0.16) * 6.0) * back * p[:, m.HAIR] * step(a[:, 8] * 2.0 + 0.5) * (1.0 - finger)
    freckle = step((fine[:, 2] + middle[:, 0] - 0.42) * 8.0) * back * p[:, m.FRECKLE]
    light = light - 10.0 * fold - 4.5 * vein - 7.0 * hair - 5.0 * freckle
    return light.clamp(6.0, 95.0), red + 3.0 * fold - 3.0 * vein, yellow - 3.0 * vein


def nail_cover(a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give how much of each place is nail, how much its rim, and where along the nail it lies."""
    along = (a[:, 3] - 2.40) / 0.60
    half = torch.where(a[:, 6] < 1.5, 0.76, 0.68)
    outline = (2.0 * along - 1.0).abs() ** 2.6 + (a[:, 4] / half).abs() ** 2.6
    above = step((a[:, 5] - 0.1) * 8.0) * (a[:, 6] >= 0.5) * (along >= -0.3) * (a[:, 5] >= 0.1)
    return step((1.15 - outline) * 3.0) * above, bell(outline, 1.05, 0.25) * above, along


def reflectance(p: Tensor, a: Tensor, volume: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give linear RGB (M, 3), the gloss (M,) and how much of each place is living skin (M,).

    Args:
        p: (M, 44) rows of materials.
        a: (M, >= 10) places, `surface.ATTRIBUTES`.
        volume: the lattice of noise.
    """
    light, red, yellow = skin_lab(p, a, volume)
    nail, rim, along = nail_cover(a)
    rgb = linear_of_lab(light, red, yellow) * (1.0 - rim[:, None] * rim.new_tensor([0.22, 0.25, 0.25]))
    plain = linear_of_lab(0.55 * light + 32.0, 0.75 * red + 5.0, 0.6 * yellow + 2.0)
    white = 0.35 * step((along - 0.84) * 12.0)[:, None]
    plain = plain + (plain.new_tensor([0.75, 0.7, 0.62]) - plain) * white
    polished = torch.where(p[:, m.POLISH, None] < 0.5, plain, p[:, m.POLISH_R : m.POLISH_B + 1])
    rgb = rgb + (polished - rgb) * nail[:, None]
    gloss, skin = p[:, m.GLOSS] * (1.0 + 2.5 * nail), 1.0 - 0.6 * nail
    ring = ((a[:, 6] - p[:, m.RING_FINGER]).abs() < 0.1) & ((a[:, 3] - 0.55).abs() < 0.06)
    watch = (a[:, 8] - p[:, m.WATCH_AT]).abs() < 0.06
    glove = (a[:, 8] < p[:, m.GLOVE_END]) & (p[:, m.GLOVE_END] < 50.0)
    cloth = (p[:, m.KIND] > 0.5) | (a[:, 8] > p[:, m.SLEEVE_START]) | glove
    for where, first, shine in ((ring, m.METAL_R, 5.0), (watch, m.WATCH_R, 3.0)):
        rgb = torch.where(where[:, None], p[:, first : first + 3], rgb)
        gloss, skin = torch.where(where, shine, gloss), torch.where(where, 0.0, skin)
    woven, dull = cloth_colour(p, a, volume)
    rgb, gloss = torch.where(cloth[:, None], woven, rgb), torch.where(cloth, dull, gloss)
    return rgb, gloss, torch.where(cloth, 0.0, skin)


def cloth_colour(p: Tensor, a: Tensor, volume: Tensor) -> tuple[Tensor, Tensor]:
    """Give linear RGB (M, 3) and the gloss (M,) of cloth and things."""
    place, shift = a[:, :3], p[:, m.SHIFT_X : m.SHIFT_Z + 1]
    thing = p[:, m.KIND] > 0.5
    grain = 1.0 + 0.35 * noise(volume, 0.22 * place + shift)[:, 0]
    grain = grain + torch.where(thing, 0.08, 0.35) * rough_noise(volume, 1.75 * place + shift)[:, 0]
    hem = 1.0 - 0.4 * bell(a[:, 8], p[:, m.SLEEVE_START] + 0.06, 0.012)
    grain = grain * torch.where(~thing & (p[:, m.SLEEVE_START] < 50.0), hem, 1.0)
    first, second = p[:, m.CLOTH_R : m.CLOTH_B + 1], p[:, m.CLOTH2_R : m.CLOTH2_B + 1]
    rgb = (first + (second - first) * pattern(p, place)[:, None]) * grain[:, None]
    return rgb, torch.where(thing, p[:, m.GLOSS], 0.12)


def srgb(linear: Tensor) -> Tensor:
    """Apply the sRGB curve to linear light, clipped to 0..1."""
    x = linear.clamp(0.0, 1.0)
    return torch.where(x <= 0.0031308, 12.92 * x, 1.055 * x.clamp(min=1e-9) ** (1 / 2.4) - 0.055)
