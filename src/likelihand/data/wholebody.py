"""COCO-WholeBody's hands: two hands a person, in the file of the people (Jin et al., ECCV 2020)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from likelihand.data.coco import CocoHands, Entry
from likelihand.hand import Side

_SIDES: Final[tuple[Side, Side]] = ("left", "right")


class CocoWholeBodyHands(CocoHands):
    """Every valid hand of a COCO-WholeBody file (`lefthand_kpts`, `righthand_kpts`, `*_box`, `*_valid`).

    The keypoints are in our order already. Hands that the file calls not valid, hands without a labelled
    keypoint and crowds are left out and counted in `left_out`.

    Args:
        annotations: the JSON file, e.g. `coco_wholebody_val_v1.0.json`.
        images_folder: the folder of COCO's pictures; the JSON's folder or `images` in it by default.
        pixel_centre: as in `CocoHands`.
        box: as in `CocoHands`.
        dataset: as in `CocoHands`; "COCO-WholeBody" by default.
        where: as in `CocoHands`.

    Raises:
        FileNotFoundError: the JSON or the folder is missing.
        ValueError: the file is no COCO-WholeBody JSON, or holds no valid hand.

    Example:
        >>> CocoWholeBodyHands("missing.json")
        Traceback (most recent call last):
        FileNotFoundError: missing.json is missing; give a COCO keypoint JSON file
    """

    def __init__(
        self,
        annotations: str | Path,
        images_folder: str | Path | None = None,
        pixel_centre: float = 0.0,
        box: Literal["annotation", "keypoints"] = "annotation",
        dataset: str = "COCO-WholeBody",
        where: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(annotations, images_folder, None, pixel_centre, box, dataset, where)

    def _usable(self, content: Mapping[str, Any], keypoint_order: Sequence[int] | None) -> list[Entry]:
        entries = []
        if not any("lefthand_kpts" in a or "righthand_kpts" in a for a in content["annotations"]):
            raise ValueError(f"{self.path} has no lefthand_kpts or righthand_kpts; give a COCO-WholeBody file")
        for annotation in content["annotations"]:
            for side in _SIDES:
                keypoints = np.ravel(annotation.get(f"{side}hand_kpts") or ()).tolist()
                if annotation.get("iscrowd"):
                    self.left_out["hands of crowds"] += 1
                elif not annotation.get(f"{side}hand_valid"):
                    self.left_out["hands that are not valid"] += 1
                elif not any(v != 0 for v in keypoints[2::3]):
                    self.left_out["hands without a labelled keypoint"] += 1
                else:
                    entry = self._entry(annotation, keypoints, annotation.get(f"{side}hand_box"), side)
                    entries.append(replace(entry, name=f"{entry.name} {side}"))
        return entries
