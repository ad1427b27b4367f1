"""From a whole picture to the boxes of its hands."""

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import FloatArray, Image, box_iou, crop_matrix, invert, transform_points, warp_image
from likelihand.inference.metadata import ModelMetadata
from likelihand.structures import Side

OVERLAP: Final = 0.45
"""IoU from which two boxes are one hand."""
OVERLAP_OF_TWO: Final = 0.75
"""The same where one is surely a left and the other surely a right hand: folded hands share most of their box."""
COVERED: Final = 0.85
"""Share of a box inside a surer one from which it is a part of that hand."""
PARTS: Final = (0.6, 0.36)
"""Sides of the tiles, relative to the picture's longer side."""
SHARED: Final = 1 / 3
"""Least share of a part that its neighbour shows too."""
WORTH: Final = 0.9
"""Side of the smallest part that shows more than the whole did, over the network's input."""
NEAR: Final = 0.02
"""Least distance of a box in such a part from an edge inside the picture, over the box's length: what the edge
cuts is seen whole in another part."""
_ROUNDING: Final = 0.5
"""Pixels by which a part's sum of lengths may miss the picture's own edge, with room to spare."""
LOOKS: Final = 2
"""Looks in one call of the runtime: its memory grows with them, and more are not faster."""
SURE: Final = 0.8
"""Chance of a side from which two hands are told apart by it."""
CLEAR: Final = 0.7
"""Chance of a side from which it is told."""


Tiles: TypeAlias = Literal["never", "empty", "always"]
"""When a detector also searches tiles of a picture."""


class DetectorRuntime(Protocol):
    """What the detector requires of a runtime; see `likelihand.inference.runtimes`."""

    @property
    def metadata(self) -> ModelMetadata:
        """The model's metadata."""

    def __call__(self, crops: NDArray[np.uint8], /) -> dict[str, NDArray[np.float32]]:
        """Run (N, height, width, 3) uint8 RGB pictures; return the outputs by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A hand that was found in a picture.

    Attributes:
        box: (4,) float64 (x0, y0, x1, y1) in image pixels, tight around its keypoints; it may reach over the
            picture's edge, as the hand does.
        side: "left", "right", or None where it is not clear.
        score: in 0..1.
    """

    box: FloatArray
    side: Side | None
    score: float


