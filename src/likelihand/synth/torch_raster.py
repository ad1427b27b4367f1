"""`raster` over tensors: which triangle every sample of every picture of a batch sees, and maps of heights.

The nearest surface of a sample is the greatest of 64-bit keys (inverse depth above, triangle below), whatever the
order. A GPU with Triton draws each triangle on its own; elsewhere triangles are sorted by size into
dense patches, so that every step is a tensor operation.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import Tensor

from likelihand.synth.lighting import FAR
from likelihand.synth.raster import NEAR
from likelihand.synth.torch_fused import warn_slow

_CLASSES: Final = (2, 3, 4, 6, 8, 12, 18, 28, 48, 96)
_CHUNK: Final = 1 << 24
BITS: Final = 24
"""Bits of a key that number the triangle; the other 39 hold the inverse depth in steps of 2^-30."""
LAST: Final = (1 << BITS) - 1
TOLERANCE: Final = 1e-6


def triangle_of(key: Tensor) -> Tensor:
    """Give the triangle of a key; -1 where nothing is seen."""
    return torch.where(key < 0, -1, LAST - (key & LAST))


def depth_of(key: Tensor) -> Tensor:
    """Give the inverse depth of a key; 0 where nothing is seen."""
    return torch.where(key < 0, 0.0, (key >> BITS).float() * 2.0**-30)


def nearest_keys(
    points: Tensor, depth: Tensor, triangles: Tensor, of: Tensor, shape: tuple[int, int, int]
) -> Tensor:
    """Draw what every sample of every picture sees: int64 keys of `shape`, -1 where it sees nothing.

    Args:
        points: (V, 2) in samples; a triangle with a NaN corner is not drawn, nor one that turns its back.
        depth: (V,).
        triangles: (F, 3).
        of: (F,) the picture of each triangle.
        shape: (pictures, height, width) in samples.

    Raises:
        ValueError: there are more triangles than a key can tell apart.
    """
    if len(triangles) > LAST:
        raise ValueError(f"{len(triangles)} triangles are too many for a batch, at most {LAST}; give fewer scenes")
    keys = torch.full(shape, -1, dtype=torch.long, device=points.device)
    draw(points[None], (1.0 / depth.clamp(min=NEAR))[None], triangles, of, keys[None])
    return keys


def height_maps(places: Tensor, heights: Tensor, triangles: Tensor, of: Tensor, count: int, size: int) -> Tensor:
    """Draw the greatest height over every sample: (K, count, size, size) from places (K, V, 2), heights (K, V)."""
    maps = torch.full((len(places), count, size, size), FAR, device=places.device)
    draw(places, heights, triangles, of, maps)
    return maps


def draw(points: Tensor, values: Tensor, triangles: Tensor, of: Tensor, target: Tensor) -> None:
    """Raise `target` to the greatest of what the triangles bring to each sample.

    Args:
        points: (K, V, 2) in samples, one set for each of K views.
        values: (K, V) inverse depths or heights.
        triangles: (F, 3); those that turn their back to the eye are not drawn.
        of: (F,) the picture of each triangle.
        target: (K, pictures, height, width), int64 keys, or float32 heights.
    """
    kernel = draw_kernel() if points.is_cuda else None
    if kernel is None:
        for k in range(len(points)):
            _draw_patches(points[k], values[k], triangles, of, target[k])
    else:
        kernel(points, values, triangles, of, target)


@functools.cache
def draw_kernel() -> Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], None] | None:
    """Give `draw` as one kernel, None where Triton cannot be had; tried out once on a triangle."""
    try:
        from likelihand.synth.triton_raster import draw as kernel

        corners = torch.tensor([[[0.0, 0.0], [0.0, 4.0], [4.0, 0.0]]], device="cuda")
        triangle = torch.arange(3, device="cuda")[None]
        for kind in (torch.float32, torch.long):
            target = torch.full((1, 1, 4, 4), -1, dtype=kind, device="cuda")
            kernel(corners, corners[..., 0] + 1.0, triangle, triangle[:, 0], target)
            if int((target >= 0).sum()) != 10:
                raise RuntimeError("a triangle is drawn wrongly")
    except Exception as error:
        warn_slow("drawing with Triton", error)
        return None
    return kernel


def _draw_patches(points: Tensor, values: Tensor, triangles: Tensor, of: Tensor, target: Tensor) -> None:
    height, width = target.shape[-2:]
    for t, pixel, wb, wc in hits(points, triangles, (height, width)):
        a, b, c = values[triangles[t]].unbind(1)
        value = a + wb * (b - a) + wc * (c - a)
        if target.dtype == torch.long:
            value = ((value.clamp(0, 500) * 2.0**30).long() << BITS) | (LAST - t)
        target.view(-1).scatter_reduce_(0, of[t] * (height * width) + pixel, value, "amax")


def hits(
    points: Tensor, triangles: Tensor, size: tuple[int, int]
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Find every sample that every triangle covers, some triangles at a time.

    Args:
        points: (V, 2) in samples.
        triangles: (F, 3).
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
    keep = (area < 0) & (high >= low).all(1)
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
            inside = (wb >= -TOLERANCE) & (wc >= -TOLERANCE) & (wb + wc <= 1 + TOLERANCE)
            inside &= (x <= high[rows, 0, None])[:, None] & (y <= high[rows, 1, None])[:, :, None]
            n, i, j = inside.nonzero().unbind(1)
            yield rows[n], y[n, i] * width + x[n, j], wb[inside], wc[inside]


def normals_of(vertices: Tensor, triangles: Tensor) -> Tensor:
    """Give unit normals (V, 3)."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = torch.linalg.cross(b - a, c - a)
    total = torch.zeros_like(vertices)
    for k in range(3):
        total.index_add_(0, triangles[:, k], face)
    return torch.nn.functional.normalize(total, dim=1, eps=1e-20)
