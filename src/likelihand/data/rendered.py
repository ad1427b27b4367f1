"""Rendered hands as a data set, and as a folder of pictures with COCO keypoint JSON or a contact sheet."""

import json
import math
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.data.formats.coco import hand_entry, image_entry, write_document
from likelihand.structures import Record, Visibility
from likelihand.synth import HandLabel, Occlusion, Photos, Picture, SynthOptions, render_picture, render_scene
from likelihand.utils.files import begin_folder, write_atomically
from likelihand.utils.images import encode_image
from likelihand.utils.jobs import missing, pieces, run_jobs
from likelihand.utils.validation import as_list, as_mapping, read_json
from likelihand.visualization.drawing import contact_sheet, draw_keypoints, draw_ring, label_hand


class Synthetic:
    """An endless supply of rendered hands: record `i` is made when it is asked for.

    Record i is a pure function of (seed, i, size, options, photos): the same on any machine, in any order and with
    any number of workers. Of two interlocked hands the record is about the one in the middle.

    Args:
        count: how many records.
        seed: another seed gives other hands.
        size: side of the square pictures in pixels.
        backgrounds: a folder of photos without hands; generated clutter alone where None.
        options: which ingredients the pictures have.

    Raises:
        ValueError: `count` is under 1, or a number is out of range.
        FileNotFoundError: `backgrounds` holds no photo.

    Example:
        >>> data = Synthetic(10, seed=1, size=48)
        >>> record = data.record(3)
        >>> record.points.shape, record.read().shape
        ((21, 2), (48, 48, 3))
    """

    def __init__(
        self,
        count: int,
        seed: int = 0,
        size: int = 160,
        backgrounds: str | Path | None = None,
        options: SynthOptions | None = None,
    ) -> None:
        if count < 1:
            raise ValueError(f"count {count} leaves nothing to render; give at least 1")
        self.count, self.seed, self.size = count, seed, size
        self.options = options or SynthOptions()
        self.photos = None if backgrounds is None else Photos(backgrounds)

    def about(self) -> dict[str, str | int]:
        """Return the settings that identify the data in a run's description."""
        return {"seed": self.seed, "size": self.size}

    def __len__(self) -> int:
        return self.count

    def record(self, index: int) -> Record:
        """Render record `index`, 0 .. count - 1."""
        if not 0 <= index < self.count:
            raise IndexError(f"index {index} is outside 0..{self.count - 1}")
        picture = render_picture(self.seed, index, self.size, self.options, self.photos)
        return record_of(picture.image, picture.hands[0], f"{self.seed}/{index}")


def record_of(image: NDArray[np.uint8], hand: HandLabel, key: str) -> Record:
    """Make the record of a rendered hand: hidden keypoints are labelled too, since they are known exactly."""
    visible = hand.occlusion == Occlusion.VISIBLE
    visibility = np.where(visible, Visibility.VISIBLE, Visibility.HIDDEN).astype(np.int8)
    return Record(
        points=hand.points, visibility=visibility, box=hand.box, side=hand.side, dataset="synthetic", key=key,
        read=lambda: image, group=key,
    )  # fmt: skip


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
        The path of `annotations.json`: COCO keypoints (see `likelihand.data.formats.coco`) of the category
        "hand", with `handedness`, `occlusion` (codes of `Occlusion`), `joints` (metres) and each picture's
        `camera`.

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
    columns = math.ceil(math.sqrt(count))
    for file, images in ((path, map(overlaid, pictures)), (plain, (picture.image for picture in pictures))):
        write_atomically(file, encode_image(contact_sheet(list(images), columns, recipe.size), None))
    return path, plain


def overlaid(picture: Picture) -> NDArray[np.uint8]:
    """Draw the truth over a picture: bones and keypoints, hidden ones ringed, and the side."""
    image = picture.image.copy()
    for hand in picture.hands:
        draw_keypoints(image, hand.points)
        for point in hand.points[hand.occlusion != Occlusion.VISIBLE]:
            draw_ring(image, point, 4.0, (255, 255, 255), 1.0)
        label_hand(image, hand.side, hand.points)
    return image
