"""Rendered pictures, frozen: rewriting the renderer must leave the same picture for the same seed.

Where a change is meant, write them anew: `python tests/synth/test_golden_pictures.py`.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from likelihand.synth import SynthOptions, render_picture, render_scene

GOLDEN = Path(__file__).parents[1] / "golden" / "rendered.png"
SIDE = 64
COLUMNS = 6
FLIPPED = 1e-3
"""Share of values that the arithmetic of another processor may change, about two blocks of a JPEG; on the same
processor a rewrite changes none."""
VARIANTS = (
    SynthOptions(),
    SynthOptions(effects=False),
    SynthOptions(backgrounds=False),
    SynthOptions(light=False),
    SynthOptions(objects=False, second_hand=False),
    SynthOptions(skin=False, viewpoints="upright"),
)


def pictures() -> NDArray[np.uint8]:
    """Return a sheet: three rows of crops with all ingredients, a row of variants, a row of scenes."""
    crops = [render_picture(seed, index, SIDE) for seed in (0, 7, 2**31) for index in range(COLUMNS)]
    variants = [render_picture(3, index, SIDE, options) for index, options in enumerate(VARIANTS)]
    scenes = [render_scene(5, index, (SIDE, SIDE)) for index in range(COLUMNS)]
    tiles = np.stack([picture.image for picture in [*crops, *variants, *scenes]])
    rows = tiles.reshape(-1, COLUMNS, SIDE, SIDE, 3).swapaxes(1, 2)
    return np.ascontiguousarray(rows.reshape(-1, COLUMNS * SIDE, 3))


def test_the_same_seed_gives_the_same_picture() -> None:
    frozen = cv2.imread(str(GOLDEN), cv2.IMREAD_COLOR)[:, :, ::-1]
    changed = (pictures() != frozen).mean()
    assert changed <= FLIPPED, f"{changed:.2%} of the values changed; python {__file__} writes them anew"


if __name__ == "__main__":
    cv2.imwrite(str(GOLDEN), pictures()[:, :, ::-1])