class Detector:
    """Finds the hands of a picture, the most certain first.

    It searches the whole picture, letterboxed; if asked, also tiles of it, for hands that are small, as far as
    these show more than the whole did.

    Args:
        runtime: runs pictures; its outputs are `scores` (N, h, w), `boxes` (N, h, w, 4) in crop pixels, and
            `sides` (N, h, w), the chances that a hand is a right one.
        threshold: least score; the model's own where None.
        limit: most hands of a picture.
        tiles: when to search tiles: "never", "empty" where the whole shows no hand, or "always".
        mirrored: whether pictures are mirror images, so that a hand that looks left is a right one.

    Raises:
        ValueError: the model is no detector, or a number is out of range.

    Example:
        >>> from likelihand.inference.metadata import ModelMetadata
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

    def __init__(
        self,
        runtime: DetectorRuntime,
        threshold: float | None = None,
        limit: int = 16,
        tiles: Tiles = "never",
        mirrored: bool = False,
    ) -> None:
        metadata = runtime.metadata
        if metadata.kind != "detect":
            raise ValueError(f"the model is of kind {metadata.kind!r}, expected 'detect'; give a hand detector")
        threshold = metadata.threshold if threshold is None else threshold
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold}; give a score in 0..1")
        if limit < 1:
            raise ValueError(f"limit is {limit}; give 1 or more")
        if tiles not in get_args(Tiles):
            raise ValueError(f"tiles is {tiles!r}; give 'never', 'empty' or 'always'")
        self.runtime, self.threshold, self.limit, self.tiles = runtime, threshold, limit, tiles
        self.mirrored = mirrored

    def __call__(self, image: Image) -> list[Detection]:
        """Find the hands of a picture, (height, width, 3) uint8 RGB, the most certain first."""
        height, width = image.shape[:2]
        found = self._look(image, [np.array([0.0, 0.0, width, height])])
        if self.tiles == "always" or (self.tiles == "empty" and not found):
            least = WORTH * max(self.runtime.metadata.size) / max(height, width)
            parts = [part for share in PARTS if share >= least for part in parts_of(height, width, share)]
            found += self._look(image, parts) if parts else []
        boxes = np.array([d.box for d in found]).reshape(-1, 4)
        right = np.array([d.right for d in found])
        kept = distinct(boxes, right, np.array([d.score for d in found]))[: self.limit]
        return [found[i].detection() for i in kept]

    def _look(self, image: Image, regions: list[FloatArray]) -> "list[_Find]":
        """Find hands in regions of a picture; those that a region's edge inside the picture cuts are left out."""
        if len(regions) > LOOKS:
            return self._look(image, regions[:LOOKS]) + self._look(image, regions[LOOKS:])
        size = self.runtime.metadata.size
        matrices = [crop_matrix(region, size, padding=1.0) for region in regions]
        outputs = self.runtime(np.stack([warp_image(image, matrix, size) for matrix in matrices]))
        found = []
        for i, (region, matrix) in enumerate(zip(regions, matrices, strict=True)):
            scores, boxes, sides = (np.asarray(outputs[n][i], np.float64) for n in ("scores", "boxes", "sides"))
            image_from_crop = invert(matrix)
            for cell in zip(*find_peaks(scores, self.threshold), strict=True):
                box = transform_points(image_from_crop, boxes[cell].reshape(2, 2)).reshape(4)
                if not _cut(box, region, image.shape):
                    right = 1 - sides[cell] if self.mirrored else sides[cell]
                    found.append(_Find(box, float(right), float(scores[cell])))
        return found


class _Find(NamedTuple):
    box: FloatArray
    right: float
    score: float

    def detection(self) -> Detection:
        told: Side | None = "right" if self.right >= 0.5 else "left"
        return Detection(self.box, told if max(self.right, 1 - self.right) >= CLEAR else None, self.score)


def parts_of(height: int, width: int, share: float) -> list[FloatArray]:
    """Return square parts, their side a share of the longer one, that cover a picture and overlap by a third.

    Example:
        >>> for part in parts_of(60, 100, 0.6): print(part)
        [ 0.  0. 60. 60.]
        [ 40.   0. 100.  60.]
    """
    side = share * max(height, width)
    tops, lefts = (_starts(length, side) for length in (height, width))
    return [np.array([x, y, min(x + side, width), min(y + side, height)]) for y in tops for x in lefts]


def _starts(length: int, side: float) -> list[float]:
    """Spread parts of a side evenly over a length."""
    beyond = max(length - side, 0.0)
    steps = math.ceil(beyond / (side * (1 - SHARED)) - 1e-9)
    return [beyond * i / max(steps, 1) for i in range(steps + 1)]


def _cut(box: FloatArray, region: FloatArray, shape: tuple[int, ...]) -> bool:
    """Say whether an edge of its region, other than the picture's own, cuts a box or may have cut it."""
    over = np.concatenate([region[:2] - box[:2], box[2:] - region[2:]])
    far = np.array([shape[1], shape[0]]) - _ROUNDING
    inner = np.concatenate([region[:2] > 0, region[2:] < far])
    return bool((over[inner] > -NEAR * (box[2:] - box[:2]).max()).any())


def find_peaks(scores: FloatArray, threshold: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the rows and columns of the cells of scores (h, w) of at least the threshold, no neighbour higher.

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
    """Choose the boxes (N, 4) of different hands, the most certain first; return their positions.

    Two boxes are one hand where they overlap, or where one is covered by a surer one. Folded hands are told apart
    by their sides: where the chances `right` (N,) are sure and differ, only nearly the same box is the same hand.

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
