"""Match hands between cameras, and number them in space."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final, TypeAlias

import numpy as np

from likelihand.reconstruction.multiview.camera import Camera
from likelihand.structures import Hand
from likelihand.uncertainty import FloatArray

Group: TypeAlias = dict[int, int]
"""One hand in space: view to the hand's place in it."""

FARTHEST: Final = 6.0
"""Median distance of two hands' keypoints from each other's epipolar lines, in standard deviations, up to which
they may be one hand: regions are stated for one keypoint at a time, and errors within a hand go together."""
OTHER_SIDE: Final = 2.0
"""Standard deviations that a contradiction of left and right counts for."""


def match_hands(
    cameras: Sequence[Camera], views: Sequence[Sequence[Hand]], farthest: float = FARTHEST
) -> list[Group]:
    """Match the hands that two or more cameras see.

    Two hands may be one where the keypoints of each lie on the epipolar lines of the other's, as closely as their
    covariances say. The pair that fits best is taken first; a hand is in one group, a group has one hand of a
    view.

    Args:
        cameras: one per view.
        views: the hands of each view, in its pixels.
        farthest: median distance from the epipolar lines, in standard deviations, of one hand.

    Returns:
        The groups, the best pair's first.

    Example:
        >>> matrix = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
        >>> pair = [Camera(matrix), Camera(matrix, translation=np.array([-0.2, 0.0, 0.0]))]
        >>> hands = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 21, 3)) + [[[0.2, 0, 2]], [[-0.3, 0.1, 2]]]
        >>> covariance = np.tile(np.eye(2), (21, 1, 1))
        >>> def seen(camera, points):
        ...     return Hand(camera.project(points), np.ones((21, 2)), np.zeros(4), covariance)
        >>> match_hands(pair, [[seen(pair[0], h) for h in hands], [seen(pair[1], h) for h in hands[::-1]]])
        [{0: 0, 1: 1}, {0: 1, 1: 0}]
    """
    lit = [[_flat(camera, hand) for hand in hands] for camera, hands in zip(cameras, views, strict=True)]
    pairs = []
    for first, second in combinations(range(len(views)), 2):
        essential = _essential(cameras[first], cameras[second])
        for i, a in enumerate(views[first]):
            for j, b in enumerate(views[second]):
                away = _epipolar_distance(essential, lit[first][i], lit[second][j])
                if away <= farthest:
                    other = a.side is not None and b.side is not None and a.side != b.side
                    pairs.append((away + OTHER_SIDE * other, (first, i), (second, j)))
    return _joined(sorted(pairs, key=lambda pair: pair[0]))


def _joined(pairs: Sequence[tuple[float, tuple[int, int], tuple[int, int]]]) -> list[Group]:
    """Join pairs, the best first, so that no group has two hands of a view."""
    groups: list[Group] = []
    for _, first, second in pairs:
        own = [next((g for g in groups if g.get(view) == place), None) for view, place in (first, second)]
        parts = [{view: place} if g is None else g for g, (view, place) in zip(own, (first, second), strict=True)]
        if (own[0] is not None and own[0] is own[1]) or parts[0].keys() & parts[1].keys():
            continue
        place = next((i for i, g in enumerate(groups) if g is own[0] or g is own[1]), len(groups))
        groups = [g for g in groups if g is not own[0] and g is not own[1]]
        groups.insert(place, dict(sorted((parts[0] | parts[1]).items())))
    return groups


def _flat(camera: Camera, hand: Hand) -> tuple[FloatArray, FloatArray]:
    """Return a hand's rays (21, 2) on the plane at depth 1 and their covariances (21, 2, 2)."""
    rays, jacobians = camera.rays(hand.points)
    return rays, jacobians @ hand.covariance @ np.swapaxes(jacobians, -1, -2)


def _essential(first: Camera, second: Camera) -> FloatArray:
    """Return E with x2^T E x1 = 0 for two rays (x, y, 1) that meet (Longuet-Higgins, 1981)."""
    rotation = second.rotation @ first.rotation.T
    x, y, z = second.translation - rotation @ first.translation
    return np.asarray(np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ rotation)


def _epipolar_distance(
    essential: FloatArray, first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray]
) -> float:
    """Return the median of how far rays are from meeting, in standard deviations; infinity where none is seen."""
    (a, a_covariance), (b, b_covariance) = first, second
    ones = np.ones((len(a), 1))
    to_second = np.hstack([a, ones]) @ essential.T
    to_first = np.hstack([b, ones]) @ essential
    gap = (np.hstack([b, ones]) * to_second).sum(-1)
    variance = np.einsum("ni,nij,nj->n", to_second[:, :2], b_covariance, to_second[:, :2])
    variance += np.einsum("ni,nij,nj->n", to_first[:, :2], a_covariance, to_first[:, :2])
    away = np.abs(gap) / np.sqrt(np.maximum(variance, 1e-30))
    known = away[np.isfinite(away)]
    return float(np.median(known)) if len(known) else float("inf")


class Numbers:
    """Numbers hands in space: a hand keeps the number that its views' tracks had.

    Example:
        >>> numbers = Numbers()
        >>> numbers([{0: 5, 1: 2}]), numbers([{0: 9, 2: 1}, {1: 2, 2: 7}])
        ([0], [1, 0])
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], int] = {}
        self._next = 0

    def __call__(self, groups: Sequence[Mapping[int, int]]) -> list[int]:
        """Number the hands of a frame, each a mapping of views to track numbers there; no two alike."""
        claims = [Counter(self._known[t] for t in group.items() if t in self._known) for group in groups]
        order = sorted(range(len(groups)), key=lambda i: -max(claims[i].values(), default=0))
        given: dict[int, int] = {}
        for i in order:
            free = [number for number, _ in claims[i].most_common() if number not in given.values()]
            given[i] = free[0] if free else self._next
            self._next = max(self._next, given[i] + 1)
        for i, group in enumerate(groups):
            self._known |= dict.fromkeys(group.items(), given[i])
        return [given[i] for i in range(len(groups))]
