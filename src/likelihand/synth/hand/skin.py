"""Let the skin follow the bones: dual-quaternion skinning (Kavan et al. 2007) keeps bent fingers full."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled


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
