"""COCO-WholeBody's hands: two hands per person, in the file of the people (Jin et al., ECCV 2020)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from likelihand.data.coco import UNREADABLE, CocoHands
from likelihand.data.formats.coco import CocoFile, CocoHand, bbox_of, checked_hand, is_crowd, keypoints_of
from likelihand.structures import Side
from likelihand.utils.validation import Malformed, plain

_SIDES: Final[tuple[Side, Side]] = ("left", "right")


class CocoWholeBodyHands(CocoHands):
    """Every valid hand of a COCO-WholeBody file (`lefthand_kpts`, `righthand_kpts`, `*_box`, `*_valid`).

    The keypoints are in our order already. Hands that the file calls not valid, hands without a labelled
    keypoint and crowds are left out and counted in `left_out`.

    Args:
        annotations: the JSON file, e.g. `coco_wholebody_val_v1.0.json`.
        images_folder: the folder of COCO's pictures; as in `CocoHands` by default.
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
        super().__init__(annotations, images_folder, tuple(range(21)), pixel_centre, box, dataset, where)

    def _usable(self, file: CocoFile) -> list[CocoHand]:
        if not any("lefthand_kpts" in a or "righthand_kpts" in a for _, a in file.annotations):
            raise Malformed(f"{self.path} has no lefthand_kpts or righthand_kpts; give a COCO-WholeBody file")
        return super()._usable(file)

    def _hands_of(
        self, file: CocoFile, annotation: Mapping[str, Any], name: str, doubts: list[str]
    ) -> list[CocoHand]:
        return [hand for side in _SIDES for hand in self._hand(file, annotation, name, side, doubts)]

    def _hand(
        self, file: CocoFile, annotation: Mapping[str, Any], name: str, side: Side, doubts: list[str]
    ) -> list[CocoHand]:
        """Read one hand of a person; what is wrong with it does not cost the other."""
        try:
            if is_crowd(annotation):
                self.left_out["hands of crowds"] += 1
            elif not annotation.get(f"{side}hand_valid"):
                self.left_out["hands that are not valid"] += 1
            elif hand := _hand_of(file, annotation, f"{name} {side}", side):
                return [hand]
            else:
                self.left_out["hands without a labelled keypoint"] += 1
        except Malformed as error:
            self.left_out[UNREADABLE] += 1
            doubts.append(str(error))
        return []


def _hand_of(file: CocoFile, annotation: Mapping[str, Any], name: str, side: Side) -> CocoHand | None:
    where = f"{file.path} {name}"
    keypoints = keypoints_of(annotation.get(f"{side}hand_kpts"), 21, f"{where}, field {side}hand_kpts")
    if not keypoints[:, 2].any():
        return None
    box = bbox_of(annotation.get(f"{side}hand_box"), f"{where}, field {side}hand_box")
    fields = file.fields_of(annotation)
    image = file.image_of(annotation, name)
    return checked_hand(CocoHand(name, image, keypoints, box, side, plain(fields.get("dataset") or "")), where)
