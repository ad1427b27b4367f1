"""Structures shared by all parts: a data set's record, a network's sample, a predicted hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.geometry import Image
from likelihand.hand import Side, index_of
from likelihand.uncertainty import GAUSSIAN, REACH, Ellipses, Radial, chance_within, ellipses, size_of_hand

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
    def weight(self) -> NDArray[np.float32]:
        """(21,) float32: 1 where labelled, else 0."""
        return np.asarray(self.visibility != Visibility.UNLABELLED, np.float32)

    @property
    def traits(self) -> NDArray[np.float32]:
        """(2,) float32, as `likelihand.hand.TRAITS`: 1 for yes, 0 for no, NaN where the data set does not say."""
        side = np.nan if self.side is None else float(self.side == "right")
        return np.array([side, float(self.present)], np.float32)


class KeypointLabels(NamedTuple, Generic[A]):
    """Training targets of a crop of one hand, or with a leading axis (N, ...) of a batch.

    Attributes:
        target: (21, 2) float32 (x, y) in crop pixels; 0 where not labelled.
        weight: (21,) float32: 1 where labelled, else 0.
        traits: (2,) float32 of `likelihand.hand.TRAITS`: 1 for yes, 0 for no, NaN where unknown; a mirrored hand
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


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A predicted hand.

    Attributes:
        points: (21, 2) float64 (x, y) in image pixels, corner origin.
        scale: (21, 2) float64, the standard deviation along x and y in image pixels: the root of the covariance's
            diagonal.
        box: (4,) float64 (x0, y0, x1, y1), the region that was cropped, in image pixels.
        covariance: (21, 2, 2) float64 in square image pixels. Of a calibrated model, its ellipse of the radius
            that holds 68 % of a Gaussian holds 68 % of the truth, on pictures like those of the calibration; of
            another, the network's own scale. It speaks of one keypoint at a time: errors within a hand go
            together, so chances of several keypoints do not multiply.
        side: "left", "right", or None where the model does not say.
        score: chance in 0..1 that this is a hand, of a found one from detector and model together; where the box
            was given, the model's alone, 1 of a model that does not say.
        radial: how probability grows with the distance from a point in units of its covariance.
        picture: (height, width) of the picture in pixels; None where it is not known.
        clarity: mean confidence of the keypoints as the model's first calibration states it, in 0..1, whichever
            calibration was asked for; 1 of a model without one. What is no hand has little: the rules that drop
            such finds go by it, so that the choice of a calibration does not change which hands are found.
        depth: (21,) float64, how much farther from the camera than the mean of all keypoints each one is, in image
            pixels at the wrist's distance: (x, y, depth) is the hand in space as seen from afar. None where the
            model does not say.
        depth_scale: (21,) float64, the scale of a Laplace density about each depth, likewise.

    Example:
        >>> hand = Hand(points=np.arange(42.0).reshape(21, 2), scale=np.ones((21, 2)), box=np.zeros(4))
        >>> hand["index_tip"]
        array([16., 17.])
    """

    points: NDArray[np.float64]
    scale: NDArray[np.float64]
    box: NDArray[np.float64]
    covariance: NDArray[np.float64] = field(default_factory=lambda: np.zeros((21, 2, 2)))
    side: Side | None = None
    score: float = 1.0
    radial: Radial = GAUSSIAN
    picture: tuple[int, int] | None = None
    clarity: float = 1.0
    depth: NDArray[np.float64] | None = None
    depth_scale: NDArray[np.float64] | None = None

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(21,) whether each estimate lies inside the picture; all True where its size is not known.

        Example:
            >>> points = np.linspace(0.0, 84.0, 42).reshape(21, 2)
            >>> int(Hand(points, np.ones((21, 2)), np.zeros(4), picture=(48, 64)).inside.sum())
            12
        """
        if self.picture is None:
            return np.ones(len(self.points), bool)
        return np.asarray(((self.points >= 0) & (self.points <= self.picture[::-1])).all(1))

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(21,) probability in 0..1 that the true keypoint lies within 10 % of the hand's size of its estimate.

        The size is max(width, height) of the tight box of the 21 *estimated* points, which is known for every
        picture and whatever is labelled; `likelihand.evaluation.calibration` measures by the same. Confidence
        falls as the covariance grows against the hand, so it can be compared between keypoints, hands and
        pictures. Each is about one keypoint: errors within a hand go together, so the chance that several are
        right is not their product (it is larger).
        """
        return chance_within(REACH * size_of_hand(self.points), self.covariance, self.radial)

    def region(self, level: float = 0.9) -> Ellipses:
        """Return the ellipses that contain each keypoint with a given probability.

        Args:
            level: from 0 to below 1.

        Returns:
            Centres (21, 2), semi-axes (21, 2), the larger first, in image pixels, and angles (21,).

        Raises:
            ValueError: the level is no such probability.

        Example:
            >>> hand = Hand(np.zeros((21, 2)), np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)))
            >>> hand.region(0.9).axes[0].round(3)
            array([2.146, 2.146])
        """
        return ellipses(self.points, self.covariance, float(self.radial.radius(level)))

    def to_json(self) -> dict[str, Any]:
        """Return the hand as JSON values, as every command writes them.

        Returns:
            `keypoints`, `scale`, `covariance`, `confidence`, `inside`, `box`, `side` and `score`; lengths in image
            pixels, rounded to a thousandth, the score to four digits.

        Raises:
            ValueError: the model gave a number that is not finite.

        Example:
            >>> Hand(np.full((21, 2), 1 / 3), np.ones((21, 2)), np.zeros(4)).to_json()["keypoints"][0]
            [0.333, 0.333]
        """
        if not all(np.isfinite(v).all() for v in (self.points, self.scale, self.covariance)):
            raise ValueError("the model gave points that are not finite; it is damaged or badly trained")
        return {
            "keypoints": _rounded(self.points),
            "scale": _rounded(self.scale),
            "covariance": _rounded(self.covariance),
            "confidence": _rounded(self.confidence),
            "inside": self.inside.tolist(),
            "box": _rounded(self.box),
            "side": self.side,
            "score": round(self.score, 4),
        }

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return the (x, y) of the keypoint `name`, one of `likelihand.hand.KEYPOINTS`.

        Raises:
            KeyError: no keypoint has this name.
        """
        return np.asarray(self.points[index_of(name)])

    def __repr__(self) -> str:
        """Return one line that tells hands apart; with its arrays a hand would fill three screens."""
        box = ", ".join(f"{edge:.0f}" for edge in self.box)
        told = [f"side={self.side!r}", f"score={self.score:.2f}", f"box=[{box}]"]
        told += [f"{name}={getattr(self, name)}" for name in ("track", "seen") if hasattr(self, name)]
        return f"{type(self).__name__}({', '.join(told)})"


def _rounded(values: ArrayLike) -> list[Any]:
    numbers: list[Any] = np.asarray(values, np.float64).round(3).tolist()
    return numbers
