"""`render` over tensors: a batch of scenes at once, on any device, the same pictures within rounding.

Triangles are sorted by size into dense patches, so that every step is a tensor operation; the nearest surface of a
sample is the greatest of 64-bit keys (inverse depth above, triangle below), which does not depend on any order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from likelihand.synth import shading as s
from likelihand.synth.labels import screen_points
from likelihand.synth.lighting import FAR, SHADOW_MAP, SKY_BIAS, SKY_MAP, frames_of
from likelihand.synth.raster import NEAR
from likelihand.synth.render import bounds, soft_shadow
from likelihand.synth.scene import Scene
from likelihand.synth.texture import noise_volume
from likelihand.synth.torch_texture import reflectance, srgb

_CLASSES: Final = (2, 3, 4, 6, 8, 12, 18, 28, 48, 96)
_CHUNK: Final = 1 << 24
_BITS: Final = 22
_TOLERANCE: Final = 1e-6


@dataclass(frozen=True)
class Batch:
    """Scenes end to end, as tensors.

    Attributes:
        vertices: (V, 3); points: (V, 2) raster samples; attributes: (V, 10).
        triangles: (F, 3) into the vertices; part: (F,) into the materials.
        of_triangle, of_vertex: (F,) and (V,), the number of the scene.
        materials: (P, 44).
        lamps: (N, 27) as `shading.LAMP_COLUMNS`; shadows: (N,) bool.
        frames: (N, 9, 3, 3) of the sky's directions; sky: (N, 9, 3) their colours.
        background: (N, height, width, 3); brightness: (N,).
        hands: (P,) bool, whether a part is a labelled hand.
    """

    vertices: Tensor
    points: Tensor
    attributes: Tensor
    triangles: Tensor
    part: Tensor
    of_triangle: Tensor
    of_vertex: Tensor
    materials: Tensor
    lamps: Tensor
    shadows: Tensor
    frames: Tensor
    sky: Tensor
    background: Tensor
    brightness: Tensor
    hands: Tensor


def batch_of(scenes: Sequence[Scene], device: torch.device | str = "cpu") -> Batch:
    """Put scenes of one size end to end on a device.

    Raises:
        ValueError: there is no scene, or their sizes differ.
    """
    sizes = {scene.size for scene in scenes}
    if len(sizes) != 1:
        raise ValueError(f"a batch needs scenes of one size, not {sorted(sizes)}; render each size on its own")
    vertex = np.cumsum([0] + [len(scene.vertices) for scene in scenes])
    part = np.cumsum([0] + [len(scene.materials) for scene in scenes])

    def join(arrays: list[np.ndarray], kind: torch.dtype = torch.float32) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(np.concatenate(arrays))).to(device, kind)

    hands = [np.isin(np.arange(len(scene.materials)), [h.part for h in scene.hands]) for scene in scenes]
    return Batch(
        vertices=join([scene.vertices for scene in scenes]),
        points=join([screen_points(scene.vertices, scene.matrix) * np.float32(s.SAMPLES) for scene in scenes]),
        attributes=join([scene.attributes for scene in scenes]),
        triangles=join([scene.triangles + v for scene, v in zip(scenes, vertex, strict=False)], torch.long),
        part=join([scene.part + p for scene, p in zip(scenes, part, strict=False)], torch.long),
        of_triangle=join([np.full(len(scene.triangles), n) for n, scene in enumerate(scenes)], torch.long),
        of_vertex=join([np.full(len(scene.vertices), n) for n, scene in enumerate(scenes)], torch.long),
        materials=join([scene.materials for scene in scenes]),
        lamps=join([lamp_row(scene)[None] for scene in scenes]),
        shadows=join([np.array([scene.light.shadows > 0]) for scene in scenes], torch.bool),
        frames=join([frames_of(scene.light.sky)[None] for scene in scenes]),
        sky=join([scene.light.sky_colour[None] for scene in scenes]),
        background=join([scene.background[None] for scene in scenes]),
        brightness=join([np.array([scene.brightness]) for scene in scenes]),
        hands=join(hands, torch.bool),
    )


def lamp_row(scene: Scene) -> np.ndarray:
    """Give a scene's lamps as (27,), see `shading.LAMP_COLUMNS`."""
    light = scene.light
    centre, radius = bounds(scene)
    frame = frames_of(light.key[None])[0].ravel()
    row = [light.key, light.key_colour, light.second, light.second_colour, [light.shininess], frame, centre]
    return np.concatenate([*row, [radius, light.softness]])


