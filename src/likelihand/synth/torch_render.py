"""`render` over tensors: a batch of scenes at once, on any device, the same pictures within rounding."""

import functools
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor

from likelihand.synth import shading as s
from likelihand.synth.lighting import FAR, SHADOW_MAP, SKY_BIAS, SKY_MAP
from likelihand.synth.render import SHADE_MAP, SHADE_SIGMA
from likelihand.synth.scene import Scene
from likelihand.synth.texture import noise_volume
from likelihand.synth.torch_fused import fused
from likelihand.synth.torch_pack import Batch, Packed, batch_of, pack
from likelihand.synth.torch_raster import height_maps, nearest_keys, normals_of
from likelihand.synth.torch_shading import fragment_colours, located, survey
from likelihand.synth.torch_texture import srgb

_FRAGMENTS: Final = 1 << 22
"""Fragments that are shaded at a time, which bounds the memory that shading takes."""


@torch.no_grad()
def render_batch(scenes: Sequence[Scene] | Packed, device: torch.device | str = "cpu") -> Tensor:
    """Render scenes of one size.

    Args:
        scenes: what `compose_crop` or `compose_scene` put together, or `pack` has packed.
        device: where to render.

    Returns:
        (N, height, width, 3) float32 linear RGB, exposed, on the device: what `render.composite` gives.
    """
    there = torch.device(device)
    packed = scenes if isinstance(scenes, Packed) else pack(scenes, pin=there.type == "cuda")
    batch = batch_of(packed, there)
    colour, covered, part = shade_batch(batch, corners_of(batch), shadow_maps(batch))
    return composite(batch, colour, covered, part)


def corners_of(batch: Batch) -> Tensor:
    """Give what shading needs of every vertex, (V, 20): see `shading.CORNER_COLUMNS`."""
    normals = normals_of(batch.vertices, batch.triangles)
    places, heights = seen_along(batch.vertices, batch.of_vertex, batch.lamps, batch.frames, SKY_MAP)
    maps = height_maps(places, heights, batch.triangles, batch.of_triangle, len(batch.lamps), SKY_MAP)
    sky = sky_light(places, heights, normals, batch.of_vertex, batch.lamps, batch.frames, batch.sky, maps)
    return torch.cat([batch.attributes, batch.vertices, normals, sky], 1)


def shadow_maps(batch: Batch) -> Tensor:
    """Draw what the key lamp of every scene sees, (N, 144, 144) heights."""
    frames = batch.lamps[:, s.FRAME : s.FRAME + 9].reshape(-1, 1, 3, 3)
    places, heights = seen_along(batch.vertices, batch.of_vertex, batch.lamps, frames, SHADOW_MAP)
    maps = height_maps(places, heights, batch.triangles, batch.of_triangle, len(batch.lamps), SHADOW_MAP)[0]
    return torch.where(batch.shadows[:, None, None], maps, FAR)


