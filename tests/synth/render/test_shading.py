"""Light on surfaces."""

import numpy as np
import pytest

from likelihand.synth.render import material as m
from likelihand.synth.render.attributes import CORNER_COLUMNS, NORMAL, OPENNESS, POSITION, SKY, fragment_of
from likelihand.synth.render.light_maps import NOTHING
from likelihand.synth.render.shading import Lamps, ShadowMap, fragment_colour, lit_share, received
from likelihand.synth.render.texture import noise_volume

UP, RIGHT, AHEAD = (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def lamps(nearest: np.ndarray, key_colour: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Lamps:
    """A white lamp above, and nothing else."""
    shadow = ShadowMap(nearest, RIGHT, AHEAD, UP, (0.0, 0.0, 3.0), 1.0)
    return Lamps(UP, key_colour, (0.0, 0.0, -1.0), (0.0, 0.0, 0.0), 20.0, 0.05, shadow)


def dull(normal: tuple[float, float, float], sky: float = 0.0) -> tuple[float, float, float]:
    """The colour of a grey thing without grain or gloss."""
    row, at = np.zeros(m.COLUMNS, np.float32), np.zeros(CORNER_COLUMNS)
    row[m.KIND], row[m.CLOTH_R : m.CLOTH_B + 1] = m.THING, 0.5
    at[POSITION : POSITION + 3], at[NORMAL : NORMAL + 3] = (0.0, 0.0, 3.0), normal
    at[SKY : SKY + 3], at[OPENNESS] = sky, 1.0
    bare = np.zeros_like(noise_volume())
    return fragment_colour(row, fragment_of(at), lamps(np.full((8, 8), NOTHING, np.float32)), bare)


@pytest.mark.parametrize("degrees", [0, 30, 60, 80])
def test_a_matt_surface_follows_lamberts_law(degrees: float) -> None:
    normal = (float(np.sin(np.radians(degrees))), float(np.cos(np.radians(degrees))), 0.0)
    np.testing.assert_allclose(dull(normal), 0.5 * np.cos(np.radians(degrees)), atol=1e-6)


def test_what_turns_away_is_lit_by_the_sky_alone() -> None:
    np.testing.assert_allclose(dull((0.0, -1.0, 0.0), sky=0.2), 0.5 * 0.2, atol=1e-6)


def test_something_nearer_to_the_lamp_throws_a_shadow() -> None:
    open_, roofed = np.full((64, 64), NOTHING, np.float32), np.full((64, 64), 0.8, np.float32)
    place = (0.1, 0.0, 3.1)
    assert lit_share(lamps(open_).shadow, 0.05, place, 1.0) == 1.0
    assert lit_share(lamps(roofed).shadow, 0.05, place, 1.0) == 0.0
    half = roofed.copy()
    half[:, :35] = NOTHING
    assert 0.0 < lit_share(lamps(half).shadow, 0.05, place, 1.0) < 1.0


def test_red_light_soaks_furthest_into_the_shadow_of_skin() -> None:
    lamp = lamps(np.full((8, 8), NOTHING, np.float32))
    red, green, blue = (received(lamp, (0.0, 0.0, 0.0), c, -0.05, 1.0, 1.0, 0.0) for c in range(3))
    assert red > green > blue > 0.0
    assert received(lamp, (0.0, 0.0, 0.0), 0, -0.05, 1.0, 0.0, 0.0) == 0.0
