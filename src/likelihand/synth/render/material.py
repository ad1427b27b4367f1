"""The columns of a material: one row of numbers says what a hand or a thing is made of."""

from typing import Final

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
"""Skin: CIELAB lightness, redness and yellowness of the back of the hand; age 0..1; SHIFT, where in the noise it
is; strengths of what is painted over it: palm, knuckles, tips, folds, palm lines, veins, hair, freckles;
nail polish and its colour. Dress: palm lengths down the arm where a sleeve starts, a watch sits and a glove ends;
cloth in two colours (linear RGB) and its pattern; the finger with a ring, 1 thumb to 5 little, and its metal.
LINE: how far the palm's lines are from their usual place, palm lengths. GLOSS: of the highlight."""
COLUMNS: Final = 44
HAND, THING = 0.0, 1.0
"""Values of KIND."""
NEVER: Final = 99.0
"""Where a sleeve starts or a watch sits that is not there; anything above 50 is out of reach."""
OUT_OF_REACH: Final = 50.0
