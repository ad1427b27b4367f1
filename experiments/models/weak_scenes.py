"""Our own folders of photos as training data of the detector."""

import csv
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from likelihand.data.images import read_image
from likelihand.data.scenes import ListedScenes, Scene, SceneHand, corners_of_box, hashed
from likelihand.geometry import box_iou

AGREE: Final = 0.3
"""IoU with a box drawn by a person from which on keypoints found by a model are believed."""


class WeakScenes(ListedScenes):
    """Photos whose hands another model found: a folder of `images`, `index.csv` and `pseudo_labels.json`.

    A photo in which the model found no hand, and nobody drew a box, is left out: it may show one. Where somebody
    drew a box, the model's keypoints are taken if they lie in it, else the box. Only photos of a permissive
    licence are taken.

    Args:
        folder: of the photos.
        sources: beginnings of the file names to take.
        complete: the photos show no other hands than those known.
        start: first photo taken, in the order of the hashes of the names.
        stop: where to stop in that order; None for the end.

    Raises:
        FileNotFoundError: a file is not there.
        ValueError: no photo is left.
    """

    def __init__(
        self,
        folder: str | Path,
        sources: Sequence[str],
        complete: bool = False,
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        root = Path(folder)
        found = json.loads((root / "pseudo_labels.json").read_text(encoding="utf-8"))["hands"]
        with (root / "index.csv").open(encoding="utf-8", newline="") as file:
            rows = {row["file"]: row for row in csv.DictReader(file) if row["permissive"] == "yes"}
        names = [name for name in rows if name.startswith(tuple(f"{source}_" for source in sources))]
        hands = {name: _weak_hands(found.get(name, []), rows[name]) for name in names}
        scenes = [
            Scene(hands[name], complete, name.split("_")[0], name, partial(read_image, root / "images" / name))
            for name in hashed(name for name in names if hands[name])[start:stop]
        ]
        super().__init__(scenes, f"{root} ({', '.join(sources)})")


def _weak_hands(found: list[dict[str, Any]], row: dict[str, str]) -> tuple[SceneHand, ...]:
    hands = [SceneHand(np.asarray(hand["points"], np.float64), hand["side"]) for hand in found]
    if not row["hand_x"]:
        return tuple(hands)
    x, y, width, height = (float(row[name]) for name in ("hand_x", "hand_y", "hand_w", "hand_h"))
    drawn = np.array([x, y, x + width, y + height])
    agreeing = [hand for hand in hands if box_iou(hand.box, drawn) >= AGREE]
    return tuple(hands) if agreeing else (SceneHand(corners_of_box(drawn), None),)
