"""What may have gone wrong with labels: named patterns, and wrong keypoint orders."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import FloatArray
from likelihand.structures import FINGER_KEYPOINTS, FINGERS, RHD_ORDER

SUSPECT: Final = 8.0
"""Nats by which an explanation must beat the label as it stands for the label to be a suspect."""
OUTLIER: Final = "outlier"
SWAPPED: Final = "fingers swapped"
REVERSED: Final = "finger reversed"
TIP_TO_PALM: Final = "fingers counted from tip to palm"
LITTLE_FIRST: Final = "fingers counted from little to thumb"
MIRRORED: Final = "mirrored left to right"
SHIFTED: Final = "shifted"
SIDE: Final = "left and right swapped"
PATTERNS: Final = (OUTLIER, SWAPPED, REVERSED, TIP_TO_PALM, LITTLE_FIRST, MIRRORED, SHIFTED, SIDE)


@dataclass(frozen=True)
class Suspicion:
    """The best explanation of one hand's labels other than that they are right.

    Attributes:
        index: position in the data set.
        pattern: one of `PATTERNS`.
        detail: what of it, in words.
        nats: log-odds of the explanation against the labels as they stand, before any prior.
        keypoints: those that the explanation says are wrong.
        suspect: whether `nats` reaches `SUSPECT`.
    """

    index: int
    pattern: str
    detail: str
    nats: float
    keypoints: tuple[int, ...]

    @property
    def suspect(self) -> bool:
        """Whether the explanation is significantly better than the labels as they stand."""
        return self.nats >= SUSPECT


@cache
def orders() -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """List the wrong orders that are tried: pattern, detail, and the permutation that corrects them."""
    found: list[tuple[str, str, tuple[int, ...]]] = []
    for i, first in enumerate(FINGERS):
        for second in FINGERS[i + 1 :]:
            found.append((SWAPPED, f"{first} and {second}", _moved({first: second, second: first})))
        order = list(range(21))
        for place, source in zip(FINGER_KEYPOINTS[first], reversed(FINGER_KEYPOINTS[first]), strict=True):
            order[place] = source
        found.append((REVERSED, first, tuple(order)))
    found.append((TIP_TO_PALM, "", RHD_ORDER))
    found.append((LITTLE_FIRST, "", _moved(dict(zip(FINGERS, reversed(FINGERS), strict=True)))))
    return tuple(found)


def _moved(source: dict[str, str]) -> tuple[int, ...]:
    order = list(range(21))
    for finger, other in source.items():
        for place, taken in zip(FINGER_KEYPOINTS[finger], FINGER_KEYPOINTS[other], strict=True):
            order[place] = taken
    return tuple(order)


def mirrored_in_box(target: FloatArray, labelled: NDArray[np.bool_]) -> FloatArray:
    """Mirror points (K, 2) left to right about the middle of the labelled ones' box.

    Example:
        >>> mirrored_in_box(np.array([[1.0, 5.0], [4.0, 6.0]]), np.array([True, True]))
        array([[4., 5.],
               [1., 6.]])
    """
    x = target[labelled, 0]
    return np.asarray([x.min() + x.max(), 0.0] + target * [-1.0, 1.0])
