"""A z-buffer: which triangle every sample of a picture sees, and how far away.

Coordinates are corner-origin pixels: sample (row i, column j) of a raster lies at (j + 1/2, i + 1/2). Triangles
are counter-clockwise seen from outside; those that turn their back to the camera are not drawn.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled, inlined

NEAR: Final = 1e-3
_TOLERANCE: Final = 1e-7
WIDE: Final = 7
"""Columns from which it pays to work out which of them a row of a triangle covers."""

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


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


@inlined
def corner_weights(
    points: Floats, depth: Floats, a: int, b: int, c: int, x: float, y: float, q: float
) -> tuple[float, float]:
    """Give the perspective-correct weights of a triangle's second and third corner at a place.

    Args:
        points: (V, 2) projected vertices.
        depth: (V,) their depths.
        a: first corner.
        b: second corner.
        c: third corner.
        x: the place, in the points' unit.
        y: the place.
        q: 1 / depth of the triangle there.
    """
    ax, ay = float(points[a, 0]), float(points[a, 1])
    bx, by = points[b, 0] - ax, points[b, 1] - ay
    cx, cy = points[c, 0] - ax, points[c, 1] - ay
    x, y = x - ax, y - ay
    scale = 1.0 / ((bx * cy - cx * by) * q)
    return (x * cy - cx * y) * scale / depth[b], (bx * y - x * by) * scale / depth[c]


@inlined
def _span(
    ax: float, y: float, bx: float, by: float, cx: float, cy: float, scale: float, left: int, right: int
) -> tuple[int, int]:
    """Give the first and last column of a row that a triangle can cover, one too many at each end."""
    first, last = left, right
    at_b, at_c = -cx * y * scale, bx * y * scale
    slope_b, slope_c = cy * scale, -by * scale
    for k in range(3):
        value = (at_b, at_c, 1.0 - at_b - at_c)[k]
        slope = (slope_b, slope_c, -slope_b - slope_c)[k]
        if abs(slope) > 1e-9:
            edge = min(right + 2.0, max(left - 2.0, ax - 0.5 - value / slope))
            if slope > 0.0:
                first = max(first, math.ceil(edge) - 1)
            else:
                last = min(last, math.floor(edge) + 1)
    return first, last


@compiled
def _draw(points: Floats, depth: Floats, triangles: Integers, inverse_depth: Floats, seen: Integers) -> None:
    height, width = inverse_depth.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = float(points[a, 0]), float(points[a, 1])
        bx, by = points[b, 0] - ax, points[b, 1] - ay
        cx, cy = points[c, 0] - ax, points[c, 1] - ay
        area = bx * cy - cx * by
        if area >= 0.0 or depth[a] < NEAR or depth[b] < NEAR or depth[c] < NEAR:
            continue
        left = max(0, math.ceil(ax + min(0.0, min(bx, cx)) - 0.5))
        right = min(width - 1, math.floor(ax + max(0.0, max(bx, cx)) - 0.5))
        top = max(0, math.ceil(ay + min(0.0, min(by, cy)) - 0.5))
        bottom = min(height - 1, math.floor(ay + max(0.0, max(by, cy)) - 0.5))
        if left > right or top > bottom:
            continue
        scale = 1.0 / area
        qa, qb, qc = 1.0 / depth[a], 1.0 / depth[b], 1.0 / depth[c]
        for i in range(top, bottom + 1):
            y = i + 0.5 - ay
            first, last = left, right
            if right - left >= WIDE:
                first, last = _span(ax, y, bx, by, cx, cy, scale, left, right)
            for j in range(first, last + 1):
                x = j + 0.5 - ax
                wb, wc = (x * cy - cx * y) * scale, (bx * y - x * by) * scale
                if wb < -_TOLERANCE or wc < -_TOLERANCE or wb + wc > 1.0 + _TOLERANCE:
                    continue
                q = qa + wb * (qb - qa) + wc * (qc - qa)
                if q > inverse_depth[i, j]:
                    inverse_depth[i, j] = q
                    seen[i, j] = t


@compiled
def draw_depth(points: Floats, height: Floats, triangles: Integers, nearest: Floats) -> None:
    """Draw an orthographic map of the greatest height over every sample, into `nearest`.

    Args:
        points: (V, 2) float32 vertices (x, y) in samples.
        height: (V,) float32 vertex heights towards the eye.
        triangles: (F, 3) int32; those that turn their back to the eye are not drawn.
        nearest: (rows, columns) float32, lowered to a great negative number by the caller; raised where drawn.
    """
    rows, columns = nearest.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = float(points[a, 0]), float(points[a, 1])
        bx, by = points[b, 0] - ax, points[b, 1] - ay
        cx, cy = points[c, 0] - ax, points[c, 1] - ay
        area = bx * cy - cx * by
        if area >= 0.0:
            continue
        left = max(0, math.ceil(ax + min(0.0, min(bx, cx)) - 0.5))
        right = min(columns - 1, math.floor(ax + max(0.0, max(bx, cx)) - 0.5))
        top = max(0, math.ceil(ay + min(0.0, min(by, cy)) - 0.5))
        bottom = min(rows - 1, math.floor(ay + max(0.0, max(by, cy)) - 0.5))
        if left > right or top > bottom:
            continue
        scale = 1.0 / area
        for i in range(top, bottom + 1):
            y = i + 0.5 - ay
            first, last = left, right
            if right - left >= WIDE:
                first, last = _span(ax, y, bx, by, cx, cy, scale, left, right)
            for j in range(first, last + 1):
                x = j + 0.5 - ax
                wb, wc = (x * cy - cx * y) * scale, (bx * y - x * by) * scale
                if wb >= -_TOLERANCE and wc >= -_TOLERANCE and wb + wc <= 1.0 + _TOLERANCE:
                    h = height[a] + wb * (height[b] - height[a]) + wc * (height[c] - height[a])
                    nearest[i, j] = max(nearest[i, j], h)


@compiled
def vertex_normals(vertices: Floats, triangles: Integers) -> Floats:
    """Give the unit normals of a mesh: at each vertex the mean of its triangles', weighted by area.

    Args:
        vertices: (V, 3) float32.
        triangles: (F, 3) int32, counter-clockwise seen from outside.

    Returns:
        (V, 3) float32; 0 at a vertex without a triangle.

    Example:
        >>> corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
        >>> vertex_normals(corners, np.array([[0, 1, 2]], np.int32))[0]
        array([0., 0., 1.], dtype=float32)
    """
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = (
            vertices[b, 0] - vertices[a, 0],
            vertices[b, 1] - vertices[a, 1],
            vertices[b, 2] - vertices[a, 2],
        )
        vx, vy, vz = (
            vertices[c, 0] - vertices[a, 0],
            vertices[c, 1] - vertices[a, 1],
            vertices[c, 2] - vertices[a, 2],
        )
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            normals[k, 0] += x
            normals[k, 1] += y
            normals[k, 2] += z
    for k in range(normals.shape[0]):
        length = math.sqrt(normals[k, 0] ** 2 + normals[k, 1] ** 2 + normals[k, 2] ** 2)
        if length > 0.0:
            normals[k] /= length
    return normals


@compiled
def first_hits(
    targets: Floats, points: Floats, depth: Floats, triangles: Integers
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the nearest surface at single positions of the picture, exactly: a raster of a few scattered samples.

    Args:
        targets: (N, 2) float32 positions (x, y) in pixels.
        points: (V, 2) float32 projected vertices in the same pixels.
        depth: (V,) float32.
        triangles: (F, 3) int32; back faces are not hit.

    Returns:
        (N,) depth of the first surface (infinite where there is none) and (N,) its triangle (-1 where none).
    """
    best = np.zeros(targets.shape[0], np.float64)
    hit = np.full(targets.shape[0], -1, np.int64)
    west, east = targets[:, 0].min(), targets[:, 0].max()
    north, south = targets[:, 1].min(), targets[:, 1].max()
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = float(points[a, 0]), float(points[a, 1])
        bx, by = points[b, 0] - ax, points[b, 1] - ay
        cx, cy = points[c, 0] - ax, points[c, 1] - ay
        area = bx * cy - cx * by
        if area >= 0.0 or depth[a] < NEAR or depth[b] < NEAR or depth[c] < NEAR:
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
            if wb < -_TOLERANCE or wc < -_TOLERANCE or wb + wc > 1.0 + _TOLERANCE:
                continue
            q = (1.0 - wb - wc) / depth[a] + wb / depth[b] + wc / depth[c]
            if q > best[n]:
                best[n], hit[n] = q, t
    return 1.0 / best, hit
