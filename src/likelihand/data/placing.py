"""Place a whole picture in a detector's input, with the labels of its hands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.data.augment import Augmentation
from likelihand.geometry import (
    FloatArray,
    box_length,
    box_of_points,
    crop_matrix,
    horizontal_flip,
    rotation,
    scaling,
    transform_points,
    translation,
)
from likelihand.structures import SceneLabels, Side

MOST: Final = 8
"""Hands of a picture that a detector is trained on; of more, the largest are taken and the others left out."""
SMALL: Final = 1 / 24
"""A hand whose box is shorter than this share of the input is neither asked for nor punished."""
SHOWN: Final = 0.4
"""A hand of which less than this share of its box is in the input, likewise."""
SIZES: Final = (0.1, 1.0)
"""Range of the box's length over the input's, where a hand is brought to a size drawn at random."""
ENLARGED: Final = (0.4, 3.0)
"""How much smaller or larger than letterboxed a picture may become for that."""
AIMED: Final = 0.6
"""Share of the pictures in which a hand is brought to a random size and place."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A picture's place in the input, with its hands.

    Attributes:
        crop_from_image: (3, 3).
        boxes: (H, 4) tight boxes in crop pixels.
        shown: (H,) shares of the boxes that lie in the picture, or in the input where that is less.
        right: (H,) 1 for right hands, 0 for left ones, 0.5 where unknown.
    """

    crop_from_image: FloatArray
    boxes: FloatArray
    shown: FloatArray
    right: FloatArray

    def labels(self, size: tuple[int, int], complete: bool) -> SceneLabels[NDArray[np.float32]]:
        """Return the targets of the picture in an input of (height, width) `size`, with room for `MOST` hands.

        `complete` is False where the picture may show hands that nobody labelled.
        """
        boxes, right = np.zeros((MOST, 4), np.float32), np.full(MOST, 0.5, np.float32)
        asked = np.zeros(MOST, np.float32)
        lengths = (self.boxes[:, 2:] - self.boxes[:, :2]).max(1)
        middle = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2
        inside = ((middle >= 0) & (middle < size[::-1])).all(1)
        chosen = inside & (self.shown >= SHOWN) & (lengths >= SMALL * max(size))
        order = [i for i in np.argsort(-lengths) if self.shown[i] > 0]
        for place, i in enumerate(order[:MOST]):
            boxes[place], right[place], asked[place] = self.boxes[i], self.right[i], chosen[i]
        return SceneLabels(boxes, right, asked, np.asarray(complete, np.float32))


def place(
    size_image: tuple[int, int],
    points: Sequence[FloatArray],
    sides: Sequence[Side | None],
    size: tuple[int, int],
    rng: np.random.Generator,
    augmentation: Augmentation | None,
) -> Place:
    """Find a place for a picture: letterboxed, or with an augmentation anywhere, turned, mirrored and resized.

    `points` has (P, 2) image pixels of each hand; a picture is turned only if all hands have more than four. The
    augmentation's `rotation`, `zoom`, `shift` and `flip` are used.

    Example:
        >>> corners = np.array([[10.0, 10.0], [30.0, 40.0]])
        >>> place((100, 200), [corners], ["left"], (64, 64), np.random.default_rng(0), None).boxes
        array([[ 3.2, 19.2,  9.6, 28.8]])
    """
    height, width = size_image
    matrix = crop_matrix([0, 0, width, height], size, padding=1.0)
    flip = False
    if augmentation is not None:
        matrix = _anywhere(matrix, points, size_image, size, rng, augmentation)
        flip = bool(rng.random() < augmentation.flip)
        matrix = horizontal_flip(size[1]) @ matrix if flip else matrix
    boxes = [box_of_points(transform_points(matrix, p)) for p in points]
    right = [0.5 if side is None else float((side == "right") != flip) for side in sides]
    shown = [
        min(_shown(box_of_points(p), size_image), _shown(box, size)) for p, box in zip(points, boxes, strict=True)
    ]
    return Place(matrix, np.array(boxes).reshape(-1, 4), np.array(shown), np.array(right))


def _anywhere(
    matrix: FloatArray,
    points: Sequence[FloatArray],
    size_image: tuple[int, int],
    size: tuple[int, int],
    rng: np.random.Generator,
    augmentation: Augmentation,
) -> FloatArray:
    """Draw crop_from_image from the letterboxed one."""
    turn, zoom, x, y = rng.uniform(-1, 1, 4)
    middle, factor = np.array(size[::-1]) / 2, (1 + augmentation.zoom) ** zoom
    to = middle + augmentation.shift * np.array([x, y]) * size[::-1]
    if points and rng.random() < AIMED:
        box = box_of_points(transform_points(matrix, points[int(rng.integers(len(points)))]))
        wanted = max(size) * math.exp(rng.uniform(*np.log(SIZES)))
        factor = float(np.clip(wanted / max(box_length(box), 1e-6), *ENLARGED))
        middle, to = (box[:2] + box[2:]) / 2, rng.uniform(0.1, 0.9, 2) * size[::-1]
    turns = all(len(p) > 4 for p in points)
    turned = rotation(math.radians(augmentation.rotation * turn)) if turns else np.eye(3)
    return translation(*to) @ scaling(factor) @ turned @ translation(*-middle) @ matrix


def _shown(box: FloatArray, size: tuple[int, int]) -> float:
    """Return the share of a box that lies in a picture of (height, width)."""
    inside = np.clip(box, 0, [size[1], size[0], size[1], size[0]])
    return float((inside[2:] - inside[:2]).prod() / max((box[2:] - box[:2]).prod(), 1e-9))
