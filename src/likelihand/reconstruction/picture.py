"""Fitted hands as pictures: their skin on the photo, and turning."""

from collections.abc import Sequence

import numpy as np

from likelihand.geometry import Image
from likelihand.reconstruction.mesh import mesh_of, pictured
from likelihand.reconstruction.result import HandFit
from likelihand.visualization.mesh import draw_mesh


def draw_fits(image: Image, fits: Sequence[HandFit], opacity: float = 0.85) -> Image:
    """Paint the skin of fitted hands on a copy of their picture, the larger ones last: they are nearer."""
    out = image
    for fit in sorted(fits, key=lambda fit: fit.length):
        mesh = mesh_of(fit)
        depth = mesh.vertices[:, 2:] * fit.length
        out = draw_mesh(
            out, np.concatenate([pictured(fit, mesh.vertices), depth], 1), mesh.triangles, opacity=opacity
        )
    return out


def draw_turned(fit: HandFit, degrees: float, size: int = 256) -> Image:
    """Paint a fitted hand from afar, (size, size, 3), turned about the vertical through its middle, on white.

    At a turn above 0 the side that was to the right comes to the front.
    """
    mesh, angle = mesh_of(fit), np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    middle = (mesh.vertices.max(0) + mesh.vertices.min(0)) / 2
    seen = (mesh.vertices - middle) @ turn.T
    scale = 0.46 * size / np.linalg.norm(mesh.vertices - middle, axis=1).max()
    blank = np.full((size, size, 3), 255, np.uint8)
    return draw_mesh(blank, seen * scale + [size / 2, size / 2, 0.0], mesh.triangles, opacity=1.0)
