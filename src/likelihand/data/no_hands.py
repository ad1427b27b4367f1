"""Regions of photos without hands, to train a network to predict their absence."""

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from likelihand.data.augment import sample_rng
from likelihand.data.dataset import check_index
from likelihand.data.formats.boxes import BoxesFile
from likelihand.data.images import read_image
from likelihand.data.scenes import SUFFIXES, hashed
from likelihand.geometry import FloatArray, Image
from likelihand.structures import Record

SMALLEST: Final = 0.15
"""Side of the smallest region over the shorter side of its photo."""


class NoHands:
    """Regions of photos that show no hand; nothing is labelled, and `present` is False.

    They are squares drawn at random or, every other time, places that look like a hand to a detector. Where
    photos show hands elsewhere, as those of faces do, the given places alone can be taken.

    Args:
        folder: with the photos.
        count: records; record i is from photo i modulo their number, each time another square.
        seed: another seed, other squares.
        start: first photo taken, in the order of the hashes of the names; those before are left for tests.
        boxes: JSON file, {"photo.jpg": [[x0, y0, x1, y1], ...]} in image pixels, of places that were taken for
            hands; those of photos before `start` are left out. Squares alone where None.
        squares: whether squares are drawn too where boxes are given.

    Raises:
        FileNotFoundError: the folder holds no photo, or there is no such file of boxes.
        ValueError: fewer than one record is asked for, the file holds no box of these photos, or there is neither
            a box nor a square.

    Example:
        >>> import tempfile
        >>> from likelihand.visualization.drawing import Drawing
        >>> folder = tempfile.TemporaryDirectory()
        >>> Drawing(np.zeros((40, 60, 3), np.uint8)).save(f"{folder.name}/a.png").name
        'a.png'
        >>> record = NoHands(folder.name, count=2).record(1)
        >>> record.present, int(record.weight.sum())
        (False, 0)
        >>> folder.cleanup()
    """

    def __init__(
        self,
        folder: str | Path,
        count: int,
        seed: int = 0,
        start: int = 0,
        boxes: str | Path | None = None,
        squares: bool = True,
    ) -> None:
        if count < 1:
            raise ValueError(f"count {count}: expected 1 or more")
        if boxes is None and not squares:
            raise ValueError("squares False without boxes leaves no place; give a file of boxes")
        self.folder, self.count, self.seed, self.squares = Path(folder), count, seed, squares
        found = [file.name for file in self.folder.iterdir() if file.suffix.lower() in SUFFIXES]
        self.files = [self.folder / name for name in hashed(found)[start:]]
        if not self.files:
            kinds = ", ".join(sorted(SUFFIXES))
            raise FileNotFoundError(f"{folder} holds {len(found)} photos ({kinds}); expected over {start}")
        self.finds = [] if boxes is None else _finds(Path(boxes), self.files)

    def __len__(self) -> int:
        """Count the records."""
        return self.count

    def record(self, index: int) -> Record:
        """Return the place at `index`."""
        index = check_index(index, self.count, "the photos without hands")
        file, box = self._place(index)
        image = read_image(file)
        return Record(
            points=np.zeros((21, 2)),
            visibility=np.zeros(21, np.int8),
            box=_square(image, sample_rng(self.seed, 0, index)) if box is None else box,
            side=None,
            dataset="no_hands",
            key=f"{file.name} {index}",
            read=partial(np.asarray, image),
            group=file.name,
            present=False,
        )

    def about(self) -> dict[str, str | int]:
        """Return the settings that identify the data in a run's description."""
        return {"seed": self.seed}

    def groups(self) -> list[str]:
        """List every record's group: its photo."""
        return [f"no_hands:{self._place(i)[0].name}" for i in range(self.count)]

    def _place(self, index: int) -> tuple[Path, FloatArray | None]:
        """Return the photo of a record, and its box where boxes were given."""
        if self.finds and not self.squares:
            return self.finds[index % len(self.finds)]
        if self.finds and index % 2:
            return self.finds[index // 2 % len(self.finds)]
        return self.files[(index // 2 if self.finds else index) % len(self.files)], None


def _finds(boxes: Path, files: list[Path]) -> list[tuple[Path, FloatArray]]:
    """Read the boxes that lie in some photos, in the photos' order."""
    content = BoxesFile(boxes)
    found = [(file, box) for file in files for box in content.of(file.name) or []]
    if not found:
        raise ValueError(f"boxes file {boxes} names none of the {len(files)} photos; give their file names")
    return found


def _square(image: Image, rng: np.random.Generator) -> FloatArray:
    """Draw a square whose side is spread evenly on a logarithmic scale, inside the photo."""
    height, width = image.shape[:2]
    shorter = min(height, width)
    side = shorter * SMALLEST ** rng.random()
    corner = rng.random(2) * (np.array([width, height]) - side)
    return np.concatenate([corner, corner + side])
