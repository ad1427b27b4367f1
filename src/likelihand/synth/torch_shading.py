"""`shading` over tensors: which samples to shade, and the light that each of them sends to the camera.

As in `torch_texture` every quantity is a tensor (M,) of its own.
"""

import torch
from torch import Tensor

from likelihand.synth import shading as s
from likelihand.synth.torch_fused import fused
from likelihand.synth.torch_raster import depth_of, triangle_of
from likelihand.synth.torch_texture import Colour, Columns, reflectance, rows_of


@fused(part=0)
def survey(keys: Tensor, part: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Choose the samples to shade: see `shading._survey`.

    Args:
        keys: (N, 2 height, 2 width) of `torch_raster.nearest_keys`.
        part: (F,) part of each triangle.

    Returns:
        (N, height, width, 4) bool, the samples to shade; (N, height, width) uint8, how many samples see something;
        (N, height, width) int64, the nearest part, -1 where none.
    """
    count, height, width = keys.shape[0], keys.shape[1] // 2, keys.shape[2] // 2
    i = torch.arange(height, device=keys.device)[None, :, None]
    j = torch.arange(width, device=keys.device)[None, None, :]
    corners = keys.reshape(count, height, 2, width, 2)
    samples = [corners[:, :, k >> 1, :, k & 1] for k in range(4)]
    turns = [(k - 2 * (i & 1) - (j & 1)) & 3 for k in range(4)]
    hit = [key >= 0 for key in samples]
    parts = [torch.where(h, part[triangle_of(key).clamp(min=0)], -1) for h, key in zip(hit, samples, strict=True)]
    depth = [depth_of(key) for key in samples]
    high, front, best = depth[0], parts[0], turns[0]
    low = torch.where(hit[0], depth[0], torch.inf)
    chosen = torch.where(hit[0], turns[0], 4)
    for k in range(1, 4):
        nearer = (depth[k] > high) | ((depth[k] == high) & (turns[k] < best))
        front, best = torch.where(nearer, parts[k], front), torch.where(nearer, turns[k], best)
        high, low = torch.maximum(high, depth[k]), torch.where(hit[k], torch.minimum(low, depth[k]), low)
        chosen = torch.minimum(chosen, torch.where(hit[k], turns[k], 4))
    whole = high - low > s.EDGE * high
    for k in range(4):
        whole = whole | (hit[k] & (parts[k] != front))
    shaded = torch.stack([hit[k] & (whole | (turns[k] == chosen)) for k in range(4)], -1)
    covered = hit[0].to(torch.uint8) + hit[1] + hit[2] + hit[3]
    return shaded, covered, front


@fused(ids=0)
def located(ids: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Tell where samples lie: their scene, the triangle they see, x and y in samples, each (M,).

    Args:
        ids: (M,) four times the number of the pixel, plus which of its samples.
        keys: (N, 2 height, 2 width) of `torch_raster.nearest_keys`.
    """
    height, width = keys.shape[1] // 2, keys.shape[2] // 2
    pixel, k = ids >> 2, ids & 3
    of, y, x = pixel // (height * width), 2 * (pixel // width % height) + (k >> 1), 2 * (pixel % width) + (k & 1)
    return of, triangle_of(keys[of, y, x]), x + 0.5, y + 0.5


@fused(of=0, t=0, x=0, y=0, points=0, corners=0, triangles=0, part=0, materials=0, lamps=0, shadow=0)
def fragment_colours(
    of: Tensor, t: Tensor, x: Tensor, y: Tensor, points: Tensor, corners: Tensor, triangles: Tensor, part: Tensor,
    materials: Tensor, lamps: Tensor, shadow: Tensor, volume: Tensor,
) -> Tensor:  # fmt: skip
    """Give the linear RGB of fragments, (3, M): see `shading.fragment_colour`.

    Args:
        of: (M,) their scenes.
        t: (M,) their triangles.
        x: (M,) their places in samples.
        y: (M,) their places in samples.
        points: (V, 2) in samples.
        corners: (V, 20).
        triangles: (F, 3).
        part: (F,).
        materials: (P, 44).
        lamps: (N, 27).
        shadow: (N, n, n) maps.
        volume: the lattice of noise.
    """
    at = interpolated(points, corners, rows_of(triangles, t), x, y)
    p, lamp = rows_of(materials, part[t]), rows_of(lamps, of)
    return torch.stack(light_of(p, at, lamp, shadow, of, volume))


def interpolated(points: Tensor, corners: Tensor, abc: Columns, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    """Interpolate the corners' 20 columns at places of the raster, perspective-correct: each (M,)."""
    a, b, c = abc
    ax, ay = points[a, 0], points[a, 1]
    bx, by, cx, cy = points[b, 0] - ax, points[b, 1] - ay, points[c, 0] - ax, points[c, 1] - ay
    dx, dy, area = x - ax, y - ay, bx * cy - cx * by
    wb, wc = (dx * cy - cx * dy) / area, (bx * dy - dx * by) / area
    weights = [
        weight / corners[corner, s.POSITION + 2]
        for weight, corner in zip((1.0 - wb - wc, wb, wc), abc, strict=True)
    ]
    total = weights[0] + weights[1] + weights[2]
    wa, wb, wc = ((weight / total)[:, None] for weight in weights)
    return (wa * corners[a] + wb * corners[b] + wc * corners[c]).unbind(1)


def light_of(
    p: Columns, at: Columns, lamp: Columns, shadow: Tensor, of: Tensor, volume: Tensor
) -> tuple[Tensor, ...]:
    """Give the red, green and blue light that places send to the camera, each (M,)."""
    normal = unit(at[s.NORMAL : s.NORMAL + 3])
    rgb, gloss, skin = reflectance(p, at, volume)
    facing = dot(normal, lamp[s.KEY : s.KEY + 3])
    lit = lit_share(lamp, shadow, of, at[s.POSITION : s.POSITION + 3], facing)
    other = (dot(normal, lamp[s.SECOND : s.SECOND + 3]) + 0.15).clamp(min=0) / 1.15 * at[s.OPEN]
    shine, mirror = highlight(lamp, at[s.POSITION : s.POSITION + 3], normal, facing, lit, gloss)
    light = []
    for c in range(3):
        soak, key, sky = skin * s.SOAK[c], lamp[s.KEY_COLOUR + c], at[s.SKY + c]
        wrap = ((facing + soak) / (1.0 + soak)).clamp(min=0) * (lit + (1.0 - lit) * 0.5 * soak)
        received = key * wrap + sky + lamp[s.SECOND_COLOUR + c] * other
        light.append(rgb[c] * received + shine * key + mirror * sky)
    return tuple(light)


def lit_share(lamp: Columns, shadow: Tensor, of: Tensor, place: Columns, facing: Tensor) -> Tensor:
    """Give how much of the key lamp reaches each place, (M,): see `shading.lit_share`."""
    size = shadow.shape[1]
    scale = 0.5 * size / lamp[s.RADIUS]
    off = [place[axis] - lamp[s.CENTRE + axis] for axis in range(3)]
    x, y, height = (dot(lamp[s.FRAME + 3 * row : s.FRAME + 3 * row + 3], off) for row in range(3))
    u, v = x * scale + 0.5 * size, 0.5 * size - y * scale
    bias = (1.5 + 2.0 * (1.0 - facing.clamp(0, 1))) / scale + 0.5 * lamp[s.SOFTNESS]
    spread = (lamp[s.SOFTNESS] * scale).clamp(min=0.7)
    total = torch.zeros_like(u)
    for du, dv in ((0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
        i = (v + dv * spread).floor().long().clamp(0, size - 1)
        j = (u + du * spread).floor().long().clamp(0, size - 1)
        total = total + (1.0 - (shadow[of, i, j] - height - bias) * scale).clamp(0, 1)
    return total / 5.0


def highlight(
    lamp: Columns, place: Columns, normal: Columns, facing: Tensor, lit: Tensor, gloss: Tensor
) -> tuple[Tensor, Tensor]:
    """Give how much each place mirrors of the key lamp and of the sky, (M,): see `shading.highlight`."""
    view = [-x for x in unit(place)]
    away = 1.0 - dot(normal, view).clamp(min=0.02)
    mirror = 0.25 * gloss * (0.04 + 0.4 * away * away * away * away * away)
    half = unit([view[axis] + lamp[s.KEY + axis] for axis in range(3)])
    aligned, power = dot(normal, half).clamp(min=0), lamp[s.SHININESS]
    shine = 0.03 * gloss * lit * (power + 8.0) / 8.0 * aligned**power
    return torch.where((facing <= 0) | (aligned < 0.5), 0.0, shine), mirror


def dot(a: Columns, b: Columns) -> Tensor:
    """Give the inner product of vectors, (M,)."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def unit(vector: Columns) -> Colour:
    """Give vectors of length 1: three tensors (M,)."""
    scale = torch.rsqrt(dot(vector, vector) + 1e-12)
    return vector[0] * scale, vector[1] * scale, vector[2] * scale
