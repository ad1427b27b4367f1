"""From a picture and boxes to hands: crop, run, and map the result back through the inverse crop matrix."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from likelihand.data.images import Channels, Picture, as_image
from likelihand.geometry import (
    FloatArray,
    Image,
    box_length,
    box_of_points,
    check_boxes,
    invert,
    transform_covariances,
    transform_points,
    warp_image,
)
from likelihand.inference.duplicates import without_duplicates
from likelihand.inference.runtimes import Outputs, Runtime
from likelihand.inference.settings import PHOTOS
from likelihand.inference.tta import LOOKS, Answer, Look, beyond_edge, merge
from likelihand.structures import DEPTHS, Hand, Side
from likelihand.uncertainty import (
    GAUSSIAN,
    REACH,
    RENDERED,
    Calibration,
    chance_within,
    edge_nearness,
    look_covariance,
    size_of_hand,
)

PRESENCE: Final = 0.2
"""A detected hand is dropped where the hand model gives its crop a smaller chance than this to show a hand."""
SCORE: Final = 0.4
"""It is dropped too where the geometric mean of that chance and the detector's score is smaller than this."""
CONFIDENCE: Final = 0.32
"""And where the mean confidence of its keypoints (`Hand.clarity`) is smaller: no hand, no place for them."""
PROPOSED: Final = SCORE**2
"""The detector need not propose what it gives a smaller score than this: no presence could save it."""
_GLANCE: Final = 0.1
"""What the first of several looks gives a smaller chance than this gets no further look."""

DETECTOR_SIDE: Final = 0.8
"""Chance that the detector's side is right; its word is weighed against the hand model's as independent of it."""


class Found(Protocol):
    """A hand that a detector found, as `likelihand.inference.detection.Detection`."""

    @property
    def box(self) -> FloatArray:
        """(4,) tight box of the keypoints, image pixels."""

    @property
    def side(self) -> Side | None:
        """Left, right, or None where the detector does not say."""

    @property
    def score(self) -> float:
        """Chance in 0..1 that this is a hand."""


FindHands: TypeAlias = Callable[[Image], Sequence[Found]]


