"""From a whole picture to the boxes of its hands."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import FloatArray, Image, box_iou, crop_matrix, invert, transform_points, warp_image
from likelihand.hand import Side
from likelihand.metadata import ModelMetadata

OVERLAP: Final = 0.45
"""IoU from which two boxes are one hand."""
OVERLAP_OF_TWO: Final = 0.75
"""The same where one is surely a left and the other surely a right hand: folded hands share most of their box."""
COVERED: Final = 0.85
"""Share of a box inside a surer one from which it is a part of that hand."""
SURE: Final = 0.8
"""Chance of a side from which it is called sure."""


class DetectorRuntime(Protocol):
    """What the detector asks of a runtime, as those of `likelihand.runtimes` are."""

    @property
    def metadata(self) -> ModelMetadata:
        """What the model says of itself."""

    def __call__(self, crops: NDArray[np.uint8], /) -> dict[str, NDArray[np.float32]]:
        """Run (N, height, width, 3) uint8 RGB pictures; give the outputs by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A hand that was found in a picture.

    Attributes:
        box: (4,) float64 (x0, y0, x1, y1) in image pixels, tight around its keypoints; it may reach over the
            picture's edge, as the hand does.
        side: "left" or "right".
        score: in 0..1.
    """

    box: FloatArray
    side: Side | None
    score: float


class Detector:
    """Finds the hands of a picture, the surest first.

    Args:
        runtime: runs letterboxed pictures; its outputs are `scores` (N, h, w), `boxes` (N, h, w, 4) in crop
            pixels, and `sides` (N, h, w), the chances that a hand is a right one.
        threshold: least score; the model's own where None.
        limit: most hands of a picture.

    Raises:
        ValueError: the model is no detector, or a number is out of range.

    Example:
        >>> from likelihand.metadata import ModelMetadata
        >>> class One:                        # a runtime that finds a right hand in the middle of anything
        ...     metadata = ModelMetadata(size=(64, 64), kind="detect", outputs=("scores", "boxes", "sides"))
        ...     def __call__(self, crops):
        ...         n = len(crops)
        ...         return {"scores": np.full((n, 1, 1), 0.9), "boxes": np.full((n, 1, 1, 4), [16, 16, 48, 48]),
        ...                 "sides": np.ones((n, 1, 1))}
        >>> detection, = Detector(One())(np.zeros((100, 200, 3), np.uint8))
        >>> detection.box, detection.side
        (array([ 50.,   0., 150., 100.]), 'right')
    """

    def __init__(self, runtime: DetectorRuntime, threshold: float | None = None, limit: int = 16) -> None:
        metadata = runtime.metadata
        if metadata.kind != "detect":
            raise ValueError(f"the model is of kind {metadata.kind!r}, expected 'detect'; give a hand detector")
        threshold = metadata.threshold if threshold is None else threshold
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold}; give a score in 0..1")
        if limit < 1:
            raise ValueError(f"limit is {limit}; give 1 or more")
        self.runtime, self.threshold, self.limit = runtime, threshold, limit

    def __call__(self, image: Image) -> list[Detection]:
        """Find the hands of a picture.

        Args:
            image: (height, width, 3) uint8 RGB.

        Returns:
            The surest first.
        """
        size = self.runtime.metadata.size
        height, width = image.shape[:2]
        crop_from_image = crop_matrix([0, 0, width, height], size, padding=1.0)
        outputs = self.runtime(warp_image(image, crop_from_image, size)[None])
        scores, boxes, sides = (np.asarray(outputs[name][0], np.float64) for name in ("scores", "boxes", "sides"))
        rows, columns = find_peaks(scores, self.threshold)
        kept = distinct(boxes[rows, columns], sides[rows, columns], scores[rows, columns])[: self.limit]
        image_from_crop = invert(crop_from_image)
        return [
            _detection(image_from_crop, boxes[cell], sides[cell], scores[cell])
            for cell in ((rows[i], columns[i]) for i in kept)
        ]


def _detection(image_from_crop: FloatArray, box: FloatArray, right: FloatArray, score: FloatArray) -> Detection:
    corners = transform_points(image_from_crop, box.reshape(2, 2))
    return Detection(corners.reshape(4), "right" if float(right) >= 0.5 else "left", float(score))


def find_peaks(scores: FloatArray, threshold: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the cells of at least the threshold that no neighbour exceeds.

    Args:
        scores: (h, w).
        threshold: least score.

    Returns:
        Rows and columns of the cells.

    Example:
        >>> find_peaks(np.array([[0.2, 0.9, 0.8], [0.1, 0.3, 0.2]]), 0.5)
        (array([0]), array([1]))
    """
    height, width = scores.shape
    padded = np.pad(scores, 1, constant_values=-np.inf)
    around = np.max([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)
    rows, columns = np.nonzero((scores >= threshold) & (scores >= around))
    return rows, columns


def distinct(boxes: FloatArray, right: FloatArray, scores: FloatArray) -> list[int]:
    """Choose boxes that are different hands, the surest first.

    Two boxes are one hand where they overlap, or where one is covered by a surer one. Folded hands are told apart
    by their sides: where these are sure and differ, only nearly the same box is the same hand.

    Args:
        boxes: (N, 4).
        right: (N,) chances of right hands.
        scores: (N,).

    Returns:
        Positions of the chosen ones.

    Example:
        >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 10.0]])
        >>> distinct(boxes, np.ones(3), np.array([0.5, 0.9, 0.7]))
        [1, 2]
    """
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if not any(_same_hand(boxes[k], boxes[i], right[k], right[i]) for k in kept):
            kept.append(i)
    return kept


def _same_hand(surer: FloatArray, box: FloatArray, right_surer: float, right: float) -> bool:
    overlap = float(box_iou(surer, box))
    low, high = sorted((right_surer, right))
    if low <= 1 - SURE and high >= SURE:
        return overlap >= OVERLAP_OF_TWO
    shared = np.clip(np.minimum(surer[2:], box[2:]) - np.maximum(surer[:2], box[:2]), 0, None).prod()
    return overlap >= OVERLAP or bool(shared >= COVERED * (box[2:] - box[:2]).prod())