@fused(vertices=0, of=0)
def seen_along(vertices: Tensor, of: Tensor, lamps: Tensor, frames: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Give every vertex's place in its scene's maps along K directions, (K, V, 2), and its height (K, V).

    Args:
        vertices: (V, 3).
        of: (V,) the scene of each.
        lamps: (N, 27).
        frames: (N, K, 3, 3).
        size: side of a map.
    """
    off = vertices - lamps[of, s.CENTRE : s.CENTRE + 3]
    scale = 0.5 * size / lamps[of, s.RADIUS]
    turned = (frames.transpose(0, 1)[:, of] * off[:, None]).sum(3)
    x, y = turned[:, :, 0] * scale + 0.5 * size, 0.5 * size - turned[:, :, 1] * scale
    return torch.stack([x, y], 2), turned[:, :, 2]


@fused(places=1, heights=1, normals=0, of=0)
def sky_light(
    places: Tensor, heights: Tensor, normals: Tensor, of: Tensor, lamps: Tensor, frames: Tensor, colours: Tensor,
    maps: Tensor,
) -> Tensor:  # fmt: skip
    """Gather the sky's light at every vertex, (V, 4): see `lighting.sky_light`.

    Args:
        places: (K, V, 2) in each direction's map.
        heights: (K, V).
        normals: (V, 3).
        of: (V,) the scene of each vertex.
        lamps: (N, 27).
        frames: (N, K, 3, 3).
        colours: (N, K, 3).
        maps: (K, N, n, n).
    """
    count, size = maps.shape[0], maps.shape[2]
    bias = SKY_BIAS * lamps[of, s.RADIUS] / size
    j, i = (places[:, :, axis].floor().long().clamp(0, size - 1) for axis in range(2))
    nearest = maps[torch.arange(count, device=maps.device)[:, None], of, i, j]
    hidden = ((nearest - heights) / bias - 1.0).clamp(0.0, 1.0)
    facing = (normals * frames[:, :, 2].transpose(0, 1)[:, of]).sum(2)
    amount = ((facing + 0.2) / 1.2).clamp(min=0.0) * (1.0 - 0.9 * hidden) * 4.0 / count
    light = (amount[:, :, None] * colours.transpose(0, 1)[:, of]).sum(0)
    return torch.cat([light, amount.sum(0)[:, None]], 1)


def shade_batch(batch: Batch, corners: Tensor, shadow: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Colour a batch.

    Args:
        batch: the scenes.
        corners: (V, 20) of `corners_of`.
        shadow: (N, n, n) of `shadow_maps`.

    Returns:
        (3, N, height, width) linear RGB times coverage; (N, height, width) how many of four samples are covered;
        and (N, height, width) the nearest part or -1.
    """
    shape = (len(batch.lamps), s.SAMPLES * batch.size[0], s.SAMPLES * batch.size[1])
    keys = nearest_keys(batch.points, batch.vertices[:, 2], batch.triangles, batch.of_triangle, shape)
    if not len(batch.triangles):
        covered = torch.zeros(len(batch.lamps), *batch.size, dtype=torch.uint8, device=keys.device)
        return covered.new_zeros(3, *covered.shape).float(), covered, covered.long() - 1
    shaded, covered, part = survey(keys, batch.part)
    ids = shaded.view(-1).nonzero()[:, 0]
    mesh = batch.points, corners, batch.triangles, batch.part, batch.materials
    light = batch.lamps, shadow, noise_on(keys.device)
    rgb = [fragment_colours(*located(some, keys), *mesh, *light) for some in torch.split(ids, _FRAGMENTS)]
    return gathered(torch.cat(rgb, 1), shaded, covered), covered, part


@functools.cache
def noise_on(device: torch.device) -> Tensor:
    """Give the lattice of noise on a device."""
    return torch.tensor(noise_volume(), device=device)


def gathered(rgb: Tensor, shaded: Tensor, covered: Tensor) -> Tensor:
    """Add up the fragments of every pixel.

    Args:
        rgb: (3, M) of the shaded samples one after the other.
        shaded: (N, height, width, 4) which they are.
        covered: (N, height, width) how many samples see something.

    Returns:
        (3, N, height, width) linear RGB times coverage.
    """
    count = shaded.sum(3, dtype=torch.uint8)
    end = count.view(-1).cumsum(0, dtype=torch.int32).view(count.shape)
    return _gathered(rgb, count, end, covered) if rgb.shape[1] else rgb.new_zeros(3, *count.shape)


@fused(rgb=1)
def _gathered(rgb: Tensor, count: Tensor, end: Tensor, covered: Tensor) -> Tensor:
    total = [torch.zeros(count.shape, device=rgb.device)] * 3
    for turn in range(4):
        row = (end.long() - 1 - turn).clamp(min=0)
        total = [total[c] + torch.where(count > turn, rgb[c][row], 0.0) for c in range(3)]
    share = torch.where(count == 1, covered, 1) * 0.25
    return torch.stack([part * share for part in total])


def composite(batch: Batch, colour: Tensor, covered: Tensor, part: Tensor) -> Tensor:
    """Put the solids on their backgrounds, (N, height, width, 3): see `render.composite`.

    Args:
        batch: the scenes.
        colour: (3, N, height, width) linear RGB times coverage.
        covered: (N, height, width) samples of four.
        part: (N, height, width) the nearest part or -1.
    """
    hands = torch.cat([batch.hands, batch.hands.new_zeros(1)])
    gain = exposure(colour, covered, part, hands, batch.brightness)
    return laid(colour, covered, batch.background, gain, soft_shadows(covered, batch.shade))


@fused(hands=0)
def exposure(colour: Tensor, covered: Tensor, part: Tensor, hands: Tensor, brightness: Tensor) -> Tensor:
    """Give the gain (N,) that brings the mean light of the hands to the brightness asked for."""
    hand = hands[torch.where(part < 0, hands.shape[0] - 1, part)] & (covered == 4)
    light = torch.where(hand, 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2], 0.0).sum((1, 2))
    count = hand.sum((1, 2))
    return torch.where(count > 0, brightness / (light / count.clamp(min=1) + 1e-4), 1.0)


