"""Suppress hands that were found twice."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from likelihand.geometry import box_length, box_of_points
from likelihand.structures import Hand

SAME_HAND: Final = 0.2
"""Two hands are one where their points lie closer than this share of the hand's size, in the mean."""


def without_duplicates(hands: Sequence[Hand], closest: float = SAME_HAND) -> list[Hand]:
    """Keep one of the hands whose points agree: of the higher score times clarity, else of the smaller scale.

    Hands are one where the mean distance of their points is below `closest`, a share of the larger one's size.

    Example:
        >>> points = np.arange(42.0).reshape(21, 2)
        >>> once, again = (Hand(points + d, np.ones((21, 2)), np.zeros(4), score=0.9 - d) for d in (0.0, 0.5))
        >>> [hand.score for hand in without_duplicates([again, once])]
        [0.9]
    """
    order = sorted(range(len(hands)), key=lambda i: _doubt(hands[i]))
    kept: list[int] = []
    for i in order:
        if all(distance(hands[i], hands[k]) >= closest for k in kept):
            kept.append(i)
    return [hands[i] for i in sorted(kept)]


def distance(first: Hand, second: Hand) -> float:
    """Return the mean distance of two hands' points, over the size of the larger hand.

    Example:
        >>> points = np.arange(42.0).reshape(21, 2)
        >>> first, second = (Hand(points + d, np.ones((21, 2)), np.zeros(4)) for d in (0.0, 4.0))
        >>> round(distance(first, second), 4)
        0.1414
    """
    size = max(_size(first), _size(second))
    return float(np.linalg.norm(first.points - second.points, axis=1).mean() / max(size, 1e-9))


def _size(hand: Hand) -> float:
    return box_length(box_of_points(hand.points))


def _doubt(hand: Hand) -> tuple[float, float]:
    return -hand.score * hand.clarity, float(hand.scale.mean()) / max(_size(hand), 1e-9)
