"""Whole pictures with boxes of hands, for a detector: readers, and their conversion to network inputs."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from likelihand.data.augment import Augmentation, augment_pixels
from likelihand.data.dataset import Joined, check_index
from likelihand.data.images import read_image
from likelihand.data.placing import Place, place
from likelihand.geometry import (
    FloatArray,
    Image,
    box_of_points,
    crop_matrix,
    warp_image,
)
from likelihand.structures import SceneSample, Side

SUFFIXES: Final = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True, slots=True, eq=False)
class SceneHand:
    """A hand in a picture.

    Attributes:
        points: (P, 2) image pixels: the 21 keypoints, or the four corners of a box.
        side: None where unknown.
    """

    points: FloatArray
    side: Side | None

    @property
    def box(self) -> FloatArray:
        """(4,) tight box in image pixels."""
        return box_of_points(self.points)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A whole picture and its labelled hands.

    Attributes:
        hands: none or more.
        complete: False where there may be hands that nobody labelled.
        dataset: name of the source.
        key: names the picture to a person.
        read: returns the picture, (height, width, 3) uint8 RGB.
    """

    hands: tuple[SceneHand, ...]
    complete: bool
    dataset: str
    key: str
    read: Callable[[], Image]


class Scenes(Protocol):
    """Anything that holds whole pictures with boxes of hands."""

    def __len__(self) -> int:
        """Count the pictures."""
        ...

    def scene(self, index: int) -> Scene:
        """Return the picture at `index`, from 0 to len - 1."""
        ...


class ListedScenes:
    """Pictures that were listed beforehand.

    Args:
        scenes: in order.
        name: what errors call them.

    Raises:
        ValueError: there is none.
    """

    def __init__(self, scenes: Iterable[Scene], name: str) -> None:
        self.scenes, self.name = tuple(scenes), name
        if not self.scenes:
            raise ValueError(f"{name} gives no picture; check the path and what was chosen of it")

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.scenes)

    def scene(self, index: int) -> Scene:
        """Return the picture at `index`."""
        return self.scenes[check_index(index, len(self), self.name)]


class EmptyScenes(ListedScenes):
    """Photos without any hand.

    Args:
        folder: of the photos.
        start: first photo taken, in the order of the hashes of the names.
        stop: where to stop in that order; None for the end.

    Raises:
        ValueError: no photo is left.
    """

    def __init__(self, folder: str | Path, start: int = 0, stop: int | None = None) -> None:
        files = {file.name: file for file in Path(folder).iterdir() if file.suffix.lower() in SUFFIXES}
        scenes = [
            Scene((), True, "empty", name, partial(read_image, files[name])) for name in hashed(files)[start:stop]
        ]
        super().__init__(scenes, str(folder))


class SceneMix(Joined[Scenes]):
    """Pictures of several sources as the training data of a detector.

    Args:
        parts: the sources; one that is named twice is seen twice as often.
        surroundings: photos to fill what lies around a picture that was made small; black where None.

    Raises:
        ValueError: no source is given.
    """

    def __init__(self, parts: Sequence[Scenes], surroundings: EmptyScenes | None = None) -> None:
        super().__init__(parts, "the mix of scenes")
        self.surroundings = surroundings

    def scene(self, index: int) -> Scene:
        """Return the picture at `index`, counted through the sources."""
        part, inner = self.place(index)
        return part.scene(inner)

    def key(self, index: int) -> str:
        """Return a readable name of the picture at `index`."""
        return self.scene(index).key

    def sample(
        self, index: int, size: tuple[int, int], rng: np.random.Generator, augmentation: Augmentation | None
    ) -> SceneSample:
        """Make a network's input from a picture, with the targets of `likelihand.losses.DetectionLoss`.

        It has room for `likelihand.data.placing.MOST` hands; without an augmentation it is the letterboxed
        picture.
        """
        scene = self.scene(index)
        image = scene.read()
        around = None
        if augmentation is not None and self.surroundings is not None and rng.random() < 0.5:
            around = self.surroundings.scene(int(rng.integers(len(self.surroundings)))).read()
        points, sides = [hand.points for hand in scene.hands], [hand.side for hand in scene.hands]
        spot = place(image.shape[:2], points, sides, size, rng, augmentation)
        crop = _laid(image, around, spot, size)
        if augmentation is not None:
            crop = augment_pixels(crop, rng, augmentation)
        return SceneSample(crop, spot.labels(size, scene.complete), spot.crop_from_image, index)


def _laid(image: Image, around: Image | None, spot: Place, size: tuple[int, int]) -> Image:
    """Warp a picture into the input, over another picture where one is given."""
    crop = warp_image(image, spot.crop_from_image, size)
    if around is None:
        return crop
    height, width = around.shape[:2]
    side = min(height, width)
    behind = warp_image(around, crop_matrix([0, 0, side, side], size, padding=1.0), size)
    inside = warp_image(np.full_like(image, 255), spot.crop_from_image, size) > 127
    return np.where(inside, crop, behind)


def hashed(names: Iterable[str]) -> list[str]:
    """Sort names by their SHA-256: a random order that is the same everywhere.

    Example:
        >>> hashed(["one.jpg", "two.jpg", "three.jpg"])
        ['three.jpg', 'two.jpg', 'one.jpg']
    """
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())


def corners_of_box(box: NDArray[np.float64]) -> FloatArray:
    """Return the (4, 2) corners of a box (4,), clockwise from the top left one as a picture shows them."""
    x0, y0, x1, y1 = box
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
