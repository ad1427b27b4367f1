"""Light: a sun or lamp with a shadow map, a second lamp, and a sky of nine directions that corners shut out."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.utils.arrays import Floats, Generator

SKY_DIRECTIONS: Final = 9
"""Directions that the sky's light comes from."""


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
    """Return a vector of length 1."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def spread_directions(count: int) -> NDArray[np.float64]:
    """Return (count, 3) unit vectors, evenly over a sphere: the golden spiral (Swinbank and Purser, 2006)."""
    k = np.arange(count) + 0.5
    height, turn = 1.0 - 2.0 * k / count, k * math.pi * (3.0 - math.sqrt(5.0))
    radius = np.sqrt(1.0 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], 1)


def plain_light() -> Light:
    """Return white light from all around and one weak lamp behind the camera, without shadows."""
    sky = spread_directions(SKY_DIRECTIONS).astype(np.float32)
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
    sky = (spread_directions(SKY_DIRECTIONS) @ turn).astype(np.float32)
    up = unit(np.array([rng.normal(0, 0.5), -1.0, rng.normal(0, 0.5)], np.float32))
    above, below = warm_or_cool(rng, 0.3), rng.uniform(0.15, 0.9) * warm_or_cool(rng, 0.35)
    blend = (0.5 + 0.5 * sky @ up)[:, None]
    sky_colour = (blend * above + (1 - blend) * below) * np.exp(rng.normal(0, 0.35, (SKY_DIRECTIONS, 1)))
    softness = float(np.exp(rng.uniform(np.log(0.008), np.log(0.02 if harsh else 0.12))))
    return Light(
        key, key_colour.astype(np.float32), softness, 1.0,
        second, second_colour.astype(np.float32), sky, ((1 - share) * sky_colour).astype(np.float32),
        float(np.exp(rng.uniform(np.log(6), np.log(70)))),
    )  # fmt: skip
