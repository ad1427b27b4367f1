"""`torch_raster.draw` as one Triton kernel: small triangles side by side, large ones in tiles of samples."""

from typing import Final

import torch
import triton
import triton.language as tl
from torch import Tensor

_GROUP: Final = 32
_SMALL: Final = 16
_TILE: Final = 8


def draw(points: Tensor, values: Tensor, triangles: Tensor, of: Tensor, target: Tensor) -> None:
    """See `torch_raster.draw`: the same arguments, on a GPU."""
    views, vertices = values.shape
    _, pictures, height, width = target.shape
    if len(triangles):
        _draw[(triton.cdiv(len(triangles), _GROUP), views)](
            points.contiguous(), values.contiguous(), triangles.contiguous(), of, target,
            len(triangles), vertices, pictures, height, width,
            target.dtype == torch.long, _GROUP, _SMALL, _TILE, num_warps=1,
        )  # fmt: skip


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _draw(  # type: ignore[no-untyped-def]  # noqa: ANN202
    points, values, triangles, of, target, count, vertices, pictures, height, width,  # noqa: ANN001
    KEYED: tl.constexpr, GROUP: tl.constexpr, SMALL: tl.constexpr, TILE: tl.constexpr,
):  # fmt: skip
    view = tl.program_id(1).to(tl.int64)
    points += 2 * view * vertices
    values += view * vertices
    target += view * pictures * height * width
    first = tl.program_id(0).to(tl.int64) * GROUP
    t = tl.minimum(first + tl.arange(0, GROUP), count - 1)
    corners, left, top, wide, cells = _box(points, values, triangles, t, height, width)
    picture = target + tl.load(of + t) * height * width
    cells = tl.where(first + tl.arange(0, GROUP) < count, cells, 0)
    few = tl.where(cells <= SMALL, cells, 0)
    for n in range(tl.max(few, 0)):
        _raise(corners, picture, t, left + n % wide, top + n // wide, n < few, width, KEYED)
    if tl.max(cells, 0) > SMALL:
        cell = tl.arange(0, TILE * TILE)
        for one in range(first, tl.minimum(first + GROUP, count)):
            its, x1, y1, across, many = _box(points, values, triangles, one, height, width)
            if many > SMALL:
                down, raster = many // across, target + tl.load(of + one) * height * width
                for y0 in range(y1, y1 + down, TILE):
                    for x0 in range(x1, x1 + across, TILE):
                        x, y = x0 + cell % TILE, y0 + cell // TILE
                        within = (x < x1 + across) & (y < y1 + down)
                        _raise(its, raster, one, x, y, within, width, KEYED)


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _box(points, values, triangles, t, height, width):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Give what is known of triangles, and their boxes: first column and row, columns, samples (0: not drawn)."""
    a, b, c = tl.load(triangles + 3 * t), tl.load(triangles + 3 * t + 1), tl.load(triangles + 3 * t + 2)
    ax, ay = tl.load(points + 2 * a), tl.load(points + 2 * a + 1)
    bx, by = tl.load(points + 2 * b) - ax, tl.load(points + 2 * b + 1) - ay
    cx, cy = tl.load(points + 2 * c) - ax, tl.load(points + 2 * c + 1) - ay
    va = tl.load(values + a)
    vb, vc = tl.load(values + b) - va, tl.load(values + c) - va
    left = tl.ceil(ax + tl.minimum(tl.minimum(bx, cx), 0.0) - 0.5)
    top = tl.ceil(ay + tl.minimum(tl.minimum(by, cy), 0.0) - 0.5)
    right = tl.floor(ax + tl.maximum(tl.maximum(bx, cx), 0.0) - 0.5)
    bottom = tl.floor(ay + tl.maximum(tl.maximum(by, cy), 0.0) - 0.5)
    left = tl.minimum(tl.maximum(left, 0.0), width * 1.0).to(tl.int32)
    top = tl.minimum(tl.maximum(top, 0.0), height * 1.0).to(tl.int32)
    right = tl.maximum(tl.minimum(right, width - 1.0), -1.0).to(tl.int32)
    bottom = tl.maximum(tl.minimum(bottom, height - 1.0), -1.0).to(tl.int32)
    area = bx * cy - cx * by
    drawn = (area < 0.0) & (left <= right) & (top <= bottom)
    wide = tl.where(drawn, right - left + 1, 1)
    cells = tl.where(drawn, wide * (bottom - top + 1), 0)
    return (ax, ay, bx, by, cx, cy, va, vb, vc, 1.0 / area), left, top, wide, cells


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _raise(corners, picture, t, x, y, within, width, KEYED: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Raise samples of a picture to what triangles bring there, where they cover them."""
    ax, ay, bx, by, cx, cy, va, vb, vc, scale = corners
    dx, dy = x + 0.5 - ax, y + 0.5 - ay
    wb, wc = (dx * cy - cx * dy) * scale, (bx * dy - dx * by) * scale
    inside = within & (wb >= -1e-6) & (wc >= -1e-6) & (wb + wc <= 1.000001)
    value = va + wb * vb + wc * vc
    if KEYED:
        depth = (tl.minimum(tl.maximum(value, 0.0), 500.0) * 1073741824.0).to(tl.int64)
        tl.atomic_max(picture + y * width + x, (depth << 24) | (16777215 - t), mask=inside, sem="relaxed")
    else:
        tl.atomic_max(picture + y * width + x, value, mask=inside, sem="relaxed")
