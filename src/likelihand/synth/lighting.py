"""Light: a sun or lamp with a shadow map, a second lamp, and a sky of nine directions that corners shut out."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled
from likelihand.synth.raster import draw_depth

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]
Generator = np.random.Generator

DIRECTIONS: Final = 9
SKY_MAP: Final = 64
SKY_BIAS: Final = 2.0
"""Half cells of a sky map by which something may be higher before it begins to hide the sky."""
SHADOW_MAP: Final = 144
FAR: Final = -1e9


class Light(NamedTuple):
    """The lamps of a picture, in the camera's frame (x right, y down, z forward); directions point to the lamp.

    Attributes:
        key: (3,) unit direction of the lamp that casts a sharp shadow.
        key_colour: (3,) linear RGB.
        softness: width of the shadow's edge in palm lengths.
        shadows: 1 where the lamp casts a shadow, else 0.
        second: (3,) unit direction of the other lamp.
        second_colour: (3,) linear RGB.
        sky: (9, 3) unit directions.
        sky_colour: (9, 3) linear RGB from each.
        shininess: exponent of the highlight (Blinn, 1977).
    """

    key: Floats
    key_colour: Floats
    softness: float
    shadows: float
    second: Floats
    second_colour: Floats
    sky: Floats
    sky_colour: Floats
    shininess: float


def warm_or_cool(rng: Generator, spread: float) -> Floats:
    """Draw a lamp's colour around white: warmer or cooler, a little greener or pinker."""
    t, g = rng.normal(0, spread), rng.normal(0, 0.25 * spread)
    return np.array([math.exp(0.35 * t), math.exp(0.05 * t + 0.12 * g), math.exp(-0.42 * t)], np.float32)


def unit(vector: Floats) -> Floats:
    """Give a vector of length 1."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def spread_directions(count: int) -> NDArray[np.float64]:
    """Give (count, 3) unit vectors spread evenly over a sphere: the golden spiral (Swinbank and Purser, 2006)."""
    k = np.arange(count) + 0.5
    height, turn = 1.0 - 2.0 * k / count, k * math.pi * (3.0 - math.sqrt(5.0))
    radius = np.sqrt(1.0 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], 1)


def plain_light() -> Light:
    """Give white light from all around and one weak lamp behind the camera, without shadows."""
    sky = spread_directions(DIRECTIONS).astype(np.float32)
    ahead, white = np.array([0, 0, -1], np.float32), np.ones(3, np.float32)
    return Light(ahead, 0.25 * white, 0.05, 0.0, ahead, 0.0 * white, sky, 0.8 * np.ones_like(sky), 20.0)


def sample_light(rng: Generator) -> Light:
    """Draw the light of a picture: mostly from above and in front, sometimes from the side or behind, or harsh."""
    key = unit(np.array([rng.normal(), rng.normal(-0.7, 0.8), -rng.uniform(-0.35, 1.5)], np.float32))
    harsh = rng.random() < 0.15
    share = rng.uniform(0.8, 0.97) if harsh else rng.uniform(0.05, 0.9) ** 1.2
    key_colour = 2.2 * share * warm_or_cool(rng, 0.42)
    second = unit(rng.normal(size=3).astype(np.float32))
    second_colour = (rng.random() < 0.45) * rng.uniform(0.1, 0.9) * warm_or_cool(rng, 0.6)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    sky = (spread_directions(DIRECTIONS) @ turn).astype(np.float32)
    up = unit(np.array([rng.normal(0, 0.5), -1.0, rng.normal(0, 0.5)], np.float32))
    above, below = warm_or_cool(rng, 0.3), rng.uniform(0.15, 0.9) * warm_or_cool(rng, 0.35)
    blend = (0.5 + 0.5 * sky @ up)[:, None]
    sky_colour = (blend * above + (1 - blend) * below) * np.exp(rng.normal(0, 0.35, (DIRECTIONS, 1)))
    softness = float(np.exp(rng.uniform(np.log(0.008), np.log(0.02 if harsh else 0.12))))
    return Light(
        key, key_colour.astype(np.float32), softness, 1.0,
        second, second_colour.astype(np.float32), sky, ((1 - share) * sky_colour).astype(np.float32),
        float(np.exp(rng.uniform(np.log(6), np.log(70)))),
    )  # fmt: skip


@compiled
def frames_of(directions: Floats) -> Floats:
    """Give (N, 3, 3): rows x, y, direction of a right-handed frame that looks along each unit direction."""
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
    nearest = np.full((size, size), FAR, np.float32)
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
    """Gather the sky's light at every vertex: what each direction sends where nothing stands in between.

    Returns:
        (V, 4) float32: linear RGB, and the share of the sky that is open, 0..1.
    """
    gathered = np.zeros((vertices.shape[0], 4), np.float32)
    count, size = frames.shape[0], SKY_MAP
    bias = SKY_BIAS * radius / size
    for k in range(count):
        frame = frames[k]
        places, heights = map_points(vertices, frame, centre, radius, size)
        nearest = np.full((size, size), FAR, np.float32)
        draw_depth(places, heights, triangles, nearest)
        for v in range(vertices.shape[0]):
            facing = normals[v, 0] * frame[2, 0] + normals[v, 1] * frame[2, 1] + normals[v, 2] * frame[2, 2]
            if facing <= -0.2:
                continue
            i = min(size - 1, max(0, math.floor(places[v, 1])))
            j = min(size - 1, max(0, math.floor(places[v, 0])))
            hidden = min(1.0, max(0.0, (nearest[i, j] - heights[v]) / bias - 1.0))
            amount = (facing + 0.2) / 1.2 * (1.0 - 0.9 * hidden) * 4.0 / count
            gathered[v, 0] += amount * colours[k, 0]
            gathered[v, 1] += amount * colours[k, 1]
            gathered[v, 2] += amount * colours[k, 2]
            gathered[v, 3] += amount
    return gathered