class Predictor:
    """Finds the 21 keypoints of the hands in a picture, and how sure it is of each.

    Args:
        runtime: runs crops; see `likelihand.load`.
        batch_size: crops in one call of the runtime.
        detector: finds the hands' boxes in a picture; without it a picture is taken for one hand.
        passes: how often the model looks: each pass after the first takes its crop around the points of the
            one before.
        tta: 1 to 4 crops of a hand in each pass, turned and mirrored, whose answers are joined: fewer gross
            errors for as many times the time; see `likelihand.inference.tta.merge`.
        presence: smallest chance of showing a hand, in 0..1, that keeps a detected hand; it counts where the
            model has the output `presence`.
        score: smallest geometric mean of this chance and the detector's score that keeps a detected hand: what
            one of them doubts, the other must be surer of.
        confidence: smallest mean confidence of its keypoints (`Hand.clarity`) that keeps a detected hand.
        calibration: what regions and confidence are to hold on: the name of one of the model's calibrations,
            "photos" or "rendered" say, or one of your own. None takes "photos" where the model has it, else
            "rendered", else what it has. Where the model has none for as many looks, the one for the most looks
            below stands in, and the regions hold more than they say.
        mirrored: whether pictures are mirror images, as selfie cameras make: what looks left is a right hand. A
            detector's sides are believed as they are.
        beyond: how far the crop of a box at the picture's edge reaches beyond it, as a share of the box's length:
            such a box may show part of a hand. 0 where boxes hold all of a hand, as those of tracks do.

    Attributes:
        calibration: the one in use; None where the model has none, and its scale is taken for a Gaussian's.

    Raises:
        ValueError: `batch_size`, `passes` or `tta` is below 1, there are fewer looks, or the model has no
            calibration of this name.

    Example:
        >>> from likelihand.inference.metadata import ModelMetadata
        >>> class Centre:                     # a runtime that always answers with the middle of the crop
        ...     metadata = ModelMetadata(size=(64, 64))
        ...     def __call__(self, crops):
        ...         return {"points": np.full((len(crops), 21, 2), 32.0), "scale": np.ones((len(crops), 21, 2))}
        >>> predict = Predictor(Centre())
        >>> predict(np.zeros((100, 200, 3), np.uint8), boxes=[[10, 20, 50, 60]])[0]["wrist"]
        array([30., 40.])
    """

    def __init__(
        self,
        runtime: Runtime,
        batch_size: int = PHOTOS["batch_size"],
        detector: FindHands | None = None,
        *,
        passes: int = PHOTOS["passes"],
        tta: int = PHOTOS["tta"],
        presence: float = PRESENCE,
        score: float = SCORE,
        confidence: float = CONFIDENCE,
        calibration: str | Calibration | None = None,
        mirrored: bool = False,
        beyond: float = PHOTOS["beyond"],
    ) -> None:
        for name, value in (("batch_size", batch_size), ("passes", passes)):
            if value < 1:
                raise ValueError(f"{name} is {value}; give 1 or more")
        if not 0 <= beyond <= 1:
            raise ValueError(f"beyond is {beyond}; give a share of a box in 0..1")
        if not 1 <= tta <= len(LOOKS):
            raise ValueError(f"tta is {tta}; give 1 to {len(LOOKS)}")
        self.runtime = runtime
        self.batch_size = batch_size
        self.detector = detector
        self.passes = passes
        self.tta = tta
        self.presence, self.score, self.confidence = presence, score, confidence
        known = runtime.metadata.calibrations
        chosen = calibration if isinstance(calibration, Calibration) else known.choose(calibration, tta)
        self.calibration = chosen
        self._judge = known.choose(RENDERED if RENDERED in known.names else None)
        self.mirrored, self.beyond = mirrored, beyond

    def __call__(
        self, image: Picture, boxes: ArrayLike | None = None, *, channels: Channels | None = None
    ) -> list[Hand]:
        """Predict the hands of a picture: those in the boxes, else those that the detector finds.

        Args:
            image: a file's path, a Pillow image, or an array: (height, width, 3) RGB, (height, width, 4) RGBA or
                (height, width) grey, uint8, uint16 or floats in 0..1; see `likelihand.data.as_image`. Files and
                Pillow images are turned as their EXIF data ask, and points are in the turned picture.
            boxes: (N, 4) (x0, y0, x1, y1) in image pixels, one per hand. None detects the hands; a predictor
                without detector then takes the picture for one hand, as `crop` does.
            channels: "BGR" for arrays in OpenCV's order of colours; RGB where None.

        Returns:
            Given boxes: one hand a box, in their order. Else the hands found, without doubles, the detector's
            order kept. Points, scale and covariance are in image pixels.

        Raises:
            ValueError: the image is no picture, or a box is not finite, empty or outside.
            OSError: the file cannot be read.
        """
        pixels = as_image(image, channels)
        if boxes is not None:
            return self._look(pixels, check_boxes(boxes, pixels), self.runtime.metadata.padding)
        return self._whole(pixels) if self.detector is None else self._find(pixels, self.detector)

    def crop(self, image: Picture, *, channels: Channels | None = None) -> list[Hand]:
        """Predict the one hand of a picture that it fills, without padding; arguments are those of a call.

        Raises:
            ValueError: the image is no picture.
            OSError: the file cannot be read.
        """
        return self._whole(as_image(image, channels))

    def _whole(self, image: Image) -> list[Hand]:
        height, width = image.shape[:2]
        return self._look(image, np.array([[0.0, 0.0, width, height]]), padding=1.0)

    def _find(self, image: Image, detector: FindHands) -> list[Hand]:
        found = detector(image)
        if self.tta > 1 and self.passes == 1:
            hands, found = self._approach(image, found)
        else:
            hands = self._look(image, _boxes(found), self.runtime.metadata.padding, _sides(found))
        certain = [hand for hand, _ in self._certain(hands, found, self.presence, self.score)]
        return without_duplicates([hand for hand in certain if is_clear(hand, self.confidence)])

    def _approach(self, image: Image, found: Sequence[Found]) -> tuple[list[Hand], Sequence[Found]]:
        """Look at what was found in boxes that fit better and better; return what deserved it, and its hands.

        A glance at the detector's box, a plain look around the glance's points, the others around that look's.
        Doubles are left out after the glance, and what is so little of a hand that no further look could save it.
        """
        padding = self.runtime.metadata.padding
        glances = self._pass(image, _boxes(found), padding, _sides(found), LOOKS[:1])
        certain = self._certain(glances, found, min(_GLANCE, self.presence), 0.0)
        kept = {id(hand) for hand in without_duplicates([hand for hand, _ in certain])}
        pairs = [(hand, f) for hand, f in certain if id(hand) in kept]
        worth = [f for _, f in pairs]
        near, sides = _next_boxes([hand for hand, _ in pairs]), _sides(worth)
        first = self._views(image, near, padding, LOOKS[:1])
        boxes = _next_boxes(self._joined(image, first, near, sides))
        rest = self._views(image, boxes, padding, LOOKS[1 : self.tta])
        both = [one + more for one, more in zip(first, rest, strict=True)]
        return self._joined(image, both, boxes, sides), worth

    @staticmethod
    def _certain(
        hands: Sequence[Hand], found: Sequence[Found], presence: float, score: float
    ) -> list[tuple[Hand, Found]]:
        """Take the hands of enough presence and finite points, scored together with what the detector found."""
        joint = [math.sqrt(hand.score * f.score) for hand, f in zip(hands, found, strict=True)]
        return [
            (replace(hand, score=both), f)
            for hand, f, both in zip(hands, found, joint, strict=True)
            if hand.score >= presence and both >= score and np.isfinite(hand.points).all()
        ]

    def _look(
        self, image: Image, boxes: FloatArray, padding: float, sides: Sequence[Side | None] | None = None
    ) -> list[Hand]:
        """Predict the hands in boxes, in one or more refinement passes."""
        told, looks = [None] * len(boxes) if sides is None else sides, LOOKS[: self.tta]
        hands = self._pass(image, boxes, padding, told, looks)
        for _ in range(self.passes - 1):
            hands = self._pass(image, _next_boxes(hands), self.runtime.metadata.padding, told, looks)
        return hands

    def _pass(
        self,
        image: Image,
        boxes: FloatArray,
        padding: float,
        sides: Sequence[Side | None],
        looks: Sequence[Look],
    ) -> list[Hand]:
        return self._joined(image, self._views(image, boxes, padding, looks), boxes, sides)

    def _views(
        self, image: Image, boxes: FloatArray, padding: float, looks: Sequence[Look]
    ) -> list[list[tuple[Answer, Answer]]]:
        """Take every look at every box; return the looks' answers, as `_answers`, for each box."""
        size, picture = self.runtime.metadata.size, (image.shape[0], image.shape[1])
        reaching = [
            beyond_edge(box, picture, self.beyond) if padding > 1 and self.beyond else box for box in boxes
        ]
        matrices = [look.crop_from_image(box, size, padding) for box in reaching for look in looks]
        answers = list(self._answers(image, matrices))
        return [answers[i * len(looks) : (i + 1) * len(looks)] for i in range(len(boxes))]

    def _joined(
        self,
        image: Image,
        groups: Sequence[Sequence[tuple[Answer, Answer]]],
        boxes: FloatArray,
        sides: Sequence[Side | None],
    ) -> list[Hand]:
        """Make one hand of the answers for each box."""
        picture = (image.shape[0], image.shape[1])
        joined = [merge([told for told, _ in group]) for group in groups]
        judged = [merge([judge for _, judge in group]) for group in groups]
        return [self._hand(*each, picture) for each in zip(joined, judged, boxes, sides, strict=True)]

    def _hand(
        self, answer: Answer, judged: Answer, box: FloatArray, told: Side | None, picture: tuple[int, int]
    ) -> Hand:
        """State in the end what the looks together say; `judged` is what they say by the judge's calibration."""
        size, stated, calibration = size_of_hand(answer.points), answer.covariance, self.calibration
        clarity = 1.0
        if (judge := self._judge) is not None:
            own = size_of_hand(judged.points)
            clarity = float(chance_within(REACH * own, judge.stated(judged.covariance, own), judge.radial).mean())
        if calibration is not None:
            stated = calibration.stated(stated, size, edge_nearness(answer.points, picture))
        return Hand(
            points=answer.points,
            scale=np.sqrt(stated.reshape(-1, 4)[:, ::3]),
            box=box,
            covariance=stated,
            side=_side(answer.right, told),
            score=answer.presence,
            radial=GAUSSIAN if calibration is None else calibration.radial,
            picture=picture,
            clarity=clarity,
            depth=None if answer.depth is None else answer.depth[0],
            depth_scale=None if answer.depth is None else answer.depth[1],
        )

    def _answers(self, image: Image, matrices: Sequence[FloatArray]) -> Iterator[tuple[Answer, Answer]]:
        """Run the crops that matrices cut out, some at a time, and take the answers to image pixels.

        Each by the calibration in use, and by the judge's, which may have another base.
        """
        size = self.runtime.metadata.size
        for start in range(0, len(matrices), self.batch_size):
            batch = matrices[start : start + self.batch_size]
            outputs = self.runtime(np.stack([warp_image(image, matrix, size) for matrix in batch]))
            told, judged = (
                look_covariance(each, outputs["scale"], outputs.get("spread"), max(size))
                for each in (self.calibration, self._judge)
            )
            for i, matrix in enumerate(batch):
                named = {name: values[i] for name, values in outputs.items()}
                answer = _answer(named, told[i], matrix, self.mirrored)
                yield answer, answer._replace(covariance=transform_covariances(invert(matrix), judged[i]))


