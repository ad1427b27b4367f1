"""Corrupt labels on purpose, to measure how a loss copes with wrong ones."""

import zlib
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

import numpy as np

from likelihand.data.dataset import Dataset
from likelihand.data.wrapped import Wrapped
from likelihand.geometry import BOX_PADDING, FloatArray, box_length
from likelihand.structures import FINGER_KEYPOINTS, INDEX, Record

Generator: TypeAlias = np.random.Generator

_FINGERS: Final = np.array(list(FINGER_KEYPOINTS.values()))


class Fault(Protocol):
    """A kind of annotation error: from a record to the points as wrongly labelled."""

    def __call__(self, record: Record, rng: Generator, /) -> FloatArray:
        """Return corrupted points (21, 2) in image pixels; the record is not changed."""
        ...


@dataclass(frozen=True)
class _OfSome:
    """A fault of a share of keypoints or hands."""

    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share is {self.share}: expected a share, 0 to 1")


@dataclass(frozen=True)
class Jitter:
    """Moves every keypoint by Gaussian noise.

    Args:
        deviation: standard deviation along x and along y, as a share of the longer side of the box.

    Raises:
        ValueError: it is negative.
    """

    deviation: float

    def __post_init__(self) -> None:
        if not self.deviation >= 0:
            raise ValueError(f"deviation is {self.deviation}: expected 0 or more, a share of the box")

    def __call__(self, record: Record, rng: Generator) -> FloatArray:
        """Return the points (21, 2) in image pixels, moved."""
        return record.points + rng.normal(size=(21, 2)) * self.deviation * box_length(record.box)


class Outliers(_OfSome):
    """Puts keypoints anywhere in the crop: the square about the box that a network is shown.

    Args:
        share: chance of each keypoint, by itself.

    Raises:
        ValueError: it is outside 0..1.
    """

    def __call__(self, record: Record, rng: Generator) -> FloatArray:
        """Return the points (21, 2) in image pixels, some of them anywhere."""
        middle = (record.box[:2] + record.box[2:]) / 2
        anywhere = middle + rng.uniform(-0.5, 0.5, (21, 2)) * BOX_PADDING * box_length(record.box)
        return np.where(rng.random((21, 1)) < self.share, anywhere, record.points)


class SwappedFingers(_OfSome):
    """Swaps two fully labelled fingers of a hand.

    Args:
        share: chance of each hand.

    Raises:
        ValueError: it is outside 0..1.
    """

    def __call__(self, record: Record, rng: Generator) -> FloatArray:
        """Return the points (21, 2) in image pixels, those of two fingers perhaps exchanged."""
        points, whole = record.points.copy(), _FINGERS[record.weight[_FINGERS].all(1)]
        order, swaps = rng.permutation(len(whole)), rng.random() < self.share
        if swaps and len(whole) > 1:
            first, second = whole[order[:2]]
            points[first], points[second] = record.points[second], record.points[first]
        return points


@dataclass(frozen=True)
class BiasedAnnotator(_OfSome):
    """Moves all keypoints of some hands by one constant offset, as a biased annotator would.

    Args:
        share: chance of each hand.
        offset: (x, y) as shares of the longer side of the box. The default goes down, which mirrored crops cannot
            cancel.

    Raises:
        ValueError: the share is outside 0..1.
    """

    offset: tuple[float, float] = (0.0, 0.1)

    def __call__(self, record: Record, rng: Generator) -> FloatArray:
        """Return the points (21, 2) in image pixels, perhaps moved."""
        moved = rng.random() < self.share
        return record.points + moved * np.asarray(self.offset) * box_length(record.box)


@dataclass(frozen=True)
class OtherConvention:
    """Puts the wrist further up the arm and the fingertips nearer to their last joints, as another data set would.

    A keypoint whose neighbour is not labelled stays where it is.

    Args:
        wrist: how far the wrist moves away from the middle knuckle, as a share of their distance.
        tips: how far the tips move towards the joints before them, as a share of that bone.
    """

    wrist: float = 0.25
    tips: float = 0.5

    def __call__(self, record: Record, rng: Generator) -> FloatArray:
        """Return the points (21, 2) in image pixels, by the other convention."""
        moved = [(0, INDEX["middle_mcp"], -self.wrist), *((f[3], f[2], self.tips) for f in _FINGERS)]
        points, known = record.points.copy(), record.weight > 0
        for keypoint, other, share in moved:
            if known[keypoint] and known[other]:
                points[keypoint] += share * (record.points[other] - record.points[keypoint])
        return points


@dataclass(frozen=True)
class TwoSources:
    """Corrupts half of the hands in one way and the rest in another, as when two data sets are merged.

    Args:
        first: faults of the first source, one after another.
        second: those of the second.
    """

    first: tuple[Fault, ...]
    second: tuple[Fault, ...]

    @staticmethod
    def source(record: Record) -> int:
        """Return 0 or 1: the source that a record is taken to be of, by its key."""
        return zlib.crc32(record.key.encode()) % 2

    def __call__(self, record: Record, rng: Generator) -> FloatArray:
        """Return the points (21, 2) in image pixels as the record's source would have them."""
        for fault in self.second if self.source(record) else self.first:
            record = replace(record, points=fault(record, rng))
        return record.points


class SpoiltLabels(Wrapped):
    """A data set whose labels are wrong in a controlled way; pictures and boxes stay as they are.

    A record's fault is a pure function of (seed, index): the same in every epoch, as in a data set that was
    annotated once. What is not labelled stays as it is.

    Args:
        dataset: the whole, rightly labelled.
        fault: what goes wrong.
        seed: another seed, other faults.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> spoilt = SpoiltLabels(DrawnHands(4), Jitter(0.05))
        >>> bool((spoilt.record(0).points == DrawnHands(4).record(0).points).any())
        False
        >>> bool((spoilt.record(0).points == spoilt.record(0).points).all())
        True
    """

    def __init__(self, dataset: Dataset, fault: Fault, seed: int = 0) -> None:
        super().__init__(dataset)
        self.fault, self.seed = fault, seed
        self.name = f"{fault}, seed {seed}"

    def record(self, index: int) -> Record:
        """Return the record at `index` with corrupted points."""
        record = self.dataset.record(index)
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, index])))
        labelled = record.weight[:, None] > 0
        return replace(record, points=np.where(labelled, self.fault(record, rng), record.points))

    def about(self) -> dict[str, str | int]:
        """Return the settings that identify the data in a run's description."""
        return {"seed": self.seed}
