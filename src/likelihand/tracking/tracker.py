"""Track hands from frame to frame, each with its own number and side.

The detector runs only when needed: at first, when a hand is lost, and at intervals for new ones.
Between, a hand's next crop is the box around its points as the filter expects them. A hand that another one hides
goes on as it moved until it is seen again, by where it is and which side it is of.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import BOX_PADDING, FloatArray, Image, box_iou, box_length, box_of_points, points_inside
from likelihand.inference.predictor import CONFIDENCE, FindHands, Found, is_clear, next_box
from likelihand.structures import Hand, Side
from likelihand.tracking.filters import PointFilter, Smoothed, Smoothing, median, spread
from likelihand.utils.validation import check_least

PredictBoxes: TypeAlias = Callable[[Image, FloatArray], Sequence[Hand]]
"""One hand a box, in the boxes' order, as `likelihand.Predictor` gives."""
EVERY: Final = 15
"""Frames between two looks of the detector for new hands, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """When a track starts, continues and ends.

    Attributes:
        every: frames between runs of the detector, besides those in which a hand is lost.
        idle: the same while there is no hand.
        presence: smallest chance of showing a hand, in 0..1, with which a crop counts as seen.
        start: the same for a new track: what was never seen to be a hand must look more like one.
        confidence: smallest mean confidence of a new track's keypoints (`Hand.clarity`); None as in photos.
        unsure: largest scale (median over the points) in spreads of the hand with which a crop counts as seen.
        jump: most that a hand's spread may grow or shrink from one frame to the next, as a factor.
        overlap: smallest intersection over union of a detection and a track that are one hand.
        same: mean distance of two hands' points, in spreads, below which they are one hand.
        coast: seconds for which an unseen hand is extrapolated, searched for there, and returned.
        memory: seconds after which a hand that is not seen is forgotten; found earlier it keeps its number.
        most: greatest number of hands; None for any.

    Raises:
        ValueError: a number is out of range.

    Example:
        >>> Tracking(every=0)
        Traceback (most recent call last):
        ValueError: tracking's every is 0; give 1 or more
    """

    every: int = EVERY
    idle: int = 3
    presence: float = 0.5
    start: float = 0.95
    confidence: float | None = None
    unsure: float = 1.0
    jump: float = 1.8
    overlap: float = 0.3
    same: float = 0.4
    coast: float = 0.2
    memory: float = 1.0
    most: int | None = None

    def __post_init__(self) -> None:
        least = {"every": 1, "idle": 1, "jump": 1, "most": 1, "coast": 0, "memory": 0, "same": 0}
        for name, low in least.items():
            check_least(f"tracking's {name}", getattr(self, name), low)
        for name in ("presence", "start", "overlap", "confidence"):
            if (value := getattr(self, name)) is not None and not 0 <= value <= 1:
                raise ValueError(f"tracking's {name} is {getattr(self, name)}; give a number in 0..1")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TrackedHand(Hand):
    """A tracked hand: a `Hand` with smoothed points and the state of its track.

    Attributes:
        track: number of the track, from 0, never used twice.
        seen: False where the hand is hidden or missed in this frame and its points are where it should be.
        observed: (21, 2) the model's points of this frame before smoothing, image pixels; None where not seen.

    Example:
        >>> hand = TrackedHand(np.zeros((21, 2)), np.ones((21, 2)), np.zeros(4), track=3)
        >>> hand.track, hand.seen
        (3, True)
    """

    track: int = 0
    seen: bool = True
    observed: NDArray[np.float64] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the hand as JSON values: its track, whether it is seen, then what `Hand.to_json` gives."""
        return {"track": self.track, "seen": self.seen, **Hand.to_json(self)}


