"""Make the pictures at the top of README and documentation.

    python -m experiments.pictures

`docs/images/hands.jpg`: ten rendered hands that no model was trained on, the first of their seed, with what the
bundled model finds and its 68 % regions. `docs/images/film.webp`: the package's film (`likelihand.data.samples`),
its hands followed.
"""

from pathlib import Path
from typing import Final

import numpy as np
import PIL.Image

import likelihand as lh
from likelihand.data import Synthetic
from likelihand.data.samples import FILM
from likelihand.geometry import Image
from likelihand.inference import FILMS
from likelihand.tracking import draw_tracks
from likelihand.utils.images import encode_image
from likelihand.visualization.drawing import contact_sheet

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
HANDS: Final = 10
SEED: Final = 12
SIZE: Final = 288
JPEG_QUALITY: Final = 85
EVERY: Final = 4
"""Of the film's frames one in so many is shown."""
WIDTH: Final = 400
WEBP_QUALITY: Final = 45


def hands() -> Image:
    """Draw ten hands, each taken for the only one of its picture, as the box of its label says."""
    predict, pictures = lh.load(calibration="rendered"), []
    for record in map(Synthetic(HANDS, seed=SEED, size=SIZE).record, range(HANDS)):
        pictures.append(lh.draw(record.read(), predict(record.read(), boxes=[record.box]), labels=False).image)
    return contact_sheet(pictures, columns=5, cell=SIZE)


def film() -> list[PIL.Image.Image]:
    """Draw the film's hands, one frame in `EVERY`."""
    frames = []
    for frame in lh.track(FILM, lh.load(**FILMS, calibration="rendered")):
        if frame.index % EVERY == 0:
            picture = PIL.Image.fromarray(np.asarray(draw_tracks(frame.image, frame.hands)))
            frames.append(
                picture.resize(
                    (WIDTH, round(WIDTH * picture.height / picture.width)), PIL.Image.Resampling.LANCZOS
                )
            )
    return frames


def main() -> None:
    """Write both."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / "hands.jpg").write_bytes(encode_image(hands(), JPEG_QUALITY))
    first, *rest = film()
    milliseconds = round(1000 * EVERY / 30)
    first.save(
        IMAGES / "film.webp",
        save_all=True,
        append_images=rest,
        duration=milliseconds,
        loop=0,
        quality=WEBP_QUALITY,
        method=6,
    )
    print({file.name: file.stat().st_size for file in sorted(IMAGES.iterdir())})


if __name__ == "__main__":
    main()
