"""Render the pictures and the film that the package carries (`likelihand.data.samples`).

    python -m experiments.samples

Nothing is chosen: the pictures are the first of their seed, which no model was trained on. `hand-*` show one
upright hand in plain view, `scene-*` all that the renderer can do: things held, odd views, blur, bad light. The
film shows two hands that pass each other twice in four seconds.
"""

import argparse
import json
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from experiments import video_clips
from likelihand.data.formats.coco import image_entry, write_document
from likelihand.data.rendered import annotation_of
from likelihand.data.samples import FILM, LABELS, PICTURES
from likelihand.geometry import Image
from likelihand.synth.options import SynthOptions
from likelihand.synth.picture import Picture, render_picture, render_scene
from likelihand.tracking import VideoWriter
from likelihand.utils.files import write_atomically
from likelihand.utils.images import encode_image

SEED: Final = 20261127
HANDS: Final = 6
SCENES: Final = 4
HAND_SIZE: Final = 320
PLAIN: Final = SynthOptions(objects=False, second_hand=False, effects=False, viewpoints="upright")
SCENE_SIZE: Final = (432, 576)
JPEG_QUALITY: Final = 88
FILM_SEED: Final = 12
FILM_SECONDS: Final = 4.0
FILM_QUALITY: Final = 24
SHRINK: Final = 2
"""The film is rendered so many times larger than it is kept, which smooths its edges."""


def rendered() -> dict[str, Picture]:
    """Render the pictures: hands that fill theirs, and whole scenes."""
    hands = {f"hand-{i:02}.jpg": render_picture(SEED, i, HAND_SIZE, PLAIN) for i in range(HANDS)}
    return hands | {f"scene-{i:02}.jpg": render_scene(SEED, i, SCENE_SIZE) for i in range(SCENES)}


def write_pictures(pictures: dict[str, Picture]) -> None:
    """Write the pictures and their labels."""
    images, annotations = [], list[dict[str, Any]]()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for number, (name, picture) in enumerate(pictures.items()):
        write_atomically(PICTURES / name, encode_image(picture.image, JPEG_QUALITY))
        images.append(image_entry(number, name, picture.image.shape[:2]))
        for hand in picture.hands:
            annotation = annotation_of(hand, number, len(annotations))
            annotations.append({k: v for k, v in annotation.items() if k not in {"joints", "occlusion"}})
    write_document(LABELS, images, annotations)


def write_film() -> None:
    """Write the film, frame by frame."""
    stage = video_clips.Stage(video_clips.cast(FILM_SEED)["crossing"], FILM_SEED, FILM_SECONDS)
    with VideoWriter(FILM, quality=FILM_QUALITY) as film:
        for i in range(round(FILM_SECONDS * video_clips.RATE)):
            seconds = float(Fraction(i) / Fraction(video_clips.RATE))
            film.write(shrunk(stage.frame(seconds)[0]), seconds)


def shrunk(image: Image) -> Image:
    """Average blocks of SHRINK x SHRINK pixels."""
    height, width = (n // SHRINK for n in image.shape[:2])
    blocks = image[: height * SHRINK, : width * SHRINK].reshape(height, SHRINK, width, SHRINK, 3)
    return np.asarray(np.round(blocks.mean((1, 3))), np.uint8)


def main() -> None:
    """Render and write everything."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    write_pictures(rendered())
    write_film()
    files = sorted(Path(LABELS.parent).rglob("*.*"))
    print(json.dumps({file.name: file.stat().st_size for file in files if file.suffix != ".py"}, indent=1))


if __name__ == "__main__":
    main()
