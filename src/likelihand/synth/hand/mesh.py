"""Triangle meshes."""

import math

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


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
        length = math.sqrt(normals[k, 0] ** 2 + normals[k, 1] ** 2 + normals[k, 2] ** 2)
        if length > 0.0:
            normals[k] /= length
    return normals
