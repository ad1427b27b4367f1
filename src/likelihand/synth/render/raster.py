"""A z-buffer: which triangle every sample of a picture sees, and how far away.

Coordinates are corner-origin pixels: sample (row i, column j) of a raster lies at (j + 1/2, i + 1/2). Triangles
are counter-clockwise seen from outside; those that turn their back to the camera are not drawn.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled, inlined
from likelihand.utils.arrays import Floats, Integers

NEAREST_DEPTH: Final = 1e-3
"""Palm lengths from the lens; a triangle with a corner nearer than that is left out."""
_TOLERANCE: Final = 1e-7
"""Share of a triangle by which a sample may lie outside it: two neighbours leave no gap between them."""
WIDE: Final = 7
"""Columns from which it pays to work out which of them a row of a triangle covers."""


class Fragments(NamedTuple):
    """What every sample of a raster sees.

    Attributes:
        inverse_depth: (height, width) float32, 1 / depth; 0 where nothing is seen.
        triangle: (height, width) int32, row of `triangles`; -1 where nothing is seen.
        points: (V, 2) float32 projected vertices, and
        depth: (V,) float32 their depths, from which `corner_weights` tells where on its triangle a sample lies.
    """

    inverse_depth: Floats
    triangle: Integers
    points: Floats
    depth: Floats


def rasterise(points: Floats, depth: Floats, triangles: Integers, size: tuple[int, int]) -> Fragments:
    """Find what every sample of a raster sees.

    Args:
        points: (V, 2) float32 projected vertices (x, y) in samples, corner origin.
        depth: (V,) float32 along the optical axis; a triangle with a corner nearer than 0.001 is left out.
        triangles: (F, 3) int32.
        size: (height, width) of the raster.

    Returns:
        The fragments; of two surfaces at the same depth the triangle of lower number is kept.

    Example:
        >>> corners = np.array([[0, 0], [0, 4], [4, 0]], np.float32)
        >>> seen = rasterise(corners, np.ones(3, np.float32), np.array([[0, 1, 2]], np.int32), (4, 4))
        >>> (seen.triangle >= 0).sum()
        np.int64(10)
    """
    height, width = size
    inverse_depth = np.zeros((height, width), np.float32)
    triangle = np.full((height, width), -1, np.int32)
    _draw(points, depth, triangles, inverse_depth, triangle)
    return Fragments(inverse_depth, triangle, points, depth)


class Flat(NamedTuple):
    """A projected triangle: its first corner, the way from there to the other two, and twice its signed area."""

    ax: float
    ay: float
    bx: float
    by: float
    cx: float
    cy: float
    area: float


@inlined
def _flat(points: Floats, a: int, b: int, c: int) -> Flat:
    """Return the triangle of three projected vertices; its area is negative where it faces the camera."""
    ax, ay = float(points[a, 0]), float(points[a, 1])
    bx, by = points[b, 0] - ax, points[b, 1] - ay
    cx, cy = points[c, 0] - ax, points[c, 1] - ay
    return Flat(ax, ay, bx, by, cx, cy, bx * cy - cx * by)


@inlined
def _weights(flat: Flat, scale: float, x: float, y: float) -> tuple[float, float]:
    """Return the weights of the second and third corner at a place relative to the first; `scale` is 1 / area."""
    return (x * flat.cy - flat.cx * y) * scale, (flat.bx * y - x * flat.by) * scale


@inlined
def _inside(wb: float, wc: float) -> bool:
    return wb >= -_TOLERANCE and wc >= -_TOLERANCE and wb + wc <= 1.0 + _TOLERANCE


@inlined
def corner_weights(
    fragments: Fragments, corners: tuple[int, int, int], x: float, y: float, q: float
) -> tuple[float, float]:
    """Return the weights of a triangle's second and third corner at (x, y) in samples, where 1 / depth is `q`."""
    depth = fragments.depth
    flat = _flat(fragments.points, corners[0], corners[1], corners[2])
    x, y = x - flat.ax, y - flat.ay
    scale = 1.0 / (flat.area * q)
    return (
        (x * flat.cy - flat.cx * y) * scale / depth[corners[1]],
        (flat.bx * y - x * flat.by) * scale / depth[corners[2]],
    )


@inlined
def _box(flat: Flat, height: int, width: int) -> tuple[int, int, int, int]:
    """Return the first and last column and row of the samples that a triangle may cover."""
    left = max(0, math.ceil(flat.ax + min(0.0, min(flat.bx, flat.cx)) - 0.5))
    right = min(width - 1, math.floor(flat.ax + max(0.0, max(flat.bx, flat.cx)) - 0.5))
    top = max(0, math.ceil(flat.ay + min(0.0, min(flat.by, flat.cy)) - 0.5))
    bottom = min(height - 1, math.floor(flat.ay + max(0.0, max(flat.by, flat.cy)) - 0.5))
    return left, right, top, bottom


