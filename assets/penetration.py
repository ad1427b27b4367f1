"""Measure on the skin itself how deep fingers are inside each other: slow and exact, for tests."""

from __future__ import annotations

from math import atan2, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled, inlined
from likelihand.synth.hand.asset import Floats, HandAsset
from likelihand.synth.hand.hand_sampler import PosedHand


@compiled
def _winding(point: Floats, corners: Floats) -> float:
    """Return how often the triangles (n, 3, 3) wind around the point: 1 inside a closed mesh, 0 outside."""
    total = 0.0
    for t in range(len(corners)):
        ax, ay, az = corners[t, 0] - point
        bx, by, bz = corners[t, 1] - point
        cx, cy, cz = corners[t, 2] - point
        a, b, c = (
            sqrt(ax * ax + ay * ay + az * az),
            sqrt(bx * bx + by * by + bz * bz),
            sqrt(cx * cx + cy * cy + cz * cz),
        )
        volume = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
        ab, bc, ca = ax * bx + ay * by + az * bz, bx * cx + by * cy + bz * cz, cx * ax + cy * ay + cz * az
        total += 2.0 * atan2(volume, a * b * c + ab * c + bc * a + ca * b)
    return total / (4.0 * pi)


@inlined
def _dot(a: Floats, b: Floats) -> float:
    """Return the scalar product of two vectors of 3; numba's own would need SciPy."""
    return float(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


@compiled
def _distance(point: Floats, corners: Floats) -> float:
    """Return the distance from the point to the nearest of the triangles (Ericson, 5.1.5)."""
    best = 1e9
    for t in range(len(corners)):
        a, b, c = corners[t, 0], corners[t, 1], corners[t, 2]
        ab, ac, ap = b - a, c - a, point - a
        d1, d2 = _dot(ab, ap), _dot(ac, ap)
        bp, cp = point - b, point - c
        d3, d4, d5, d6 = _dot(ab, bp), _dot(ac, bp), _dot(ab, cp), _dot(ac, cp)
        va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
        if d1 <= 0 and d2 <= 0:
            v, w = 0.0, 0.0
        elif d3 >= 0 and d4 <= d3:
            v, w = 1.0, 0.0
        elif d6 >= 0 and d5 <= d6:
            v, w = 0.0, 1.0
        elif vc <= 0 and d1 >= 0 and d3 <= 0:
            v, w = d1 / (d1 - d3), 0.0
        elif vb <= 0 and d2 >= 0 and d6 <= 0:
            v, w = 0.0, d2 / (d2 - d6)
        elif va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
            w = (d4 - d3) / (d4 - d3 + d5 - d6)
            v = 1.0 - w
        else:
            scale = 1.0 / (va + vb + vc)
            v, w = vb * scale, vc * scale
        away = ap - v * ab - w * ac
        best = min(best, _dot(away, away))
    return sqrt(best)


@compiled
def depth_inside(points: Floats, corners: Floats) -> float:
    """Return how deep in metres the deepest of the points (n, 3) is inside the triangles (m, 3, 3); 0 if none."""
    deepest = 0.0
    low, high = np.full(3, 1e9), np.full(3, -1e9)
    for t in range(len(corners)):
        for k in range(3):
            for i in range(3):
                low[i], high[i] = min(low[i], corners[t, k, i]), max(high[i], corners[t, k, i])
    for n in range(len(points)):
        p = points[n]
        if (p >= low).all() and (p <= high).all() and _winding(p, corners) > 0.5:
            deepest = max(deepest, _distance(p, corners))
    return deepest


def finger_depths(vertices: Floats, triangles: NDArray[np.int32], asset: HandAsset) -> NDArray[np.float64]:
    """Return (6, 6) how deep in metres skin of part j is inside part i: palm 0, thumb 1, ... little finger 5.

    Parts are those of `HandAsset.part`. Into the palm only the outer two phalanges of a finger count, and the
    thumb from the middle of its first.

    Args:
        vertices: (V, 3) metres, of a posed right or left hand.
        triangles: (F, 3) of the same hand.
        asset: the hand's anatomy.
    """
    of_triangle = asset.part[triangles]
    depths = np.zeros((6, 6))
    for i in range(6):
        corners = vertices[triangles[(of_triangle == i).all(1)]]
        for j in range(1, 6):
            if i != j:
                outer = (asset.finger == j) & (
                    asset.along > ((1.6 if j == 1 else 1.2) if i == 0 else 0.6 + 0.4 * (j == 1))
                )
                depths[i, j] = depth_inside(vertices[outer], corners)
    return depths


def skin_distance(hand: PosedHand, asset: HandAsset) -> float:
    """Return the least distance in metres from the thumb's outer phalanx to the skin of what `hand.contact` names.

    That is one finger's last phalanx for a pinch, any of the four fingers for a thumb at rest.
    """
    names = ("index", "middle", "ring", "little")
    touched = asset.part == names.index(hand.contact) + 2 if hand.contact in names else asset.part > 1
    touched &= asset.along > (2 if hand.contact in names else 0)
    thumb = (asset.finger == 1) & (asset.along > 2)
    corners = hand.vertices[hand.triangles[touched[hand.triangles].all(1)]]
    return min(_distance(point, corners) for point in hand.vertices[thumb])
