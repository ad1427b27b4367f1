"""Shaded meshes on pictures, painted from the farthest triangle to the nearest: NumPy and Pillow alone."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as Pillow, ImageDraw

from likelihand.geometry import FloatArray, Image

SKIN: Final = (224, 172, 148)
_LIGHT: Final = np.array([-0.4, -0.6, -0.7]) / np.linalg.norm([-0.4, -0.6, -0.7])
"""Where light comes from: above, to the left and behind the camera."""
_SHADE: Final = 0.35
"""Brightness of what no light reaches."""
_FINE: Final = 3
"""Pixels are painted so many times as fine, and averaged: edges are smooth."""


def draw_mesh(
    image: Image,
    vertices: ArrayLike,
    triangles: NDArray[np.int64],
    colour: tuple[int, int, int] = SKIN,
    opacity: float = 0.85,
) -> Image:
    """Paint a shaded mesh on a picture.

    Args:
        image: (height, width, 3) uint8 RGB; stays as it is.
        vertices: (V, 3) x and y in pixels, corner origin, and the depth away from the camera, in pixels too.
        triangles: (F, 3) counter-clockwise seen from outside.
        colour: RGB in full light.
        opacity: 0 to 1.

    Returns:
        (height, width, 3) uint8 RGB.

    Example:
        >>> corners = np.array([[2.0, 2, 0], [2, 28, 0], [28, 2, 0]])
        >>> seen = draw_mesh(np.zeros((30, 30, 3), np.uint8), corners, np.array([[0, 1, 2]]))
        >>> bool(seen[8, 8, 0] > 100), int(seen[25, 25, 0])
        (True, 0)
    """
    corners = np.asarray(vertices, np.float64)
    height, width = image.shape[:2]
    low = np.clip(np.floor(corners[:, :2].min(0)).astype(int), 0, [width, height])
    high = np.clip(np.ceil(corners[:, :2].max(0)).astype(int), 0, [width, height])
    out = image.copy()
    if not (high > low).all():
        return out
    layer = _painted(corners - [*low, 0.0], triangles, colour, (int(high[0] - low[0]), int(high[1] - low[1])))
    part = out[low[1] : high[1], low[0] : high[0]]
    share = opacity * layer[..., 3:] / 255.0
    # the layer's colours are black where nothing is painted, so they are already multiplied by its coverage
    part[:] = np.clip(np.rint(part * (1 - share) + opacity * layer[..., :3]), 0, 255).astype(np.uint8)
    return out


def _painted(
    corners: FloatArray, triangles: NDArray[np.int64], colour: tuple[int, int, int], size: tuple[int, int]
) -> FloatArray:
    """Return the layer (height, width, 4) of a mesh, its colours multiplied by its coverage."""
    faces = corners[triangles]
    shade = (_normals(corners, triangles)[triangles].mean(1) @ _LIGHT).clip(0.0)
    colours = np.rint(np.array(colour) * (_SHADE + (1 - _SHADE) * shade[:, None])).clip(0, 255).astype(int)
    facing = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])[:, 2] < 0
    layer = Pillow.new("RGBA", (size[0] * _FINE, size[1] * _FINE))
    brush = ImageDraw.Draw(layer)
    for number in np.argsort(-faces[..., 2].mean(1), kind="stable"):
        if facing[number]:
            outline = [tuple(point) for point in (_FINE * faces[number, :, :2] - 0.5).tolist()]
            brush.polygon(outline, (*colours[number].tolist(), 255))
    fine = np.asarray(layer, np.float64).reshape(size[1], _FINE, size[0], _FINE, 4)
    return np.asarray(fine.mean((1, 3)))


def _normals(corners: FloatArray, triangles: NDArray[np.int64]) -> FloatArray:
    """Return unit normals (V, 3), the mean of the triangles about each vertex by their areas."""
    a, b, c = np.moveaxis(corners[triangles], 1, 0)
    total = np.zeros_like(corners)
    np.add.at(total, triangles, np.cross(b - a, c - a)[:, None])
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20))
