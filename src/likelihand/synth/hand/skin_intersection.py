"""Find skin inside other skin by nearest vertices: quick enough for every hand, where capsules are too coarse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled
from likelihand.synth.hand.asset import Floats, HandAsset
from likelihand.synth.hand.mesh import vertex_normals

SEARCH_RADIUS = 0.012
"""Metres beyond which a nearest vertex says nothing about inside and outside."""
THUMB_MIDDLE, FINGER_MIDDLE = 1.0, 0.6
"""Way along thumb and finger from which skin may be inside another finger; before that, roots meet."""
THUMB_OUTER, FINGER_OUTER = 1.6, 1.2
"""The same for the palm: only the outer two phalanges are asked, the thumb from the middle of its first."""


@compiled
def _crossings(
    vertices: Floats, normals: Floats, part: NDArray[np.int8], finger: NDArray[np.uint8], along: Floats
) -> NDArray[np.float64]:
    depths = np.zeros((6, 6))
    low, high = np.full((6, 3), 1e9), np.full((6, 3), -1e9)
    members, counts = np.empty((6, len(vertices)), np.int64), np.zeros(6, np.int64)
    for v in range(len(vertices)):
        i = part[v]
        if i >= 0:
            members[i, counts[i]] = v
            counts[i] += 1
            for k in range(3):
                low[i, k], high[i, k] = min(low[i, k], vertices[v, k]), max(high[i, k], vertices[v, k])
    for v in range(len(vertices)):
        j = finger[v]
        if j == 0 or along[v] < (THUMB_MIDDLE if j == 1 else FINGER_MIDDLE):
            continue
        x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        for i in range(1 if along[v] < (THUMB_OUTER if j == 1 else FINGER_OUTER) else 0, 6):
            outside = (
                x < low[i, 0]
                or x > high[i, 0]
                or y < low[i, 1]
                or y > high[i, 1]
                or z < low[i, 2]
                or z > high[i, 2]
            )
            if i == j or outside:
                continue
            nearest, best = -1, SEARCH_RADIUS * SEARCH_RADIUS
            for m in range(counts[i]):
                u = members[i, m]
                dx, dy, dz = x - vertices[u, 0], y - vertices[u, 1], z - vertices[u, 2]
                distance = dx * dx + dy * dy + dz * dz
                if distance < best and finger[u] != j:
                    nearest, best = u, distance
            if nearest >= 0:
                depth = 0.0
                for k in range(3):
                    depth -= (vertices[v, k] - vertices[nearest, k]) * normals[nearest, k]
                depths[i, j] = max(depths[i, j], depth)
    return depths


def skin_crossings(vertices: Floats, asset: HandAsset) -> NDArray[np.float64]:
    """Return (6, 6) about how deep in metres skin of part j is behind the skin of part i of a right hand.

    Parts are those of `HandAsset.part`. Into the palm only the outer two phalanges of a finger count, and the
    thumb from the middle of its first.

    Example:
        >>> from likelihand.synth.hand.asset import load_asset
        >>> float(skin_crossings(load_asset().vertices, load_asset()).max())
        0.0
    """
    normals = vertex_normals(vertices, asset.triangles)
    return _crossings(vertices, normals, asset.part, asset.finger, asset.along)