class Tracker:
    """Tracks the hands of a film, frame by frame.

    Args:
        predict: finds the points in boxes; a `likelihand.Predictor` will do.
        detect: finds the boxes in a picture.
        settings: when tracks start and end.
        smoothing: the filter's weights; None gives the points as the model does.

    Example:
        >>> def predict(image, boxes):                     # a model that sees a hand wherever it looks
        ...     shape = np.random.default_rng(0).random((21, 2))
        ...     return [Hand(box[:2] + shape * (box[2:] - box[:2]), np.ones((21, 2)), box) for box in boxes]
        >>> follow = Tracker(predict, whole_picture, Tracking(most=1))
        >>> frames = [np.zeros((48, 64, 3), np.uint8)] * 3
        >>> [[hand.track for hand in follow(frame, i / 30)] for i, frame in enumerate(frames)]
        [[0], [0], [0]]
    """

    def __init__(
        self,
        predict: PredictBoxes,
        detect: FindHands,
        settings: Tracking | None = None,
        smoothing: Smoothing | None = Smoothing(),  # noqa: B008
    ) -> None:
        self.predict = predict
        self.detect = detect
        self.settings = settings or Tracking()
        self.smoothing = smoothing
        self._tracks: list[_Track] = []
        self._frame = -1
        self._seconds = 0.0
        self._next = 0

    def __call__(self, image: Image, seconds: float) -> list[TrackedHand]:
        """Process the next frame.

        Args:
            image: (height, width, 3) uint8 RGB, of the same size each time.
            seconds: the frame's time; it may not go back.

        Returns:
            The hands, the oldest track first, in image pixels.

        Raises:
            ValueError: time goes back, or the image is none.
        """
        elapsed = seconds - self._seconds if self._frame >= 0 else 0.0
        if not (elapsed >= 0 and math.isfinite(seconds)):
            raise ValueError(f"frame at {seconds} s after one at {self._seconds} s; give frames in order")
        self._frame, self._seconds = self._frame + 1, seconds
        for track in self._tracks:
            track.wait(elapsed, self.settings.coast)
        seen = self._followed(image)
        if self._is_due(seen):
            seen |= self._detected(image, seen)
        for track in self._tracks:
            track.take(seen.get(track.number), elapsed)
        self._tracks = [t for t in self._tracks if t.seen or t.unseen <= self.settings.memory]
        shown = (t for t in self._tracks if t.seen or t.unseen <= self.settings.coast)
        return [track.hand(self.smoothing is not None) for track in shown]

    def _followed(self, image: Image) -> dict[int, Hand]:
        """Search where the tracks are expected; return the hands found there."""
        looked = [t for t in self._tracks if t.live and _shows(t.box, image)]
        if not looked:
            return {}
        hands = self.predict(image, np.array([t.box for t in looked]))
        seen = {t.number: hand for t, hand in zip(looked, hands, strict=True) if self._is_good(hand, image, t)}
        return self._apart(seen)

    def _is_good(self, hand: Hand, image: Image, track: "_Track | None" = None) -> bool:
        """Tell whether a crop's answer looks like a hand, and like the one that its track saw of late."""
        s = self.settings
        if hand.score < s.presence or not (np.isfinite(hand.points).all() and np.isfinite(hand.covariance).all()):
            return False
        inside = np.count_nonzero(points_inside(hand.points, image.shape[:2]))
        wide = spread(hand.points)
        sure = median(hand.scale) <= s.unsure * wide
        alike = track is None or not track.live or 1 / s.jump <= wide / track.size <= s.jump
        return bool(inside >= _INSIDE * len(hand.points) and wide >= _SMALLEST and sure and alike)

    def _apart(self, seen: dict[int, Hand]) -> dict[int, Hand]:
        """Where two tracks claim one hand, assign it to the one that predicted it best and has its side."""
        doubt = {t.number: t.surprise(seen[t.number]) for t in self._tracks if t.number in seen}
        kept: dict[int, Hand] = {}
        for number in sorted(doubt, key=lambda n: doubt[n]):
            if not any(self._is_same(seen[number], other) for other in kept.values()):
                kept[number] = seen[number]
        return kept

    def _is_same(self, first: Hand, second: Hand) -> bool:
        apart = float(np.linalg.norm(first.points - second.points, axis=1).mean())
        return apart < self.settings.same * min(spread(first.points), spread(second.points))

    def _is_due(self, seen: Mapping[int, Hand]) -> bool:
        lost = any(t.live and t.number not in seen for t in self._tracks)
        pause = self.settings.every if any(t.live for t in self._tracks) else self.settings.idle
        return lost or self._frame % min(pause, self.settings.every) == 0

    def _detected(self, image: Image, seen: Mapping[int, Hand]) -> dict[int, Hand]:
        """Run the detector; return the hands of the tracks that it finds again, and of new ones.

        A hand is predicted twice, so that its next crop is like its first.
        """
        found = [f for f in self.detect(image) if _shows(f.box, image)]
        owner = self._owners(found, seen)
        for i, track in owner.items():
            track.vote(found[i].side, _DETECTOR_VOTE)
        open_ = [i for i, f in enumerate(found) if i not in owner or not self._fits(seen.get(owner[i].number), f)]
        if not open_:
            return {}
        hands = self.predict(image, np.array([found[i].box for i in open_], np.float64))
        closer = [box if _shows(box := next_box(hand), image) else hand.box for hand in hands]
        hands = self.predict(image, np.array(closer))
        again: dict[int, Hand] = {}
        for i, hand in zip(open_, hands, strict=True):
            owned = owner.get(i)
            lost = owned if owned is None or owned.number not in seen else None
            others = [h for n, h in {**seen, **again}.items() if owned is None or n != owned.number]
            if not self._is_good(hand, image, lost) or any(self._is_same(hand, other) for other in others):
                continue
            owned = owned or (self._started(hand, found[i].side, owner) if self._may_start(hand) else None)
            if owned is not None:
                owned.filter = None  # what it saw before is of another place
                again[owned.number] = hand
        return again

    def _may_start(self, hand: Hand) -> bool:
        """Tell whether what was never seen before is surely a hand, and its keypoints have a place."""
        s = self.settings
        return hand.score >= s.start and is_clear(hand, CONFIDENCE if s.confidence is None else s.confidence)

    def _fits(self, hand: Hand | None, found: Found) -> bool:
        return hand is not None and bool(box_iou(box_of_points(hand.points), found.box) >= self.settings.overlap)

    def _owners(self, found: Sequence[Found], seen: Mapping[int, Hand]) -> dict[int, "_Track"]:
        """Match detections and tracks one to one, the best pair first."""
        pairs = [
            (affinity, i, track)
            for track in self._tracks
            for i, f in enumerate(found)
            if (affinity := self._affinity(track, f, seen.get(track.number))) > 0
        ]
        owner: dict[int, _Track] = {}
        for _, i, track in sorted(pairs, key=lambda pair: -pair[0]):
            if i not in owner and track not in owner.values():
                owner[i] = track
        return owner

    def _affinity(self, track: "_Track", found: Found, hand: Hand | None) -> float:
        """Return how well a detection fits a track: above 0 if they may be one hand, less where sides differ."""
        other_side = _OTHER_SIDE if found.side and track.side and found.side != track.side else 0.0
        if hand is not None:
            shared = float(box_iou(box_of_points(hand.points), found.box))
            inside = float(((hand.points >= found.box[:2]) & (hand.points <= found.box[2:])).all(1).mean())
            fit = max(shared, inside / 2)
            return 1 + fit - other_side if fit >= self.settings.overlap else 0.0
        reach = (1 + 2 * track.unseen) * max(box_length(track.box), box_length(found.box))
        away = float(np.linalg.norm((track.box - found.box).reshape(2, 2).sum(0))) / 2
        return max(0.0, 1 - away / reach - other_side)

    def _started(self, hand: Hand, side: Side | None, owner: Mapping[int, "_Track"]) -> "_Track | None":
        """Start a track where there may be one more, or in place of one that is lost and owns no detection."""
        if self.settings.most is not None and len(self._tracks) >= self.settings.most:
            lost = [t for t in self._tracks if not t.live and t not in owner.values()]
            if not lost:
                return None
            self._tracks.remove(max(lost, key=lambda t: t.unseen))
        track = _Track(self._next, self.smoothing or Smoothing(), hand)
        track.vote(side, _DETECTOR_VOTE)
        self._next += 1
        self._tracks.append(track)
        return track


