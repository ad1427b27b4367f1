"""Score a hand detector: missed hands, false detections and sides, by source."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.data.scenes import Scene, Scenes
from likelihand.evaluation.loop import batches
from likelihand.geometry import Image, box_iou
from likelihand.inference.detection import Detection, Detector
from likelihand.utils import distributed
from likelihand.utils.tables import aligned

FOUND: Final = 0.3
"""IoU of a box with the hand's from which the hand counts as found."""
WELL: Final = 0.5
"""IoU from which it counts as found well."""


@dataclass(frozen=True, slots=True)
class DetectionCounts:
    """Counts over the pictures of a source.

    Attributes:
        pictures: evaluated.
        hands: labelled.
        missed: labelled hands without a box of IoU 0.3 or more.
        well: labelled hands whose box has an IoU of 0.5 or more.
        extra: boxes that match no labelled hand.
        false_pictures: pictures with such a box.
        sides: found hands whose side is known.
        sides_right: found hands with the correct side.
    """

    pictures: int = 0
    hands: int = 0
    missed: int = 0
    well: int = 0
    extra: int = 0
    false_pictures: int = 0
    sides: int = 0
    sides_right: int = 0

    def __add__(self, other: "DetectionCounts") -> "DetectionCounts":
        own, others = asdict(self), asdict(other)
        return DetectionCounts(**{name: own[name] + others[name] for name in own})


def match_boxes(found: ArrayLike, true: ArrayLike, least: float = FOUND) -> NDArray[np.int64]:
    """Match each true box (T, 4) to the found one with the largest overlap, best pairs first; each is used once.

    Found boxes are (F, 4), or (F, T, 4) where a found hand has another box for each hand: that of the keypoints
    which this one's labels name. A pair has an IoU of `least`. Returns (T,) positions in `found`, -1 for a hand
    without.

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
    detector: Detector,
    scenes: Scenes,
    indices: Sequence[int] | None = None,
    *,
    workers: int = 0,
    progress: bool = False,
) -> dict[str, DetectionCounts]:
    """Count what a detector finds in labelled pictures, the same on one process and on several.

    Returns counts by source, and of all as "total".
    """

    def load(index: int) -> tuple[Scene, Image]:
        scene = scenes.scene(index)
        return scene, scene.read()

    counts: defaultdict[str, DetectionCounts] = defaultdict(DetectionCounts)
    chosen = range(len(scenes)) if indices is None else indices
    for loaded in batches(chosen, load, batch_size=1, workers=workers, progress=progress, name="detect"):
        for scene, image in loaded:
            one = counted(detector(image), scene)
            for name in (scene.dataset, "total"):
                counts[name] += one
    return _gathered(counts)


def counted(detections: Sequence[Detection], scene: Scene) -> DetectionCounts:
    """Compare what was found in one picture with its labels."""
    boxes, true = [d.box for d in detections], [hand.box for hand in scene.hands]
    matched = match_boxes(boxes, true)
    pairs = [(detections[m], hand) for m, hand in zip(matched, scene.hands, strict=True) if m >= 0]
    known = [(d.side, hand.side) for d, hand in pairs if hand.side is not None and d.side is not None]
    extra = len(detections) - len(pairs)
    return DetectionCounts(
        pictures=1,
        hands=len(true),
        missed=len(true) - len(pairs),
        well=sum(float(box_iou(d.box, hand.box)) >= WELL for d, hand in pairs),
        extra=extra,
        false_pictures=int(extra > 0),
        sides=len(known),
        sides_right=sum(a == b for a, b in known),
    )


def _gathered(mine: Mapping[str, DetectionCounts]) -> dict[str, DetectionCounts]:
    """Add up the counts of all processes."""
    counts: defaultdict[str, DetectionCounts] = defaultdict(DetectionCounts)
    for part in distributed.gather_json({name: asdict(each) for name, each in mine.items()}):
        for name, values in (part if isinstance(part, dict) else {}).items():
            counts[name] += DetectionCounts(**values)  # type: ignore[arg-type]
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
