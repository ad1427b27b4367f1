"""Draw the materials of hands and things, over the range of skin and clothes that people have."""

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.render import material as m
from likelihand.utils.arrays import Generator

Row = NDArray[np.float32]


def skin_tone(rng: Generator, varied: bool = True) -> tuple[float, float, float]:
    """Draw the colour of the back of a hand in CIELAB (D65), over the full human range.

    Lightness 24 to 76; redness and yellowness follow lightness as in published surveys of skin colour
    (Xiao et al., "Characterising the variations in ethnic skin colours", Skin Research and Technology, 2017).
    """
    if not varied:
        return 62.0, 12.0, 16.0
    light = float(rng.uniform(46, 76) if rng.random() < 0.68 else rng.uniform(24, 52))
    red = (
        11.0 + 2.2 * np.exp(-(((light - 54) / 15) ** 2)) - 0.1 * max(0.0, light - 62) - 0.1 * max(0.0, 40 - light)
    )
    yellow = 17.5 - 0.2 * max(0.0, light - 60) - 0.38 * max(0.0, 44 - light)
    return (
        light,
        float(np.clip(red + rng.normal(0, 1.9), 4, 21)),
        float(np.clip(yellow + rng.normal(0, 2.4), 3, 26)),
    )


def dull_colour(rng: Generator, saturation: float = 1.0) -> Row:
    """Draw a linear RGB reflectance as cloth and things have it: mostly greyish, dark more often than light."""
    colour = rng.random(3) ** 1.8
    grey = colour.mean()
    return np.asarray(0.01 + 0.85 * (grey + (colour - grey) * saturation * rng.random() ** 0.7), np.float32)


def hand_material(rng: Generator, varied: bool = True) -> Row:
    """Draw a hand's row of materials (44,): skin, age, nails, hair, sleeve, ring, watch, glove.

    Without `varied` every hand has one skin tone, no sleeve and no jewellery.
    """
    row = np.zeros(m.COLUMNS, np.float32)
    row[m.LIGHTNESS], row[m.RED], row[m.YELLOW] = skin_tone(rng, varied)
    row[m.AGE] = rng.random() ** 1.6
    row[m.SHIFT_X : m.SHIFT_Z + 1] = rng.uniform(0, 10, 3)
    row[m.PALM_CONTRAST] = rng.uniform(0.55, 1.0)
    row[m.KNUCKLE_RED], row[m.KNUCKLE_DARK] = rng.uniform(0.3, 5.0), rng.uniform(0.0, 5.5)
    row[m.TIP_RED] = rng.uniform(0.0, 5.0)
    row[m.FOLD], row[m.PALM_LINE] = rng.uniform(0.25, 1.2), rng.uniform(0.2, 1.1)
    row[m.VEIN] = rng.random() ** 2
    row[m.HAIR] = max(0.0, rng.normal(-0.1, 0.5))
    row[m.FRECKLE] = rng.random() ** 4
    row[m.LINE_1 : m.LINE_4 + 1] = rng.normal(0, 0.02, 4)
    row[m.GLOSS] = np.exp(rng.normal(-0.15, 0.55))
    row[m.SLEEVE_START] = row[m.RING_FINGER] = row[m.WATCH_AT] = row[m.GLOVE_END] = m.NEVER
    if varied:
        _dress(row, rng)
    return row


def _dress(row: Row, rng: Generator) -> None:
    """Add a sleeve, polish, a ring, a watch, a glove: each sometimes."""
    if rng.random() < 0.55:
        row[m.SLEEVE_START] = rng.uniform(0.0, 0.9)
    row[m.CLOTH_R : m.CLOTH_B + 1], row[m.CLOTH2_R : m.CLOTH2_B + 1] = dull_colour(rng), dull_colour(rng)
    row[m.PATTERN], row[m.PATTERN_SCALE] = rng.choice(5, p=[0.5, 0.16, 0.12, 0.12, 0.10]), rng.uniform(12, 90)
    if rng.random() < 0.12:
        row[m.POLISH] = 1.0
        row[m.POLISH_R : m.POLISH_B + 1] = rng.random(3) ** 1.5
    if rng.random() < 0.14:
        row[m.RING_FINGER] = rng.integers(1, 6)
        row[m.METAL_R : m.METAL_B + 1] = rng.uniform(0.3, 0.85) * np.array([1.0, 0.84, 0.6]) ** rng.random()
    if rng.random() < 0.12:
        row[m.WATCH_AT] = rng.uniform(0.12, 0.4)
        row[m.WATCH_R : m.WATCH_B + 1] = rng.random(3) ** 2 * 0.7 + 0.02
    if rng.random() < 0.04:
        row[m.GLOVE_END] = rng.uniform(-0.05, 0.35)
        row[m.CLOTH_R : m.CLOTH_B + 1] = dull_colour(rng, 1.4)


def thing_material(rng: Generator) -> Row:
    """Draw a thing: two colours in a pattern, dull to glossy."""
    row = np.zeros(m.COLUMNS, np.float32)
    row[m.KIND] = m.THING
    row[m.SHIFT_X : m.SHIFT_Z + 1] = rng.uniform(0, 10, 3)
    row[m.CLOTH_R : m.CLOTH_B + 1] = dull_colour(rng, 1.3)
    row[m.CLOTH2_R : m.CLOTH2_B + 1] = dull_colour(rng, 1.3)
    row[m.PATTERN], row[m.PATTERN_SCALE] = rng.choice(5, p=[0.55, 0.15, 0.1, 0.1, 0.1]), rng.uniform(4, 30)
    row[m.GLOSS] = rng.uniform(0.2, 4.0)
    return row