_INSIDE: Final = 0.3  # least share of the points inside the picture
_SMALLEST: Final = 3.0  # least spread in pixels
_DETECTOR_VOTE: Final = 3.0
_MOST_VOTES: Final = 30.0  # a side's lead is cut here, so that a second of the other side's votes turns it
_OTHER_SIDE: Final = 0.4  # what an affinity loses where the sides differ
_FARTHEST: Final = 1.5  # most spreads that a hand is expected to move between frames


@dataclass(slots=True, eq=False)
class _Track:
    """The state of one tracked hand.

    Attributes:
        number: never used twice.
        smoothing: the filter's weights.
        last: the hand as the model last gave it.
        box: (4,) where it should be in this frame.
        unseen: seconds since it was seen.
        live: whether it is searched for at its expected place; else only a detection finds it again.
        lead: votes for a right hand less votes for a left one.
        size: spread of the points of `last`.
    """

    number: int
    smoothing: Smoothing
    last: Hand
    filter: PointFilter | None = None
    smoothed: Smoothed | None = None
    expected: FloatArray = field(default_factory=lambda: np.zeros((21, 2)))
    unseen: float = 0.0
    seen: bool = True
    live: bool = True
    lead: float = 0.0
    size: float = field(init=False)

    def __post_init__(self) -> None:
        self.size = spread(self.last.points)

    @property
    def side(self) -> Side | None:
        if self.lead == 0:
            return None
        return "right" if self.lead > 0 else "left"

    @property
    def box(self) -> FloatArray:
        return box_of_points(self.expected)

    def wait(self, elapsed: float, coast: float) -> None:
        """Let time pass; a hand unseen for longer than `coast` is waited for where it was last expected."""
        self.unseen += elapsed
        self.live = self.live and (self.seen or self.unseen <= coast)
        if self.filter is not None and self.live:
            now = self.filter.expected(0.0)
            move = self.filter.expected(elapsed) - now
            self.expected = now + move / max(1.0, float(np.linalg.norm(move.mean(0))) / (_FARTHEST * self.size))

    def surprise(self, hand: Hand) -> float:
        """Return how far a hand is from where it should be, in spreads; a wrong side counts as one."""
        away = float(np.linalg.norm(hand.points - self.expected, axis=1).mean()) / self.size
        return away + float(hand.side is not None and self.side is not None and hand.side != self.side)

    def vote(self, side: Side | None, weight: float = 1.0) -> None:
        """Count a vote for a side."""
        if side is not None:
            lead = self.lead + (weight if side == "right" else -weight)
            self.lead = float(np.clip(lead, -_MOST_VOTES, _MOST_VOTES))

    def take(self, hand: Hand | None, elapsed: float) -> None:
        """Take what is seen in this frame."""
        self.seen = hand is not None
        if hand is None:
            if self.live and self.filter is not None:
                self.smoothed = self.filter.step(None, seconds=elapsed)
            return
        if self.filter is None or not self.live:
            self.filter = PointFilter(self.smoothing)
        self.smoothed = self.filter.step(hand.points, hand.covariance, elapsed)
        self.vote(hand.side)
        self.last, self.unseen, self.live, self.size = hand, 0.0, True, spread(hand.points)

    def hand(self, smooth: bool) -> TrackedHand:
        """Return the hand as it is now."""
        assert self.smoothed is not None
        same = {f.name: getattr(self.last, f.name) for f in fields(Hand)}
        same["side"] = self.side
        if smooth or not self.seen:
            scale = np.sqrt(np.diagonal(self.smoothed.covariance, axis1=1, axis2=2))
            same |= {"points": self.smoothed.points, "covariance": self.smoothed.covariance, "scale": scale}
        return TrackedHand(
            **same, track=self.number, seen=self.seen, observed=self.last.points if self.seen else None
        )


@dataclass(frozen=True, slots=True)
class Region:
    """A region with a hand, as `likelihand.inference.detection.Detection`."""

    box: FloatArray
    side: Side | None = None
    score: float = 1.0


def whole_picture(image: Image) -> list[Region]:
    """Take a picture, (height, width, 3) uint8 RGB, for one hand: the box that, padded, is all of it.

    Example:
        >>> whole_picture(np.zeros((100, 200, 3), np.uint8))[0].box
        array([ 20.,  10., 180.,  90.])
    """
    height, width = image.shape[:2]
    middle, half = np.array([width, height]) / 2, np.array([width, height]) / 2 / BOX_PADDING
    return [Region(np.concatenate([middle - half, middle + half]))]


def _shows(box: FloatArray, image: Image) -> bool:
    """Tell whether a box has an area and shares some of it with the picture."""
    x0, y0, x1, y1 = map(float, box)
    return min(x1 - x0, y1 - y0) > 0 and x1 > 0 and y1 > 0 and x0 < image.shape[1] and y0 < image.shape[0]