def _boxes(found: Sequence[Found]) -> FloatArray:
    return np.array([f.box for f in found], np.float64).reshape(-1, 4)


def _sides(found: Sequence[Found]) -> list[Side | None]:
    return [f.side for f in found]


def _next_boxes(hands: Sequence[Hand]) -> FloatArray:
    return np.array([next_box(hand) for hand in hands], np.float64).reshape(-1, 4)


def is_clear(hand: Hand, least: float = CONFIDENCE) -> bool:
    """Tell whether a hand's keypoints are well localised: the rule for photos and for new tracks.

    Example:
        >>> is_clear(Hand(np.zeros((21, 2)), np.ones((21, 2)), np.zeros(4), clarity=0.2))
        False
    """
    return hand.clarity >= least


def next_box(hand: Hand) -> FloatArray:
    """Choose the next box: the tight box of the points, or the old box where the points are unusable.

    They are of none where they are not finite, or lie closer together than a tenth of the box.

    Example:
        >>> next_box(Hand(np.full((21, 2), 5.0), np.ones((21, 2)), np.array([0.0, 0.0, 8.0, 8.0])))
        array([0., 0., 8., 8.])
    """
    if not np.isfinite(hand.points).all():
        return hand.box
    tight = box_of_points(hand.points)
    wide = bool((tight[2:] > tight[:2]).all()) and box_length(tight) >= 0.1 * box_length(hand.box)
    return tight if wide else hand.box


