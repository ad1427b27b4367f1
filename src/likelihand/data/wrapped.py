"""Data sets that change another one's records: crops of its hands, and hands that the picture's edge cuts off."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from likelihand.data.corruptions import EDGES, cut
from likelihand.data.dataset import Dataset, groups_of
from likelihand.geometry import (
    FloatArray,
    Image,
    box_length,
    box_of_points,
    crop_matrix,
    points_inside,
    transform_points,
    warp_image,
)
from likelihand.structures import Record


class Wrapped:
    """As many records as another data set, of the same groups; what a record is, a subclass says."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        """Count the records."""
        return len(self.dataset)

    def parts(self) -> tuple[Dataset]:
        """List the whole."""
        return (self.dataset,)

    def groups(self) -> list[str]:
        """List every record's group."""
        return groups_of(self.dataset)


class Cropped(Wrapped):
    """Every hand of a data set with its surroundings, downscaled where larger than needed.

    Augmentation turns, enlarges and moves a crop: `room` 2.4 holds what a crop of padding 1.25 sees at any turn
    when it is enlarged by a fifth and moved by a tenth. What lies outside the photo is black, as it is in a crop
    of the photo itself.

    Args:
        dataset: of the hands.
        room: side of the square over the longer side of the hand's box.
        side: of the square in pixels at most; smaller ones are not enlarged.

    Raises:
        ValueError: `room` is below 1 or `side` is not positive.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> Cropped(DrawnHands(1), room=1.5, side=40).record(0).read().shape
        (40, 40, 3)
    """

    def __init__(self, dataset: Dataset, room: float = 2.4, side: int = 256) -> None:
        if not room >= 1 or side < 1:
            raise ValueError(f"room {room} and side {side}: expected at least 1 each")
        super().__init__(dataset)
        self.room, self.side = room, side

    def record(self, index: int) -> Record:
        """Return the hand at `index`, its photo cut when it is read."""
        record = self.dataset.record(index)
        side = min(self.side, max(1, round(self.room * box_length(record.box))))
        matrix = crop_matrix(record.box, (side, side), padding=self.room)
        return replace(
            record,
            points=transform_points(matrix, record.points),
            box=transform_points(matrix, record.box.reshape(2, 2)).ravel(),
            read=partial(_cut, record, matrix, side),
        )


def _cut(record: Record, matrix: FloatArray, side: int) -> Image:
    return warp_image(record.read(), matrix, (side, side))


FEWEST_LEFT: Final = 4
"""Labelled keypoints that must stay in the picture; a hand of which fewer would is left whole."""


class CutOff(Wrapped):
    """Hands truncated by the picture's edge.

    The edge, one of four, and the share are drawn for each hand. Keypoints beyond the edge keep their labels; the
    box is that of what is left, as a detector would give it.

    Args:
        dataset: of the hands.
        shares: of the box's width or height that are cut off, in 0 to below 1; drawn alike.
        seed: of the draw.

    Raises:
        ValueError: no share, or one that is out of range.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> record = CutOff(DrawnHands(1), shares=[0.5]).record(0)
        >>> height, width = record.read().shape[:2]
        >>> bool(((record.points < 0) | (record.points > (width, height))).any())
        True
    """

    def __init__(self, dataset: Dataset, shares: Sequence[float] = (0.0, 0.15, 0.3, 0.5), seed: int = 0) -> None:
        if not shares or not all(0 <= share < 1 for share in shares):
            raise ValueError(f"shares to cut off are {list(shares)}; give numbers from 0 to below 1")
        super().__init__(dataset)
        self.shares, self.seed = tuple(shares), seed

    def about(self) -> dict[str, str | int]:
        """Return the settings that identify the data in a run's description."""
        return {"seed": self.seed}

    def record(self, index: int) -> Record:
        """Return the hand at `index`, cut."""
        record = self.dataset.record(index)
        rng = np.random.default_rng([self.seed, index])
        share, edge = float(rng.choice(self.shares)), EDGES[int(rng.integers(len(EDGES)))]
        labelled = record.labelled
        if share == 0 or not labelled.any():
            return record
        image = record.read()
        rest, rest_from_image = cut(image, box_of_points(record.points, labelled), edge, share)
        points = transform_points(rest_from_image, record.points)
        left = labelled & points_inside(points, rest.shape[:2])
        box = box_of_points(points, left) if left.sum() >= FEWEST_LEFT else np.zeros(4)
        if not (box[2:] > box[:2]).all():
            return record
        return replace(record, points=points, box=box, read=partial(np.asarray, rest))
