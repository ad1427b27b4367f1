"""Write rendered pictures with COCO keypoint JSON, and contact sheets."""

import json
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.formats.coco import hand_entry, image_entry, write_document
from likelihand.geometry import pixel_index_from_corner
from likelihand.hand import BONES, FINGER_COLOURS, FINGERS, WRIST_COLOUR
from likelihand.synth.options import SynthOptions
from likelihand.synth.picture import Picture, render_picture, render_scene
from likelihand.synth.scene.background import Photos
from likelihand.synth.scene.labels import HandLabel, Occlusion
from likelihand.utils import opencv as cv2
from likelihand.utils.files import begin_folder, write_atomically
from likelihand.utils.images import encode_image
from likelihand.utils.jobs import missing, pieces, run_jobs
from likelihand.utils.validation import as_list, as_mapping, read_json

_PIECE: Final = 250


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to render.

    Attributes:
        seed: whole number from 0.
        size: side of the pictures in pixels.
        scenes: whole pictures with none to four hands instead of crops of one.
        backgrounds: folder of photos without hands; generated clutter alone where None.
        options: the ingredients.
    """

    seed: int = 0
    size: int = 160
    scenes: bool = False
    backgrounds: str | None = None
    options: SynthOptions = field(default_factory=SynthOptions)

    def photos(self) -> Photos | None:
        """List the photos, where there are any."""
        return None if self.backgrounds is None else Photos(self.backgrounds)

    def render(self, index: int, photos: Photos | None) -> Picture:
        """Render picture `index`."""
        if self.scenes:
            return render_scene(self.seed, index, (self.size, self.size), self.options, photos)
        return render_picture(self.seed, index, self.size, self.options, photos)


def write_coco(count: int, out: str | Path, recipe: Recipe | None = None, *, processes: int = 1) -> Path:
    """Write rendered pictures and `annotations.json`; interrupted work is resumed.

    Args:
        count: how many pictures.
        out: the folder; pictures go to its `images`.
        recipe: what to render; the default recipe where None.
        processes: how many work at a time.

    Returns:
        The path of `annotations.json`: COCO keypoints (see `likelihand.formats.coco`) of the category "hand", with
        `handedness`, `occlusion` (codes of `Occlusion`), `joints` (metres) and each picture's `camera`.

    Raises:
        ValueError: `count` is under 1, or the folder was begun with other settings.
        FileNotFoundError: the backgrounds hold no photo.
    """
    if count < 1:
        raise ValueError(f"count {count} leaves nothing to render; give at least 1")
    recipe = recipe or Recipe()
    recipe.photos()
    folder = Path(out)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "parts").mkdir(exist_ok=True)
    begin_folder(folder / "parts" / "recipe.json", {"count": count, **asdict(recipe)})
    parts = pieces(count, _PIECE)
    names = [folder / "parts" / f"{number:05}.json" for number in range(len(parts))]
    left = missing(names)
    done = count - sum(len(parts[number]) for number in left)
    jobs = [(names[number], parts[number]) for number in left]
    run_jobs(partial(_write_part, folder, recipe), jobs, processes, done, count, "pictures")
    return _merge(folder, names)


def _write_part(folder: Path, recipe: Recipe, job: tuple[Path, range]) -> int:
    path, indices = job
    photos, images, annotations = recipe.photos(), [], []
    for index in indices:
        picture = recipe.render(index, photos)
        name = f"{index:08}.jpg"
        write_atomically(folder / "images" / name, encode_image(picture.image, 95))
        images.append(image_entry(index, name, picture.image.shape[:2], camera=picture.camera.tolist()))
        annotations += [annotation_of(hand, index, 8 * index + n) for n, hand in enumerate(picture.hands)]
    write_atomically(path, json.dumps({"images": images, "annotations": annotations}).encode())
    return len(indices)


def annotation_of(hand: HandLabel, image: int, number: int) -> dict[str, object]:
    """Return a hand as a COCO annotation: visible keypoints 2, hidden ones 1, those outside the picture 0."""
    return hand_entry(
        number,
        image,
        hand.points,
        visibility=np.array([2, 1, 1, 0])[hand.occlusion],
        box=hand.box,
        side=hand.side,
        occlusion=hand.occlusion.tolist(),
        joints=hand.joints.round(5).tolist(),
    )


def _merge(folder: Path, names: list[Path]) -> Path:
    parts = [as_mapping(read_json(name, "a part of rendered labels"), str(name)) for name in names]
    images, annotations = (
        [entry for part in parts for entry in as_list(part.get(key), f"{folder / 'parts'}, field {key}")]
        for key in ("images", "annotations")
    )
    return write_document(folder / "annotations.json", images, annotations)


def preview(out: str | Path, recipe: Recipe | None = None, count: int = 64) -> tuple[Path, Path]:
    """Write `out`, pictures with the truth drawn over them, and one without beside it; return both paths.

    Raises:
        ValueError: `count` is under 1.
    """
    if count < 1:
        raise ValueError(f"count {count} leaves nothing to show; give at least 1")
    recipe, path = recipe or Recipe(), Path(out)
    photos = recipe.photos()
    pictures = [recipe.render(index, photos) for index in range(count)]
    plain = path.with_name(f"{path.stem}_plain{path.suffix or '.png'}")
    path = path.with_suffix(path.suffix or ".png")
    write_atomically(path, encode_image(sheet([overlaid(picture) for picture in pictures]), None))
    write_atomically(plain, encode_image(sheet([picture.image for picture in pictures]), None))
    return path, plain


def sheet(images: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Lay pictures of one size out in rows, as square as they go.

    Example:
        >>> sheet([np.zeros((4, 4, 3), np.uint8)] * 5).shape
        (8, 12, 3)
    """
    columns = int(np.ceil(np.sqrt(len(images))))
    rows = -(-len(images) // columns)
    blank = [np.zeros_like(images[0])] * (rows * columns - len(images))
    height, width = images[0].shape[:2]
    grid = np.stack([*images, *blank]).reshape(rows, columns, height, width, 3)
    return np.ascontiguousarray(grid.swapaxes(1, 2).reshape(rows * height, columns * width, 3))


def overlaid(picture: Picture) -> NDArray[np.uint8]:
    """Draw the truth over a picture: discs where visible, rings where hidden; a letter for the side."""
    image = picture.image.copy()
    colours = [WRIST_COLOUR, *(FINGER_COLOURS[finger] for finger in FINGERS for _ in range(4))]
    for hand in picture.hands:
        places = [(int(x * 16), int(y * 16)) for x, y in pixel_index_from_corner(hand.points)]
        for a, b in BONES:
            cv2.line(image, places[a], places[b], colours[b], 1, cv2.LINE_AA, 4)
        for place, colour, code in zip(places, colours, hand.occlusion, strict=True):
            cv2.circle(image, place, 32, colour, -1 if code == Occlusion.VISIBLE else 1, cv2.LINE_AA, 4)
        corner = (int(np.clip(hand.box[0], 0, image.shape[1] - 10)), int(np.clip(hand.box[1], 12, image.shape[0])))
        cv2.putText(image, hand.side[0].upper(), corner, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0))
    return image