@inlined
def _span(flat: Flat, scale: float, y: float, left: int, right: int) -> tuple[int, int]:
    """Return the first and last column of a row that a triangle can cover, one too many at each end."""
    first, last = left, right
    if right - left < WIDE:
        return first, last
    at_b, at_c = -flat.cx * y * scale, flat.bx * y * scale
    slope_b, slope_c = flat.cy * scale, -flat.by * scale
    for k in range(3):
        value = (at_b, at_c, 1.0 - at_b - at_c)[k]
        slope = (slope_b, slope_c, -slope_b - slope_c)[k]
        if abs(slope) > 1e-9:
            edge = min(right + 2.0, max(left - 2.0, flat.ax - 0.5 - value / slope))
            if slope > 0.0:
                first = max(first, math.ceil(edge) - 1)
            else:
                last = min(last, math.floor(edge) + 1)
    return first, last


@compiled
def _draw(points: Floats, depth: Floats, triangles: Integers, inverse_depth: Floats, seen: Integers) -> None:
    """Write what every sample sees into `inverse_depth` and `seen`."""
    height, width = inverse_depth.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        flat = _flat(points, a, b, c)
        near = depth[a] < NEAREST_DEPTH or depth[b] < NEAREST_DEPTH or depth[c] < NEAREST_DEPTH
        if flat.area >= 0.0 or near:
            continue
        left, right, top, bottom = _box(flat, height, width)
        if left > right or top > bottom:
            continue
        scale = 1.0 / flat.area
        qa, qb, qc = 1.0 / depth[a], 1.0 / depth[b], 1.0 / depth[c]
        for i in range(top, bottom + 1):
            y = i + 0.5 - flat.ay
            first, last = _span(flat, scale, y, left, right)
            for j in range(first, last + 1):
                wb, wc = _weights(flat, scale, j + 0.5 - flat.ax, y)
                if not _inside(wb, wc):
                    continue
                q = qa + wb * (qb - qa) + wc * (qc - qa)
                if q > inverse_depth[i, j]:
                    inverse_depth[i, j] = q
                    seen[i, j] = t


@compiled
def draw_depth(points: Floats, height: Floats, triangles: Integers, nearest: Floats) -> None:
    """Draw the greatest height over every sample into `nearest` (rows, columns), which the caller has lowered.

    `points` (V, 2) are in samples, `height` (V,) counts towards the eye; triangles that face away are not drawn.
    """
    rows, columns = nearest.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        flat = _flat(points, a, b, c)
        if flat.area >= 0.0:
            continue
        left, right, top, bottom = _box(flat, rows, columns)
        if left > right or top > bottom:
            continue
        scale = 1.0 / flat.area
        for i in range(top, bottom + 1):
            y = i + 0.5 - flat.ay
            first, last = _span(flat, scale, y, left, right)
            for j in range(first, last + 1):
                wb, wc = _weights(flat, scale, j + 0.5 - flat.ax, y)
                if _inside(wb, wc):
                    h = height[a] + wb * (height[b] - height[a]) + wc * (height[c] - height[a])
                    nearest[i, j] = max(nearest[i, j], h)


@compiled
def first_hits(
    targets: Floats, points: Floats, depth: Floats, triangles: Integers
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the nearest surface at single positions (N, 2) of the picture, exactly.

    `points` (V, 2) in pixels and `depth` (V,) are the projected vertices; back faces are not hit. Returns the
    depth (N,) of the first surface, infinite where there is none, and its triangle (N,), -1 where none.
    """
    best = np.zeros(targets.shape[0], np.float64)
    hit = np.full(targets.shape[0], -1, np.int64)
    west, east = targets[:, 0].min(), targets[:, 0].max()
    north, south = targets[:, 1].min(), targets[:, 1].max()
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy, area = _flat(points, a, b, c)
        near = depth[a] < NEAREST_DEPTH or depth[b] < NEAREST_DEPTH or depth[c] < NEAREST_DEPTH
        if area >= 0.0 or near:
            continue
        left, right = min(0.0, min(bx, cx)), max(0.0, max(bx, cx))
        top, bottom = min(0.0, min(by, cy)), max(0.0, max(by, cy))
        if ax + right < west or ax + left > east or ay + bottom < north or ay + top > south:
            continue
        for n in range(targets.shape[0]):
            x, y = targets[n, 0] - ax, targets[n, 1] - ay
            if x < left or x > right or y < top or y > bottom:
                continue
            wb, wc = (x * cy - cx * y) / area, (bx * y - x * by) / area
            if not _inside(wb, wc):
                continue
            q = (1.0 - wb - wc) / depth[a] + wb / depth[b] + wc / depth[c]
            if q > best[n]:
                best[n], hit[n] = q, t
    return 1.0 / best, hit
