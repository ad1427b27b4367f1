"""Ultralytics' pose folders with 21 keypoints per hand, read and written."""

import functools
import logging
from collections import Counter
from pathlib import Path
from typing import Final, Literal

import numpy as np
import yaml

from likelihand.data.dataset import Dataset, check_index, check_reading, check_record
from likelihand.data.formats.yolo import SPLITS, YoloHand, labels_path, pictures_of, read_labels, read_layout
from likelihand.data.images import picture_id, read_image, size_of_image
from likelihand.geometry import FloatArray, box_of_points
from likelihand.structures import KEYPOINTS, Record, Side
from likelihand.utils.files import write_atomically
from likelihand.visualization.drawing import Drawing

_log = logging.getLogger(__name__)
_DECIMALS: Final = 9
"""Of a share: a thousandth of a pixel is seen in pictures of any size."""

CLASSES: Final[tuple[Side | None, ...]] = ("left", "right", None)
"""Sides of the classes that are written."""
_TOLD: Final = 3


class YoloPose:
    """Hands of an Ultralytics (YOLO) pose data set.

    Lines of labels that cannot be read are left out, counted in `left_out`, and told in `problems` and the log.
    A keypoint is labelled where its visibility is above 0; with two numbers a keypoint, where it is not (0, 0).
    The side is what the class's name says ("left_hand"); `kpt_names`, where they are there, give the order of the
    keypoints.

    Args:
        path: `data.yaml`, or the folder that holds it.
        split: "train", "val" or "test"; all that the file names where None.
        box: "annotation" takes the box of the labels, "keypoints" the tight box of the labelled keypoints.
        pixel_centre: what a share times the size says of the first pixel's centre: 0.5 where 0 and 1 are the
            picture's edges, as Ultralytics has it; 0 where COCO's keypoints were divided as they were.

    Raises:
        FileNotFoundError: a file or folder is missing.
        ValueError: the file is not one of 21 keypoints, or the pictures have no labelled hand.

    Example:
        >>> YoloPose("data.yaml")
        Traceback (most recent call last):
        FileNotFoundError: data.yaml is missing; give the data.yaml of an Ultralytics pose data set
    """

    def __init__(
        self,
        path: str | Path,
        split: Literal["train", "val", "test"] | None = None,
        box: Literal["annotation", "keypoints"] = "annotation",
        pixel_centre: float = 0.5,
    ) -> None:
        check_reading(pixel_centre, box)
        if split not in (None, *SPLITS):
            raise ValueError(f"split {split!r} is unknown; give one of {', '.join(SPLITS)}")
        file = Path(path) / "data.yaml" if Path(path).is_dir() else Path(path)
        layout = read_layout(file)
        self.path, self.box, self.pixel_centre = file, box, pixel_centre
        self.left_out: Counter[str] = Counter()
        self.problems: list[str] = []
        self._hands: list[tuple[Path, YoloHand]] = []
        for part in layout.splits if split is None else (split,):
            for picture in pictures_of(layout, part):
                hands, problems = read_labels(labels_path(picture), layout)
                self._hands += [(picture, hand) for hand in hands]
                self.problems += problems
        self._tell()

    def _tell(self) -> None:
        if self.problems:
            self.left_out["lines that cannot be read"] = len(self.problems)
            _log.warning("%s: left out %d lines that cannot be read", self.path, len(self.problems))
        for line in self.problems[:_TOLD]:
            _log.warning("%s", line)
        if not self._hands:
            first = f"; {self.problems[0]}" if self.problems else ": no label file names one"
            raise ValueError(f"{self.path} holds no labelled hand{first}")

    def __len__(self) -> int:
        """Count the hands."""
        return len(self._hands)

    def groups(self) -> list[str]:
        """List every record's group: its picture."""
        return [str(picture) for picture, _ in self._hands]

    def keys(self) -> list[str]:
        """List every record's key."""
        return [f"{picture} {hand.name}" for picture, hand in self._hands]

    def record(self, index: int) -> Record:
        """Return the record at `index`; the picture's size is read from its file."""
        picture, hand = self._hands[check_index(index, len(self), str(self.path))]
        height, width = size_of_image(picture)
        size = np.array([width, height], np.float64)
        labelled = hand.keypoints[:, 2] > 0
        points = np.where(labelled[:, None], hand.keypoints[:, :2] * size + (0.5 - self.pixel_centre), 0.0)
        return check_record(
            Record(
                points=points,
                visibility=hand.keypoints[:, 2].astype(np.int8),
                box=self._box(hand, points, labelled, size),
                side=hand.side,
                dataset=self.path.parent.name or "yolo",
                key=f"{picture} {hand.name}",
                read=functools.partial(read_image, picture),
                group=str(picture),
            )
        )

    def _box(self, hand: YoloHand, points: FloatArray, labelled: np.ndarray, size: FloatArray) -> FloatArray:
        if hand.box is None or self.box == "keypoints":
            return box_of_points(points, labelled)
        return np.asarray(hand.box * np.tile(size, 2), np.float64)