@fused()
def laid(colour: Tensor, covered: Tensor, behind: Tensor, gain: Tensor, dim: Tensor) -> Tensor:
    """Lay exposed solids over what is behind, darkened: (N, height, width, 3)."""
    clear = dim * (1.0 - 0.25 * covered)
    return torch.stack([gain[:, None, None] * colour[c] + clear * behind[..., c] for c in range(3)], 3)


def soft_shadows(covered: Tensor, shade: Tensor) -> Tensor:
    """Give what is left of the light behind the hands, (N, height, width) in 0..1: see `render.soft_shadow`.

    Shrinking, blurring, growing and moving a picture are sums along its columns and then along its rows.

    Args:
        covered: (N, height, width) samples of four.
        shade: (N, 3) how much is taken, and the shift (x, y) in pixels.
    """
    height, width = covered.shape[1:]
    down, across = shrinking(height, covered.device), shrinking(width, covered.device)
    small = down @ (covered * 0.25) @ across.T
    shadow = grown(shade[:, 2], height) @ small @ grown(shade[:, 1], width).transpose(1, 2)
    return 1.0 - shade[:, 0, None, None] * shadow


@functools.lru_cache(8)
def shrinking(length: int, device: torch.device) -> Tensor:
    """Give the matrix (40, length) that shrinks and blurs a column, as OpenCV does it."""
    small = cv2.resize(np.eye(length, dtype=np.float32), (length, SHADE_MAP), interpolation=cv2.INTER_AREA)
    side = 2 * round(4 * SHADE_SIGMA) + 1
    blurred = cv2.GaussianBlur(small, (1, side), sigmaX=1.0, sigmaY=SHADE_SIGMA)
    return torch.from_numpy(np.asarray(blurred, np.float32)).to(device)


def grown(shift: Tensor, length: int) -> Tensor:
    """Give matrices (N, length, 40) that grow a column to a length and move it by `shift` (N,), black outside."""
    place = (torch.arange(length, device=shift.device) - shift[:, None]) * (SHADE_MAP / length)
    return (1.0 - (place[:, :, None] - torch.arange(SHADE_MAP, device=shift.device)).abs()).clamp(min=0.0)


@fused()
def develop_batch(light: Tensor) -> Tensor:
    """Turn linear light (N, height, width, 3) into uint8 sRGB: `effects.developed` without chance."""
    bright = 1.1 * light.clamp(min=0) / (1.0 + 0.1 * light.clamp(min=0))
    return (255.0 * srgb(bright) + 0.5).clamp(0, 255).to(torch.uint8)