def _answer(
    outputs: Outputs, covariance_crop: FloatArray, crop_from_image: FloatArray, picture_mirrored: bool
) -> Answer:
    """Take one crop's answer to image pixels; a crop that is mirrored against the world shows the other side."""
    image_from_crop = invert(crop_from_image)
    right = float(outputs["side"]) if "side" in outputs else None
    (a, b), (c, d) = crop_from_image[:2, :2].tolist()
    mirrored = (a * d < b * c) != picture_mirrored
    depth = np.stack([outputs[name] for name in DEPTHS]) if set(DEPTHS) <= outputs.keys() else None
    return Answer(
        points=transform_points(image_from_crop, outputs["points"]),
        covariance=transform_covariances(image_from_crop, covariance_crop),
        presence=float(outputs.get("presence", np.float32(1.0))),
        right=1 - right if mirrored and right is not None else right,
        depth=None if depth is None else depth.astype(np.float64) / math.sqrt(abs(a * d - b * c)),
    )


def _side(right: float | None, told: Side | None) -> Side | None:
    """Combine the model's probability of a right hand, where it states one, with the detector's side."""
    if right is None:
        return told
    chance = min(max(right, 1e-6), 1 - 1e-6)
    prior = {None: 0.5, "right": DETECTOR_SIDE, "left": 1 - DETECTOR_SIDE}[told]
    return "right" if chance * prior >= (1 - chance) * (1 - prior) else "left"
