"""Anatomically impossible labels, set aside so that the others can be audited."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.data.dataset import FAR, Dataset, LabelError
from likelihand.data.wrapped import Wrapped
from likelihand.evaluation.audit.patterns import OUTLIER, Suspicion
from likelihand.geometry import FloatArray, box_length, box_of_points, check_box
from likelihand.structures import KEYPOINTS, Record, Visibility

CERTAIN: Final = 1000.0
"""Nats of an impossible label: more than any explanation of a hand's labels gains."""
MOST_REST: Final = 4.0
"""So many lengths of the middle three quarters' box may a keypoint lie outside it; a pointing finger lies 2."""


class Sifted(Wrapped):
    """A data set whose impossible labels are treated as missing and recorded.

    Not finite, over 2 box lengths outside the box, far from all the hand's others, or all at one place. Records
    are sifted when they are read.

    Args:
        dataset: the labelled hands.

    Attributes:
        wrong: position to the keypoints put aside, of the records read so far.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> class Slip:
        ...     def __len__(self):
        ...         return 1
        ...     def record(self, index):
        ...         record = DrawnHands(1).record(0)
        ...         record.points[8, 0] *= 100.0
        ...         return record
        >>> sifted = Sifted(Slip())
        >>> sifted.record(0).visibility[8], sifted.wrong
        (np.int8(0), {0: (8,)})
    """

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        self.wrong: dict[int, tuple[int, ...]] = {}

    def groups(self) -> list[str]:
        """List every record's group."""
        return [self.record(i).inseparable for i in range(len(self))]

    def record(self, index: int) -> Record:
        """Return the hand at `index` without its impossible labels.

        Raises:
            ValueError: the reader refuses it for something else than its labels.
        """
        record = self._record(index)
        wrong = impossible(record)
        if not wrong.any():
            return record
        self.wrong[index] = tuple(int(k) for k in np.flatnonzero(wrong))
        points = np.where(wrong[:, None], 0.0, record.points)
        visibility = np.where(wrong, Visibility.UNLABELLED, record.visibility).astype(np.int8)
        return replace(record, points=points, visibility=visibility, box=_box(record, points, visibility != 0))

    def _record(self, index: int) -> Record:
        try:
            return self.dataset.record(index)
        except LabelError as error:
            if error.record is None or np.shape(error.record.points) != (21, 2):
                raise
            return error.record

    def suspicions(self) -> list[Suspicion]:
        """List the hands with labels that were set aside, most keypoints first."""
        order = sorted(self.wrong.items(), key=lambda item: (-len(item[1]), item[0]))
        return [
            Suspicion(index, OUTLIER, f"{_named(wrong)}: impossible", CERTAIN, wrong) for index, wrong in order
        ]


def _named(wrong: tuple[int, ...]) -> str:
    return ", ".join(KEYPOINTS[k] for k in wrong) if len(wrong) < len(KEYPOINTS) else "all keypoints"


def impossible(record: Record) -> NDArray[np.bool_]:
    """Say of each keypoint (21,) whether it is labelled where it cannot be."""
    labelled = record.labelled
    bad = labelled & ~np.isfinite(record.points).all(1)
    rest = labelled & ~bad
    if rest.sum() > 1 and not np.ptp(record.points[rest], axis=0).any():
        return labelled
    if _usable(record.box):
        bad |= rest & _outside(record.points, record.box, FAR * box_length(record.box))
    if rest.sum() >= 8:
        points = record.points[rest]
        away = np.abs(points - np.median(points, axis=0)).max(1)
        middle = box_of_points(points[away <= np.quantile(away, 0.75)])
        bad |= rest & _outside(record.points, middle, MOST_REST * box_length(middle))
    return bad


def _outside(points: FloatArray, box: FloatArray, reach: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray(((points < box[:2] - reach) | (points > box[2:] + reach)).any(1))


def _usable(box: FloatArray) -> bool:
    try:
        check_box(box)
    except ValueError:
        return False
    return True


def _box(record: Record, points: FloatArray, labelled: NDArray[np.bool_]) -> FloatArray:
    """Keep the box, or take the tight one of what is left where it was drawn around an impossible label."""
    put_aside = record.labelled & ~labelled
    with np.errstate(invalid="ignore"):
        inside = ((record.points >= record.box[:2]) & (record.points <= record.box[2:])).all(1)
    drawn_around = bool((inside & put_aside).any()) and labelled.sum() > 1
    if _usable(record.box) and not drawn_around:
        return np.asarray(record.box, np.float64)
    left = box_of_points(points, labelled) if labelled.any() else np.zeros(4)
    return left if _usable(left) else left + np.array([-0.5, -0.5, 0.5, 0.5])
