"""How well a detector finds hands: those missed, those that are none, and their sides, by source."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.data.scenes import Scenes
from likelihand.geometry import box_iou
from likelihand.inference.detection import Detector
from likelihand.utils.tables import aligned

FOUND: Final = 0.3
"""IoU of a box with the hand's from which the hand counts as found."""
WELL: Final = 0.5
"""IoU from which it counts as found well."""


@dataclass(slots=True)
class DetectionCounts:
    """What was counted over the pictures of a source.

    Attributes:
        pictures: looked at.
        hands: that the labels name.
        missed: those that no box overlaps by an IoU of 0.3.
        well: those whose box has an IoU of at least 0.5.
        extra: boxes of no labelled hand.
        false_pictures: pictures with such a box.
        sides: found hands whose side is known.
        sides_right: those of the right side.
    """

    pictures: int = 0
    hands: int = 0
    missed: int = 0
    well: int = 0
    extra: int = 0
    false_pictures: int = 0
    sides: int = 0
    sides_right: int = 0

    def add(self, other: "DetectionCounts") -> None:
        """Count the other's too."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


def match_boxes(found: ArrayLike, true: ArrayLike, least: float = FOUND) -> NDArray[np.int64]:
    """Assign to each hand the box that overlaps it most, the best pairs first; a box serves one hand.

    Args:
        found: (F, 4), or (F, T, 4) where a found hand has another box for each hand: that of the keypoints which
            this one's labels name.
        true: (T, 4).
        least: IoU of a pair.

    Returns:
        (T,) positions in `found`, -1 for a hand without.

    Example:
        >>> match_boxes([[0, 0, 4, 4], [9, 9, 12, 12]], [[0, 0, 4, 3], [5, 5, 6, 6]])
        array([ 0, -1])
    """
    boxes, hands = np.asarray(found, np.float64), np.reshape(true, (-1, 4))
    overlap = box_iou(boxes if boxes.ndim == 3 else boxes.reshape(-1, 1, 4), hands[None])
    matched = np.full(len(hands), -1)
    while overlap.size and overlap.max() >= least:
        box, hand = np.unravel_index(int(overlap.argmax()), overlap.shape)
        matched[hand] = box
        overlap[box], overlap[:, hand] = -1.0, -1.0
    return matched


def count_detections(
    detector: Detector, scenes: Scenes, indices: Iterable[int] | None = None
) -> dict[str, DetectionCounts]:
    """Count what a detector finds in labelled pictures.

    Args:
        detector: to be judged.
        scenes: pictures with the boxes of their hands.
        indices: which of them; all where None.

    Returns:
        Counts by source, and of all as "total".
    """
    counts: defaultdict[str, DetectionCounts] = defaultdict(DetectionCounts)
    for index in range(len(scenes)) if indices is None else indices:
        scene = scenes.scene(index)
        detections = detector(scene.read())
        boxes, true = [d.box for d in detections], [hand.box for hand in scene.hands]
        matched = match_boxes(boxes, true)
        pairs = [(detections[m], hand) for m, hand in zip(matched, scene.hands, strict=True) if m >= 0]
        known = [(d.side, hand.side) for d, hand in pairs if hand.side is not None and d.side is not None]
        extra = len(detections) - len(pairs)
        one = DetectionCounts(
            pictures=1,
            hands=len(true),
            missed=len(true) - len(pairs),
            well=sum(float(box_iou(d.box, hand.box)) >= WELL for d, hand in pairs),
            extra=extra,
            false_pictures=int(extra > 0),
            sides=len(known),
            sides_right=sum(a == b for a, b in known),
        )
        for name in (scene.dataset, "total"):
            counts[name].add(one)
    return dict(counts)


def format_counts(counts: dict[str, DetectionCounts]) -> str:
    """Write counts as a table, the total last.

    Example:
        >>> print(format_counts({"total": DetectionCounts(pictures=3, hands=4, missed=1, well=3)}))
        source  pictures  hands  missed  IoU .5  extra  false pictures  side right
        total          3      4       1       3      0               0         0/0
    """
    rows: list[tuple[str, ...]] = [
        ("source", "pictures", "hands", "missed", "IoU .5", "extra", "false pictures", "side right")
    ]
    for name in sorted(counts, key=lambda name: (name == "total", name)):
        c = counts[name]
        numbers = (c.pictures, c.hands, c.missed, c.well, c.extra, c.false_pictures)
        rows.append((name, *map(str, numbers), f"{c.sides_right}/{c.sides}"))
    return aligned(rows)