def write_yolo(dataset: Dataset, folder: str | Path, split: Literal["train", "val", "test"] = "train") -> Path:
    """Write a data set as an Ultralytics pose data set; in an existing one, another split is added.

    Args:
        dataset: the hands; those whose records share a group and its pixels are on one picture.
        folder: for `data.yaml`, `images/SPLIT` (PNG) and `labels/SPLIT`; made where it is missing.
        split: which split the hands are.

    Returns:
        The path of `data.yaml`: classes `left_hand`, `right_hand` and `hand` (of unknown side), 21 x 3 numbers a
        hand, in our order, named in `kpt_names`.

    Raises:
        OSError: a picture cannot be read, or a file written.
        ValueError: the folder has this split already.

    Example:
        >>> import tempfile
        >>> from likelihand.data.drawn import DrawnHands
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     len(YoloPose(write_yolo(DrawnHands(3), folder)))
        3
    """
    root = Path(folder)
    for part in ("images", "labels"):
        (root / part / split).mkdir(parents=True, exist_ok=True)
    if any((root / "images" / split).iterdir()):
        raise ValueError(f"{root / 'images' / split} holds pictures already; give another folder or split")
    lines: dict[tuple[str, bytes], list[str]] = {}
    for index in range(len(dataset)):
        record = dataset.record(index)
        image = record.read()
        picture = picture_id(record, image)
        if picture not in lines:
            Drawing(image).save(root / "images" / split / f"{len(lines):08d}.png")
        lines.setdefault(picture, []).append(_line(record, (image.shape[0], image.shape[1])))
    for number, hands in enumerate(lines.values()):
        write_atomically(root / "labels" / split / f"{number:08d}.txt", "\n".join([*hands, ""]).encode())
    return _write_layout(root)


def _line(record: Record, size: tuple[int, int]) -> str:
    """Return a hand's label: class, box and keypoints as shares of the picture."""
    height, width = size
    shares = np.array([width, height], np.float64)
    x0, y0, x1, y1 = record.box / np.tile(shares, 2)
    labelled = record.visibility > 0
    rows = np.column_stack([record.points / shares, record.visibility]) * labelled[:, None]
    numbers = [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, *rows.ravel()]
    words = [f"{number:.{_DECIMALS}f}".rstrip("0").rstrip(".") for number in numbers]
    return " ".join([str(CLASSES.index(record.side)), *words])


def _write_layout(root: Path) -> Path:
    there = [split for split in SPLITS if (root / "images" / split).is_dir()]
    content = {split: f"images/{split}" for split in there}
    names = {i: f"{side}_hand" if side else "hand" for i, side in enumerate(CLASSES)}
    described = content | {"kpt_shape": [21, 3], "flip_idx": list(range(21)), "names": names}
    text = yaml.safe_dump(described | {"kpt_names": {i: list(KEYPOINTS) for i in names}}, sort_keys=False)
    write_atomically(root / "data.yaml", text.encode())
    return root / "data.yaml"
