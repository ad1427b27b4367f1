"""The skin of a hand: dual-quaternion skinning (Kavan et al. 2007), normals, and where skin runs into skin."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled
from likelihand.synth.hand.asset import HandAsset
from likelihand.utils.arrays import Floats, Integers


@compiled
def vertex_normals(vertices: Floats, triangles: Integers) -> Floats:
    """Return the unit normals (V, 3) of a mesh: at each vertex the mean of its triangles', weighted by area.

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
        length = sqrt(normals[k, 0] ** 2 + normals[k, 1] ** 2 + normals[k, 2] ** 2)
        if length > 0.0:
            normals[k] /= length
    return normals


@compiled
def _duals(rotations: NDArray[np.float64], translations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (B, 8) unit dual quaternions: the turn, then half of translation times turn; of one hemisphere."""
    duals = np.empty((len(rotations), 8))
    for bone in range(len(rotations)):
        w, x, y, z = rotations[bone]
        if w * rotations[0, 0] + x * rotations[0, 1] + y * rotations[0, 2] + z * rotations[0, 3] < 0:
            w, x, y, z = -w, -x, -y, -z
        a, b, c = translations[bone]
        duals[bone, 0], duals[bone, 1], duals[bone, 2], duals[bone, 3] = w, x, y, z
        duals[bone, 4] = -0.5 * (a * x + b * y + c * z)
        duals[bone, 5] = 0.5 * (a * w + b * z - c * y)
        duals[bone, 6] = 0.5 * (-a * z + b * w + c * x)
        duals[bone, 7] = 0.5 * (a * y - b * x + c * w)
    return duals


@compiled
def skin(
    vertices: NDArray[np.float32],
    weight_bones: NDArray[np.uint8],
    weight_shares: NDArray[np.float32],
    rotations: NDArray[np.float64],
    translations: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return the vertices (V, 3) moved by the blend of their bones' motions.

    `rotations` (B, 4) are unit quaternions (w, x, y, z), `translations` (B, 3); bone b moves x to R_b x + t_b.
    """
    duals = _duals(rotations, translations)
    moved = np.empty_like(vertices)
    q = np.empty(8)
    for v in range(len(vertices)):
        q[:] = 0.0
        for k in range(weight_bones.shape[1]):
            share = weight_shares[v, k]
            if share > 0:
                bone = weight_bones[v, k]
                for i in range(8):
                    q[i] += share * duals[bone, i]
        scale = 1.0 / sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
        w, x, y, z = q[0] * scale, q[1] * scale, q[2] * scale, q[3] * scale
        dw, dx, dy, dz = q[4] * scale, q[5] * scale, q[6] * scale, q[7] * scale
        px, py, pz = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        tx, ty, tz = 2 * (y * pz - z * py), 2 * (z * px - x * pz), 2 * (x * py - y * px)
        moved[v, 0] = px + w * tx + y * tz - z * ty + 2 * (w * dx - dw * x + y * dz - z * dy)
        moved[v, 1] = py + w * ty + z * tx - x * tz + 2 * (w * dy - dw * y + z * dx - x * dz)
        moved[v, 2] = pz + w * tz + x * ty - y * tx + 2 * (w * dz - dw * z + x * dy - y * dx)
    return moved


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
    """
    normals = vertex_normals(vertices, asset.triangles)
    return _crossings(vertices, normals, asset.part, asset.finger, asset.along)