def render_batch(scenes: Sequence[Scene], device: torch.device | str = "cpu") -> Tensor:
    """Render scenes of one size.

    Args:
        scenes: what `compose_crop` or `compose_scene` put together.
        device: where the tensors live.

    Returns:
        (N, height, width, 3) float32 linear RGB, exposed, on the device: what `render.composite` gives.
    """
    batch = batch_of(scenes, device)
    if not len(batch.triangles):
        return batch.background
    colour, nearest_part = shade_batch(batch, scenes[0].size)
    alpha = colour[..., 3]
    behind = batch.background
    if any(scene.shade > 0 for scene in scenes):
        cover = alpha.cpu().numpy()
        dim = [1 - scene.shade * soft_shadow(cover[n], scene.shade_shift) for n, scene in enumerate(scenes)]
        behind = behind * torch.from_numpy(np.stack(dim)).to(behind)[..., None]
    hand = (nearest_part >= 0) & batch.hands[nearest_part.clamp(min=0)] & (alpha > 0.99)
    light = (colour[..., :3] @ colour.new_tensor([0.2126, 0.7152, 0.0722])) * hand
    count = hand.sum((1, 2))
    gain = batch.brightness / (light.sum((1, 2)) / count.clamp(min=1) + 1e-4)
    gain = torch.where(count > 0, gain, 1.0)[:, None, None, None]
    return colour[..., :3] * gain + behind * (1.0 - alpha)[..., None]


def develop_batch(light: Tensor) -> Tensor:
    """Turn linear light (N, height, width, 3) into uint8 sRGB: `effects.developed` without chance."""
    bright = 1.1 * light.clamp(min=0) / (1.0 + 0.1 * light.clamp(min=0))
    return (255.0 * srgb(bright) + 0.5).clamp(0, 255).to(torch.uint8)


