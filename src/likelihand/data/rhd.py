"""RHD, the Rendered Hand Pose data set, in its official layout (Zimmermann and Brox, ICCV 2017; research only).

    training/color/%05d.png    training/anno_training.pickle
    evaluation/color/%05d.png  evaluation/anno_evaluation.pickle

Each picture's entry holds `uv_vis` (42, 3), rows 0-20 of the left hand and 21-41 of the right one. The numbers
are K xyz / z of a rendered camera whose principal point is (160, 160) in a picture of 320 pixels: the middle
in corner-origin coordinates, so that nothing is added.
"""

import functools
import logging
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from likelihand.data.dataset import check_index, check_record
from likelihand.data.images import read_image
from likelihand.data.unpickle import read_arrays
from likelihand.geometry import box_of_points
from likelihand.structures import RHD_ORDER, Record, Side, Visibility
from likelihand.utils.validation import LARGEST

MINIMUM_VISIBLE: Final = 10
SIZE: Final = 320
"""Width and height of every picture."""
PICTURES: Final = {"training": 41_258, "evaluation": 2_728}
HANDS: Final = {"training": 60_375, "evaluation": 3_807}
"""The paper's counts of hands with 10 visible keypoints or more in the whole set."""

_SIDES: Final[tuple[Side, Side]] = ("left", "right")
_log = logging.getLogger(__name__)


class RHD:
    """One record for each hand with 10 visible keypoints or more; its box is tight around the visible ones.

    Args:
        root: the folder that holds `training` and `evaluation`.
        split: "training" or "evaluation".
        hidden: True labels the keypoints that are covered but inside the picture too, as `Visibility.HIDDEN`;
            the paper and mmpose score the visible ones alone.

    Raises:
        FileNotFoundError: the annotations are missing.
        ValueError: the split is unknown, or the annotations hold anything but arrays of the right shapes.

    Example:
        >>> RHD("nowhere")
        Traceback (most recent call last):
        FileNotFoundError: nowhere/training/anno_training.pickle is missing; give the folder of RHD's official ...
    """

    name = "RHD"

    def __init__(
        self, root: str | Path, split: Literal["training", "evaluation"] = "training", hidden: bool = False
    ) -> None:
        if split not in PICTURES:
            raise ValueError(f"split {split!r} is unknown; give 'training' or 'evaluation'")
        self.root, self.split, self.hidden = Path(root), split, hidden
        path = self.root / split / f"anno_{split}.pickle"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing; give the folder of RHD's official layout")
        self._images, labels = _labels(read_arrays(path), path)
        self.pictures = len(labels)
        hands = labels.reshape(-1, 2, 21, 3)[:, :, RHD_ORDER]
        kept = (hands[..., 2] > 0).sum(-1) >= MINIMUM_VISIBLE
        self._picture, self._side = np.nonzero(kept)
        self._hands = hands[kept]
        self._report(2 * self.pictures)

    def _report(self, slots: int) -> None:
        _log.info("RHD %s: %d hands of %d pictures", self.split, len(self), self.pictures)
        expected = self.expected_count
        if expected is not None and expected != len(self):
            _log.warning(
                "RHD %s: %d hands with %d visible keypoints or more of %d slots; the paper counts %d",
                self.split, len(self), MINIMUM_VISIBLE, slots, expected,
            )  # fmt: skip

    @property
    def expected_count(self) -> int | None:
        """The paper's count of hands, where every picture of the split is there; else None."""
        return HANDS[self.split] if self.pictures == PICTURES[self.split] else None

    def __len__(self) -> int:
        """Count the hands."""
        return len(self._hands)

    def about(self) -> dict[str, str | int]:
        """Return the settings that identify the data in a run's description."""
        return {"split": self.split, "root": str(self.root)}

    def groups(self) -> list[str]:
        """List every record's group: its picture."""
        return [f"{self.split} {self._images[p]}" for p in self._picture]

    def record(self, index: int) -> Record:
        """Return the record at `index`."""
        index = check_index(index, len(self), f"RHD {self.split}")
        hand = self._hands[index].astype(np.float64)
        image, side = int(self._images[self._picture[index]]), _SIDES[self._side[index]]
        path = self.root / self.split / "color" / f"{image:05d}.png"
        visible = hand[:, 2] > 0
        covered = self.hidden & ~visible & (hand[:, :2] > 0).all(1) & (hand[:, :2] < SIZE).all(1)
        return check_record(
            Record(
                points=hand[:, :2],
                visibility=(Visibility.VISIBLE * visible + Visibility.HIDDEN * covered).astype(np.int8),
                box=box_of_points(hand[:, :2], visible),
                side=side,
                dataset=self.name,
                key=f"{path} {side}",
                read=functools.partial(read_image, path),
                group=f"{self.split} {image}",
            )
        )


def _labels(content: object, path: Path) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the numbers of the pictures and (N, 42, 3) labels, sorted by picture."""
    if not isinstance(content, dict) or not content:
        raise ValueError(f"{path} holds no mapping from picture to annotation; download it again")
    images = sorted(key for key in content if isinstance(key, int) and 0 <= key < 10**9)
    if len(images) != len(content):
        raise ValueError(f"{path} has keys that are not picture numbers; download it again")
    labels = np.zeros((len(images), 42, 3), np.float32)
    for row, image in enumerate(images):
        entry = content[image]
        value = entry.get("uv_vis") if isinstance(entry, dict) else None
        if not isinstance(value, np.ndarray) or value.shape != (42, 3) or value.dtype.kind not in "fiu":
            shape = getattr(value, "shape", type(value).__name__)
            raise ValueError(f"{path} picture {image}: uv_vis is {shape}, expected (42, 3) numbers")
        good = np.abs(value.astype(np.float64)) <= LARGEST
        if (~good.all(1) & ~(good[:, 2] & (value[:, 2] == 0))).any():
            raise ValueError(f"{path} picture {image}: a visible keypoint is not finite; fix or remove it")
        labels[row] = np.where(good, value, 0)
    return np.array(images, np.int64), labels
