"""What hands and things are made of: one row of numbers a body, drawn within what people are and wear."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

(
    KIND,
    LIGHTNESS,
    RED,
    YELLOW,
    AGE,
    SHIFT_X,
    SHIFT_Y,
    SHIFT_Z,
    PALM_CONTRAST,
    KNUCKLE_RED,
    KNUCKLE_DARK,
    TIP_RED,
    FOLD,
    PALM_LINE,
    VEIN,
    HAIR,
    FRECKLE,
    POLISH,
    POLISH_R,
    POLISH_G,
    POLISH_B,
    SLEEVE_START,
    CLOTH_R,
    CLOTH_G,
    CLOTH_B,
    CLOTH2_R,
    CLOTH2_G,
    CLOTH2_B,
    PATTERN,
    PATTERN_SCALE,
    RING_FINGER,
    METAL_R,
    METAL_G,
    METAL_B,
    WATCH_AT,
    WATCH_R,
    WATCH_G,
    WATCH_B,
    GLOVE_END,
    LINE_1,
    LINE_2,
    LINE_3,
    LINE_4,
    GLOSS,
) = range(44)
COLUMNS: Final = 44
HAND, THING = 0.0, 1.0
NEVER: Final = 99.0

Row = NDArray[np.float32]
Generator = np.random.Generator


def skin_tone(rng: Generator, varied: bool = True) -> tuple[float, float, float]:
    """Draw the colour of the back of a hand in CIELAB (D65), over the full human range.

    Lightness 24 to 76; redness and yellowness follow lightness as in published surveys of skin colour
    (Xiao et al., "Characterising the variations in ethnic skin colours", Skin Research and Technology, 2017).

    Example:
        >>> 24 <= skin_tone(np.random.default_rng(0))[0] <= 76
        True
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
    """Draw a hand: skin, age, nails, hair, sleeve, ring, watch, glove.

    Args:
        rng: the source of chance.
        varied: without, every hand has one skin tone, no sleeve and no jewellery.

    Returns:
        (44,) float32, a row of materials.
    """
    row = np.zeros(COLUMNS, np.float32)
    row[LIGHTNESS], row[RED], row[YELLOW] = skin_tone(rng, varied)
    row[AGE] = rng.random() ** 1.6
    row[SHIFT_X : SHIFT_Z + 1] = rng.uniform(0, 10, 3)
    row[PALM_CONTRAST] = rng.uniform(0.55, 1.0)
    row[KNUCKLE_RED], row[KNUCKLE_DARK] = rng.uniform(0.3, 5.0), rng.uniform(0.0, 5.5)
    row[TIP_RED] = rng.uniform(0.0, 5.0)
    row[FOLD], row[PALM_LINE] = rng.uniform(0.25, 1.2), rng.uniform(0.2, 1.1)
    row[VEIN] = rng.random() ** 2
    row[HAIR] = max(0.0, rng.normal(-0.1, 0.5))
    row[FRECKLE] = rng.random() ** 4
    row[LINE_1 : LINE_4 + 1] = rng.normal(0, 0.02, 4)
    row[GLOSS] = np.exp(rng.normal(-0.15, 0.55))
    row[SLEEVE_START] = row[RING_FINGER] = row[WATCH_AT] = row[GLOVE_END] = NEVER
    if varied:
        _dress(row, rng)
    return row


def _dress(row: Row, rng: Generator) -> None:
    """Put on a sleeve, polish, a ring, a watch, a glove: each sometimes."""
    if rng.random() < 0.55:
        row[SLEEVE_START] = rng.uniform(0.0, 0.9)
    row[CLOTH_R : CLOTH_B + 1], row[CLOTH2_R : CLOTH2_B + 1] = dull_colour(rng), dull_colour(rng)
    row[PATTERN], row[PATTERN_SCALE] = rng.choice(5, p=[0.5, 0.16, 0.12, 0.12, 0.10]), rng.uniform(12, 90)
    if rng.random() < 0.12:
        row[POLISH] = 1.0
        row[POLISH_R : POLISH_B + 1] = rng.random(3) ** 1.5
    if rng.random() < 0.14:
        row[RING_FINGER] = rng.integers(1, 6)
        row[METAL_R : METAL_B + 1] = rng.uniform(0.3, 0.85) * np.array([1.0, 0.84, 0.6]) ** rng.random()
    if rng.random() < 0.12:
        row[WATCH_AT] = rng.uniform(0.12, 0.4)
        row[WATCH_R : WATCH_B + 1] = rng.random(3) ** 2 * 0.7 + 0.02
    if rng.random() < 0.04:
        row[GLOVE_END] = rng.uniform(-0.05, 0.35)
        row[CLOTH_R : CLOTH_B + 1] = dull_colour(rng, 1.4)


def thing_material(rng: Generator) -> Row:
    """Draw a thing: two colours in a pattern, dull to glossy."""
    row = np.zeros(COLUMNS, np.float32)
    row[KIND] = THING
    row[SHIFT_X : SHIFT_Z + 1] = rng.uniform(0, 10, 3)
    row[CLOTH_R : CLOTH_B + 1] = dull_colour(rng, 1.3)
    row[CLOTH2_R : CLOTH2_B + 1] = dull_colour(rng, 1.3)
    row[PATTERN], row[PATTERN_SCALE] = rng.choice(5, p=[0.55, 0.15, 0.1, 0.1, 0.1]), rng.uniform(4, 30)
    row[GLOSS] = rng.uniform(0.2, 4.0)
    return row