def hits(
    points: Tensor, triangles: Tensor, keep: Tensor, size: tuple[int, int]
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Find every sample that every triangle covers, some triangles at a time.

    Args:
        points: (V, 2) in samples.
        triangles: (F, 3).
        keep: (F,) bool, triangles to draw at all; back faces are left out besides.
        size: (height, width) in samples.

    Yields:
        Row of the triangle, row and column in one number (row * width + column), weights of corners two and three.
    """
    height, width = size
    a, b, c = (points[triangles[:, k]] for k in range(3))
    u, v = b - a, c - a
    area = u[:, 0] * v[:, 1] - v[:, 0] * u[:, 1]
    corners = torch.stack([a, b, c])
    low = (corners.amin(0) - 0.5).ceil().clamp(min=0).long()
    high = torch.minimum((corners.amax(0) - 0.5).floor().long(), low.new_tensor([width - 1, height - 1]))
    extent = (high - low).amax(1) + 1
    keep = keep & (area < 0) & (high >= low).all(1)
    smaller = 0
    for side in (*_CLASSES, max(height, width)):
        chosen = (keep & (extent > smaller) & (extent <= side)).nonzero()[:, 0]
        smaller = side
        for rows in torch.split(chosen, max(1, _CHUNK // side**2)):
            grid = torch.arange(side, device=points.device)
            x = low[rows, 0, None] + grid
            y = low[rows, 1, None] + grid
            dx, dy = (x + 0.5 - a[rows, 0, None])[:, None], (y + 0.5 - a[rows, 1, None])[:, :, None]
            scale = (1.0 / area[rows])[:, None, None]
            wb = (dx * v[rows, 1, None, None] - dy * v[rows, 0, None, None]) * scale
            wc = (dy * u[rows, 0, None, None] - dx * u[rows, 1, None, None]) * scale
            inside = (wb >= -_TOLERANCE) & (wc >= -_TOLERANCE) & (wb + wc <= 1 + _TOLERANCE)
            inside &= (x <= high[rows, 0, None])[:, None] & (y <= high[rows, 1, None])[:, :, None]
            n, i, j = inside.nonzero().unbind(1)
            yield rows[n], y[n, i] * width + x[n, j], wb[inside], wc[inside]


def height_maps(places: Tensor, heights: Tensor, triangles: Tensor, of: Tensor, count: int, size: int) -> Tensor:
    """Draw the greatest height over every sample of `count` maps, (count, size, size)."""
    maps = torch.full((count * size * size,), FAR, device=places.device)
    everything = torch.ones(len(triangles), dtype=torch.bool, device=places.device)
    for t, pixel, wb, wc in hits(places, triangles, everything, (size, size)):
        a, b, c = heights[triangles[t]].unbind(1)
        maps.scatter_reduce_(0, of[t] * size * size + pixel, a + wb * (b - a) + wc * (c - a), "amax")
    return maps.reshape(count, size, size)


def normals_of(vertices: Tensor, triangles: Tensor) -> Tensor:
    """Give unit normals (V, 3)."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = torch.linalg.cross(b - a, c - a)
    total = torch.zeros_like(vertices)
    for k in range(3):
        total.index_add_(0, triangles[:, k], face)
    return torch.nn.functional.normalize(total, dim=1, eps=1e-20)


def seen_along(batch: Batch, frames: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Give every vertex's place in its scene's map along a direction, (V, 2), and its height (V,)."""
    n = batch.of_vertex
    off = batch.vertices - batch.lamps[n, s.CENTRE : s.CENTRE + 3]
    turned = (frames[n] @ off[:, :, None])[:, :, 0]
    scale = 0.5 * size / batch.lamps[n, s.RADIUS]
    places = torch.stack([turned[:, 0] * scale + 0.5 * size, 0.5 * size - turned[:, 1] * scale], 1)
    return places, turned[:, 2]


def sky_light(batch: Batch, normals: Tensor) -> Tensor:
    """Gather the sky's light at every vertex, (V, 4): see `lighting.sky_light`."""
    count, n = len(batch.lamps), batch.of_vertex
    bias = SKY_BIAS * batch.lamps[n, s.RADIUS] / SKY_MAP
    gathered = torch.zeros(len(normals), 4, device=normals.device)
    for k in range(batch.frames.shape[1]):
        places, heights = seen_along(batch, batch.frames[:, k], SKY_MAP)
        maps = height_maps(places, heights, batch.triangles, batch.of_triangle, count, SKY_MAP)
        cell = places.floor().long().clamp(0, SKY_MAP - 1)
        hidden = ((maps[n, cell[:, 1], cell[:, 0]] - heights) / bias - 1.0).clamp(0.0, 1.0)
        facing = (normals * batch.frames[n, k, 2]).sum(1)
        amount = ((facing + 0.2) / 1.2).clamp(min=0.0) * (1.0 - 0.9 * hidden) * 4.0 / batch.frames.shape[1]
        gathered += amount[:, None] * torch.cat([batch.sky[n, k], torch.ones_like(amount)[:, None]], 1)
    return gathered


def shade_batch(batch: Batch, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Colour a batch: (N, height, width, 4) as `shading.shade`, and (N, height, width) the nearest part or -1."""
    count, (height, width) = len(batch.lamps), size
    normals = normals_of(batch.vertices, batch.triangles)
    corners = torch.cat([batch.attributes, batch.vertices, normals, sky_light(batch, normals)], 1)
    places, heights = seen_along(batch, batch.lamps[:, s.FRAME : s.FRAME + 9].reshape(-1, 3, 3), SHADOW_MAP)
    shadow = height_maps(places, heights, batch.triangles, batch.of_triangle, count, SHADOW_MAP)
    shadow = torch.where(batch.shadows[:, None, None], shadow, FAR)
    seen, near = nearest_triangles(batch, (2 * height, 2 * width))
    seen = seen.reshape(count, height, 2, width, 2).transpose(2, 3).reshape(-1, 4)
    near = near.reshape(count, height, 2, width, 2).transpose(2, 3).reshape(-1, 4)
    shaded, part = survey(seen, near, batch.part, size)
    pixel, k = shaded.nonzero().unbind(1)
    t = seen[pixel, k]
    i, j = pixel // width % height, pixel % width
    sample = torch.stack([2 * j + k % 2, 2 * i + k // 2], 1) + 0.5
    at = interpolated(batch, corners, t, sample)
    rgb = fragment_colours(batch, at, t, shadow)
    covered = (seen >= 0).sum(1)
    share = torch.where(shaded.sum(1) == 1, covered, 1) / 4.0
    colour = torch.zeros(len(seen), 4, device=rgb.device)
    colour[:, :3].index_add_(0, pixel, rgb * share[pixel, None])
    colour[:, 3] = covered / 4.0
    return colour.reshape(count, height, width, 4), part.reshape(count, height, width)


def nearest_triangles(batch: Batch, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Give the triangle that each sample sees, -1 where none, and its inverse depth: (samples,) each."""
    depth = batch.vertices[:, 2]
    keep = (depth[batch.triangles] >= NEAR).all(1)
    inverse = 1.0 / depth.clamp(min=NEAR)
    per_scene = size[0] * size[1]
    keys = torch.full((len(batch.lamps) * per_scene,), -1, dtype=torch.long, device=depth.device)
    last = (1 << _BITS) - 1
    for t, pixel, wb, wc in hits(batch.points, batch.triangles, keep, size):
        a, b, c = inverse[batch.triangles[t]].unbind(1)
        q = a + wb * (b - a) + wc * (c - a)
        key = ((q.clamp(0, 500).double() * (1 << 30)).long() << _BITS) | (last - t)
        keys.scatter_reduce_(0, batch.of_triangle[t] * per_scene + pixel, key, "amax")
    seen = torch.where(keys < 0, -1, last - (keys & last))
    return seen, torch.where(keys < 0, 0.0, (keys >> _BITS).double() / (1 << 30)).float()


def survey(seen: Tensor, near: Tensor, part: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Choose the samples to shade, (M, 4) bool, and each pixel's nearest part, (M,): see `shading._survey`."""
    height, width = size
    pixel = torch.arange(len(seen), device=seen.device)
    first = 2 * (pixel // width % height & 1) + (pixel % width & 1)
    turn = (torch.arange(4, device=seen.device) + first[:, None]) % 4
    seen, near = seen.gather(1, turn), near.gather(1, turn)
    hit = seen >= 0
    parts = torch.where(hit, part[seen.clamp(min=0)], -1)
    front = parts.gather(1, near.argmax(1, keepdim=True))
    mixed = (hit & (parts != front)).any(1)
    high, low = near.amax(1), torch.where(hit, near, torch.inf).amin(1)
    everything = mixed | (high - low > s.EDGE * high)
    chosen = torch.zeros_like(hit).scatter_(1, hit.float().argmax(1, keepdim=True), True) & hit
    shaded = torch.where(everything[:, None], hit, chosen)
    return torch.zeros_like(hit).scatter_(1, turn, shaded), torch.where(hit.any(1), front[:, 0], -1)


def interpolated(batch: Batch, corners: Tensor, t: Tensor, sample: Tensor) -> Tensor:
    """Interpolate the corners' columns at samples, perspective-correct: (M, 20)."""
    triangle = batch.triangles[t]
    a, b, c = (batch.points[triangle[:, k]] for k in range(3))
    u, v, d = b - a, c - a, sample - a
    area = u[:, 0] * v[:, 1] - v[:, 0] * u[:, 1]
    wb = (d[:, 0] * v[:, 1] - v[:, 0] * d[:, 1]) / area
    wc = (u[:, 0] * d[:, 1] - d[:, 0] * u[:, 1]) / area
    weights = torch.stack([1.0 - wb - wc, wb, wc], 1) / batch.vertices[triangle, 2]
    weights = weights / weights.sum(1, keepdim=True)
    return (corners[triangle] * weights[:, :, None]).sum(1)


def fragment_colours(batch: Batch, at: Tensor, t: Tensor, shadow: Tensor) -> Tensor:
    """Give the linear RGB of fragments, (M, 3): see `shading.fragment_colour`."""
    volume = torch.tensor(noise_volume(), device=at.device)
    of = batch.of_triangle[t]
    lamp = batch.lamps[of]
    normal = torch.nn.functional.normalize(at[:, s.NORMAL : s.NORMAL + 3], dim=1)
    rgb, gloss, skin = reflectance(batch.materials[batch.part[t]], at, volume)
    facing = (normal * lamp[:, s.KEY : s.KEY + 3]).sum(1)
    lit = lit_share(lamp, shadow, of, at[:, s.POSITION : s.POSITION + 3], facing)
    other = ((normal * lamp[:, s.SECOND : s.SECOND + 3]).sum(1) + 0.15).clamp(min=0) / 1.15 * at[:, s.OPEN]
    key, sky = lamp[:, s.KEY_COLOUR : s.KEY_COLOUR + 3], at[:, s.SKY : s.SKY + 3]
    soak = skin[:, None] * skin.new_tensor(s.SOAK)
    wrap = ((facing[:, None] + soak) / (1 + soak)).clamp(min=0) * (lit[:, None] + (1 - lit[:, None]) * 0.5 * soak)
    second = lamp[:, s.SECOND_COLOUR : s.SECOND_COLOUR + 3]
    shine, mirror = highlight(lamp, at[:, s.POSITION : s.POSITION + 3], normal, facing, lit, gloss)
    return rgb * (key * wrap + sky + second * other[:, None]) + shine[:, None] * key + mirror[:, None] * sky


def lit_share(lamp: Tensor, shadow: Tensor, of: Tensor, place: Tensor, facing: Tensor) -> Tensor:
    """Give how much of the key lamp reaches each place, (M,): see `shading.lit_share`."""
    size = shadow.shape[1]
    scale = 0.5 * size / lamp[:, s.RADIUS]
    frame = lamp[:, s.FRAME : s.FRAME + 9].reshape(-1, 3, 3)
    x, y, height = (frame @ (place - lamp[:, s.CENTRE : s.CENTRE + 3])[:, :, None])[:, :, 0].unbind(1)
    u, v = x * scale + 0.5 * size, 0.5 * size - y * scale
    bias = (1.5 + 2.0 * (1.0 - facing.clamp(0, 1))) / scale + 0.5 * lamp[:, s.SOFTNESS]
    spread = (lamp[:, s.SOFTNESS] * scale).clamp(min=0.7)
    total = torch.zeros_like(u)
    for du, dv in ((0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
        i = (v + dv * spread).floor().long().clamp(0, size - 1)
        j = (u + du * spread).floor().long().clamp(0, size - 1)
        total = total + (1.0 - (shadow[of, i, j] - height - bias) * scale).clamp(0, 1)
    return total / 5.0


def highlight(
    lamp: Tensor, place: Tensor, normal: Tensor, facing: Tensor, lit: Tensor, gloss: Tensor
) -> tuple[Tensor, Tensor]:
    """Give how much each place mirrors of the key lamp and of the sky, (M,): see `shading.highlight`."""
    view = -torch.nn.functional.normalize(place, dim=1)
    mirror = 0.25 * gloss * (0.04 + 0.4 * (1.0 - (normal * view).sum(1).clamp(min=0.02)) ** 5)
    half = torch.nn.functional.normalize(view + lamp[:, s.KEY : s.KEY + 3], dim=1)
    aligned = (normal * half).sum(1).clamp(min=0)
    power = lamp[:, s.SHININESS]
    shine = 0.03 * gloss * lit * (power + 8.0) / 8.0 * aligned**power
    return torch.where((facing <= 0) | (aligned < 0.5), 0.0, shine), mirror
