"""What lamps at infinity see: maps of the nearest surface, from which shadows and the open sky follow."""

import math
from typing import Final

import numpy as np

from likelihand.synth.compiled import compiled
from likelihand.synth.render.raster import draw_depth
from likelihand.utils.arrays import Floats, Integers

SKY_MAP: Final = 64
"""Side of the map of a direction of the sky in cells."""
SHADOW_MAP: Final = 144
"""Side of the map of the lamp with sharp shadows."""
SKY_BIAS: Final = 2.0
"""Half cells of a sky map by which something may be higher before it begins to hide the sky."""
SKY_WRAP: Final = 0.2
"""Cosine by which a surface may turn away from a part of the sky and still be lit: a part is wide, not a point."""
SKY_HIDDEN: Final = 0.9
"""Share of a direction's light that what stands in front takes; the rest is thrown back by what is around."""
NOTHING: Final = -1e9
"""Height in a map where nothing is seen."""


@compiled
def frames_of(directions: Floats) -> Floats:
    """Return (N, 3, 3): rows x, y, direction of a right-handed frame that looks along each unit direction."""
    frames = np.empty((len(directions), 3, 3), np.float32)
    for n in range(len(directions)):
        a, b, c = float(directions[n, 0]), float(directions[n, 1]), float(directions[n, 2])
        x, y, z = (0.0, -c, b) if abs(b) > 0.9 else (c, 0.0, -a)
        s = math.sqrt(x * x + y * y + z * z)
        x, y, z = x / s, y / s, z / s
        frames[n, 0, 0], frames[n, 0, 1], frames[n, 0, 2] = x, y, z
        frames[n, 1, 0], frames[n, 1, 1], frames[n, 1, 2] = b * z - c * y, c * x - a * z, a * y - b * x
        frames[n, 2, 0], frames[n, 2, 1], frames[n, 2, 2] = a, b, c
    return frames


@compiled
def map_points(vertices: Floats, frame: Floats, centre: Floats, radius: float, size: int) -> tuple[Floats, Floats]:
    """Project vertices along a direction: places in a size x size map that covers `radius` around, and heights."""
    places = np.empty((vertices.shape[0], 2), np.float32)
    heights = np.empty(vertices.shape[0], np.float32)
    scale = 0.5 * size / radius
    for v in range(vertices.shape[0]):
        x, y, z = vertices[v, 0] - centre[0], vertices[v, 1] - centre[1], vertices[v, 2] - centre[2]
        places[v, 0] = (frame[0, 0] * x + frame[0, 1] * y + frame[0, 2] * z) * scale + 0.5 * size
        places[v, 1] = 0.5 * size - (frame[1, 0] * x + frame[1, 1] * y + frame[1, 2] * z) * scale
        heights[v] = frame[2, 0] * x + frame[2, 1] * y + frame[2, 2] * z
    return places, heights


@compiled
def height_map(
    vertices: Floats, triangles: Integers, frame: Floats, centre: Floats, radius: float, size: int
) -> Floats:
    """Draw what a lamp at infinity sees: (size, size) greatest heights along the direction."""
    places, heights = map_points(vertices, frame, centre, radius, size)
    nearest = np.full((size, size), NOTHING, np.float32)
    draw_depth(places, heights, triangles, nearest)
    return nearest


@compiled
def sky_light(
    vertices: Floats,
    normals: Floats,
    triangles: Integers,
    frames: Floats,
    colours: Floats,
    centre: Floats,
    radius: float,
) -> Floats:
    """Return the sky's light at every vertex, (V, 4): linear RGB, and the share of the sky that is open, 0..1."""
    gathered = np.zeros((vertices.shape[0], 4), np.float32)
    count, size = frames.shape[0], SKY_MAP
    bias = SKY_BIAS * radius / size
    for k in range(count):
        frame = frames[k]
        places, heights = map_points(vertices, frame, centre, radius, size)
        nearest = np.full((size, size), NOTHING, np.float32)
        draw_depth(places, heights, triangles, nearest)
        for v in range(vertices.shape[0]):
            facing = normals[v, 0] * frame[2, 0] + normals[v, 1] * frame[2, 1] + normals[v, 2] * frame[2, 2]
            if facing <= -SKY_WRAP:
                continue
            i = min(size - 1, max(0, math.floor(places[v, 1])))
            j = min(size - 1, max(0, math.floor(places[v, 0])))
            hidden = min(1.0, max(0.0, (nearest[i, j] - heights[v]) / bias - 1.0))
            amount = (facing + SKY_WRAP) / (1.0 + SKY_WRAP) * (1.0 - SKY_HIDDEN * hidden) * 4.0 / count
            gathered[v, 0] += amount * colours[k, 0]
            gathered[v, 1] += amount * colours[k, 1]
            gathered[v, 2] += amount * colours[k, 2]
            gathered[v, 3] += amount
    return gathered
