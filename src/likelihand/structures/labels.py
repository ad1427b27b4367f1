"""A data set's record and the samples that a network is trained on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import Image
from likelihand.structures.keypoints import Side

A = TypeVar("A")
"""Arrays: of NumPy for one sample, of PyTorch for a batch."""


class Visibility(IntEnum):
    """Visibility of a keypoint, numbered as in COCO."""

    UNLABELLED = 0
    HIDDEN = 1
    VISIBLE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One labelled hand of a data set.

    Attributes:
        points: (21, 2) float64 (x, y) in image pixels, corner origin; finite wherever labelled.
        visibility: (21,) int8 codes of `Visibility`; a keypoint is labelled where it is not 0.
        box: (4,) float64 (x0, y0, x1, y1) of the hand in image pixels.
        side: "left" or "right", None where the data set does not say.
        dataset: name of the source, by which scores are grouped.
        key: names the sample to a person: file and annotation.
        read: returns the picture, (height, width, 3) uint8 RGB.
        group: samples that must stay on the same side of any split share it.
        present: False where the box shows no hand; then nothing is labelled.

    Example:
        >>> record = Record(points=np.zeros((21, 2)), visibility=np.full(21, 2, np.int8),
        ...     box=np.array([0.0, 0.0, 8.0, 8.0]), side=None, dataset="d", key="a.jpg",
        ...     read=lambda: np.zeros((8, 8, 3), np.uint8))
        >>> record.weight.sum()
        np.float32(21.0)
    """

    points: NDArray[np.float64]
    visibility: NDArray[np.int8]
    box: NDArray[np.float64]
    side: Side | None
    dataset: str
    key: str
    read: Callable[[], Image]
    group: str = ""
    present: bool = True

    @property
    def inseparable(self) -> str:
        """Name of the group over all sources, or of the record alone where it has none."""
        return f"{self.dataset}:{self.group}" if self.group else self.key

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """(21,) booleans."""
        return np.asarray(self.visibility != Visibility.UNLABELLED)

    @property
    def weight(self) -> NDArray[np.float32]:
        """(21,) float32: 1 where labelled, else 0."""
        return self.labelled.astype(np.float32)

    @property
    def traits(self) -> NDArray[np.float32]:
        """(2,) float32, as `structures.TRAITS`: 1 for yes, 0 for no, NaN where the data set does not say."""
        side = np.nan if self.side is None else float(self.side == "right")
        return np.array([side, float(self.present)], np.float32)


class KeypointLabels(NamedTuple, Generic[A]):
    """Training targets of a crop of one hand, or with a leading axis (N, ...) of a batch.

    Attributes:
        target: (21, 2) float32 (x, y) in crop pixels; 0 where not labelled.
        weight: (21,) float32: 1 where labelled, else 0.
        traits: (2,) float32 of `structures.TRAITS`: 1 for yes, 0 for no, NaN where unknown; a mirrored hand
            has the other side.
    """

    target: A
    weight: A
    traits: A


class SceneLabels(NamedTuple, Generic[A]):
    """Training targets of a whole picture, or with a leading axis (N, ...) of a batch.

    Attributes:
        boxes: (M, 4) float32 (x0, y0, x1, y1) in crop pixels; an empty box (all 0) is no hand at all.
        right: (M,) float32: 1 for a right hand, 0 for a left one, 0.5 where unknown.
        asked: (M,) float32: 1 for a hand, 0 for a place that may hold one and is left out.
        complete: () float32: 0 where the picture may show hands that nobody labelled, else 1.
    """

    boxes: A
    right: A
    asked: A
    complete: A


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One input of a network with its targets.

    Attributes:
        crop: (height, width, 3) uint8 RGB.
        target: (21, 2) float32 (x, y) in crop pixels; 0 where not labelled.
        weight: (21,) float32: 1 where labelled, else 0.
        crop_from_image: (3, 3) float64, takes image pixels to crop pixels.
        index: position in the data set.
        traits: (2,) float32, as `Record.traits`; a mirrored hand has the other side.
    """

    crop: Image
    target: NDArray[np.float32]
    weight: NDArray[np.float32]
    crop_from_image: NDArray[np.float64]
    index: int
    traits: NDArray[np.float32] = field(default_factory=lambda: np.full(2, np.nan, np.float32))

    @property
    def labels(self) -> "KeypointLabels[NDArray[np.float32]]":
        """The targets of the crop."""
        return KeypointLabels(self.target, self.weight, self.traits)


@dataclass(frozen=True, slots=True, eq=False)
class SceneSample:
    """A whole picture as a network's input, with its targets.

    Attributes:
        crop: (height, width, 3) uint8 RGB.
        labels: the hands, in crop pixels.
        crop_from_image: (3, 3) float64, takes image pixels to crop pixels.
        index: position in the data set.
    """

    crop: Image
    labels: "SceneLabels[NDArray[np.float32]]"
    crop_from_image: NDArray[np.float64]
    index: int
