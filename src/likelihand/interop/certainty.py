"""Rank pictures for annotation, the least certain first."""

from collections.abc import Iterable
from typing import Any, TypeAlias

Line: TypeAlias = dict[str, Any]
"""A picture or frame as `likelihand predict` writes it, one a line of its JSON Lines."""


def certainty(line: Line) -> float | None:
    """Return the mean confidence in 0..1 of a picture's least certain hand; None without a hand.

    Example:
        >>> certainty({"hands": [{"confidence": [0.9, 0.7]}, {"confidence": [0.5, 0.1]}]})
        0.3
    """
    return min((sum(hand["confidence"]) / len(hand["confidence"]) for hand in line["hands"]), default=None)


def least_certain_first(lines: Iterable[Line]) -> list[Line]:
    """Sort pictures by certainty; those without a hand, of which nothing is known, come last.

    Example:
        >>> lines = [{"hands": []}, {"hands": [{"confidence": [0.9]}]}, {"hands": [{"confidence": [0.2]}]}]
        >>> [certainty(line) for line in least_certain_first(lines)]
        [0.2, 0.9, None]
    """
    keyed = [(certainty(line), line) for line in lines]
    return [line for _, line in sorted(keyed, key=lambda pair: (pair[0] is None, pair[0] or 0.0))]
