"""Hands in space, frame by frame, from the tracked hands of several cameras."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from likelihand.reconstruction.multiview.camera import Camera
from likelihand.reconstruction.multiview.fitted import LEAST, SpaceFit, fit_views, student
from likelihand.reconstruction.multiview.matching import Numbers, match_hands
from likelihand.reconstruction.multiview.triangulation import FREEDOM, Triangulated, triangulate
from likelihand.structures import Side
from likelihand.tracking.tracker import TrackedHand
from likelihand.uncertainty import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SpaceHand:
    """A hand in space.

    Attributes:
        number: that it keeps from frame to frame.
        side: "left" or "right", as most of its views say; None where none does.
        found: its 21 points, and what each camera had to say.
        views: of the cameras that see it.
        fit: the one hand behind all its views; None where none was asked for, or where fewer than four keypoints
            are seen by two cameras.
    """

    number: int
    side: Side | None
    found: Triangulated
    views: tuple[int, ...]
    fit: SpaceFit | None = None

    @property
    def points(self) -> FloatArray:
        """(21, 3) the fit's joints, or, where there is none, the triangulated points."""
        return self.found.points if self.fit is None else self.fit.joints

    @property
    def covariance(self) -> FloatArray:
        """(21, 3, 3) of the points."""
        return self.found.covariance if self.fit is None else self.fit.covariance


class SpaceTracker:
    """Triangulates the tracked hands of several cameras.

    Args:
        cameras: two or more, in one world.
        freedom: of the deviations, see `likelihand.reconstruction.multiview.triangulate`.
        fitted: whether one hand is fitted to all its views, see `likelihand.reconstruction.multiview.fit_views`.

    Example:
        >>> matrix = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
        >>> pair = [Camera(matrix), Camera(matrix, translation=np.array([-0.2, 0.0, 0.0]))]
        >>> truth = np.random.default_rng(0).uniform(-0.1, 0.1, (21, 3)) + [0, 0, 2]
        >>> views = [[TrackedHand(c.project(truth), np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)))]
        ...     for c in pair]
        >>> hand, = SpaceTracker(pair)(views)
        >>> hand.number, hand.views, bool(np.allclose(hand.found.points, truth))
        (0, (0, 1), True)
    """

    def __init__(self, cameras: Sequence[Camera], freedom: float = FREEDOM, fitted: bool = False) -> None:
        if len(cameras) < 2:
            raise ValueError(f"{len(cameras)} camera; space needs two or more")
        self.cameras, self.freedom, self.fitted = cameras, freedom, fitted
        self._numbers = Numbers()

    def __call__(self, views: Sequence[Sequence[TrackedHand]]) -> list[SpaceHand]:
        """Process the next frame's hands of each camera; return those that two or more cameras see."""
        seen = [[hand for hand in hands if hand.seen] for hands in views]
        groups = match_hands(self.cameras, seen)
        members = [{view: seen[view][place] for view, place in group.items()} for group in groups]
        numbers = self._numbers([{view: hand.track for view, hand in member.items()} for member in members])
        return [self._hand(number, member) for number, member in zip(numbers, members, strict=True)]

    def _hand(self, number: int, member: dict[int, TrackedHand]) -> SpaceHand:
        points: FloatArray = np.full((len(self.cameras), 21, 2), np.nan)
        covariances: FloatArray = np.full((len(self.cameras), 21, 2, 2), np.nan)
        for view, hand in member.items():
            points[view], covariances[view] = hand.points, hand.covariance
        sides = Counter(hand.side for hand in member.values() if hand.side is not None).most_common(1)
        found = triangulate(self.cameras, points, covariances, freedom=self.freedom)
        fit = self._fit(member, found) if self.fitted else None
        return SpaceHand(number, sides[0][0] if sides else None, found, tuple(member), fit)

    def _fit(self, member: dict[int, TrackedHand], found: Triangulated) -> SpaceFit | None:
        """Fit a hand to its views, whose deviations have the tail of the triangulation: lines tell none."""
        if np.isfinite(found.points).all(1).sum() < LEAST:
            return None
        tail = student(self.freedom)
        seen = [replace(member[v], radial=tail) if v in member else None for v in range(len(self.cameras))]
        return fit_views(self.cameras, seen)
