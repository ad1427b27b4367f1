"""COCO keypoint JSON with 21 keypoints per hand: OneHand10K, Panoptic, mmpose's conversions, your own labels."""

import functools
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from likelihand.data.dataset import check_index, check_reading, check_record
from likelihand.data.formats.coco import CocoFile, CocoHand, hands_of, is_crowd, points_of, read_coco
from likelihand.data.formats.pictures import PictureFinder, folders_beside
from likelihand.data.images import read_image
from likelihand.geometry import box_of_points
from likelihand.structures import Record
from likelihand.utils.validation import Malformed

_log = logging.getLogger(__name__)
_TOLD: Final = 3
UNREADABLE: Final = "parts that cannot be read"
_TRIED: Final = 100
"""Pictures tried before a file counts as one without its pictures."""


class CocoHands:
    r"""Hands of one COCO keypoint file.

    Annotations of crowds, without any labelled keypoint, of a category without 21 keypoints, and those that cannot
    be read are left out, counted in `left_out` and told in the log. `problems` has a line for each that cannot be
    read, and for each part that is not understood in one that is kept: a box, for which that of the keypoints is
    taken, and a side, which is then unknown.

    A keypoint is labelled where its third number is above 0, and visible from 1.5 on (COCO's 2); without third
    numbers, where it is not (0, 0). The side is read from fields of the annotation or its attributes and tags
    (`handedness`, `side`, `hand_type`, `is_right`, ...), the name of the category and those of the keypoints;
    where these contradict each other it is unknown. Two hands in one annotation (42 named keypoints) are two
    records. `dataset` (of the annotation or its image) is the name by which scores are grouped.

    Args:
        annotations: the JSON file.
        images_folder: where `file_name` is looked up; the JSON's folder, that above it, or `images` in them by
            default. Of a name that is not there (C:\data\a.jpg) its endings are tried.
        keypoint_order: `p` such that our keypoint i is the file's p[i]. By default the category's names decide
            (`index_finger_mcp`, `forefinger1`, `TMCP`, 1 to 21...); without names our own order is taken. Files
            that mmpose made from RHD need `likelihand.structures.RHD_ORDER`: their names belie their order.
        pixel_centre: what the file's coordinates say of the first pixel's centre: 0 where pixels are counted
            (most files), 0.5 where the picture's corner is the origin (mmpose's RHD).
        box: "annotation" takes the file's `bbox` where there is one, "keypoints" the tight box of the labelled
            keypoints.
        dataset: the name by which scores are grouped, where the file's own is not wanted.
        where: keeps annotations of which these fields (of the annotation, or else of its image) read like this,
            e.g. {"subset": "core"}; the others are counted in `left_out`, and the log does not mention them.

    Raises:
        FileNotFoundError: the JSON or the pictures are missing.
        ValueError: the file is no COCO keypoint JSON, its names are not understood, or it holds no hand.

    Example:
        >>> CocoHands("missing.json")
        Traceback (most recent call last):
        FileNotFoundError: missing.json is missing; give a COCO keypoint JSON file
    """

    def __init__(
        self,
        annotations: str | Path,
        images_folder: str | Path | None = None,
        keypoint_order: Sequence[int] | None = None,
        pixel_centre: float = 0.0,
        box: Literal["annotation", "keypoints"] = "annotation",
        dataset: str | None = None,
        where: Mapping[str, str] | None = None,
    ) -> None:
        self.path, self.pixel_centre, self.box, self.dataset = Path(annotations), pixel_centre, box, dataset
        check_reading(pixel_centre, box)
        self.left_out: Counter[str] = Counter()
        file = read_coco(self.path, keypoint_order)
        if file.refused and not any(file.layouts.values()):
            raise Malformed(file.refused[0])
        self.problems: list[str] = [*file.refused, *file.problems]
        unasked = self._leave_out(file, where or {})
        self._hands = self._usable(file)
        if not self._hands:
            first = f"; {self.problems[0]}" if self.problems else ""
            raise ValueError(f"{self.path} holds no usable hand; left out: {_listed(self.left_out)}{first}")
        self._pictures = self._find_pictures(images_folder)
        self._tell({name: count for name, count in self.left_out.items() if name != unasked})

    def _leave_out(self, file: CocoFile, where: Mapping[str, str]) -> str:
        """Remove annotations whose fields do not match; return the name they are counted under."""
        before = len(file.annotations)
        file.annotations = [named for named in file.annotations if file.matches(named[1], where)]
        name = "annotations without " + ", ".join(f"{field}={value}" for field, value in where.items())
        if left := before - len(file.annotations):
            self.left_out[name] = left
        return name

    def _usable(self, file: CocoFile) -> list[CocoHand]:
        if self.problems:
            self.left_out[UNREADABLE] = len(self.problems)
        return [hand for name, annotation in file.annotations for hand in self._read(file, annotation, name)]

    def _read(self, file: CocoFile, annotation: Mapping[str, Any], name: str) -> list[CocoHand]:
        """Read the hands of an annotation; one that cannot be read is left out and reported."""
        doubts: list[str] = []
        try:
            return self._hands_of(file, annotation, name, doubts)
        except Malformed as error:
            self.left_out[UNREADABLE] += 1
            doubts.append(str(error))
            return []
        finally:
            self.problems += doubts

    def _hands_of(
        self, file: CocoFile, annotation: Mapping[str, Any], name: str, doubts: list[str]
    ) -> list[CocoHand]:
        layout = file.layout_of(annotation, name)
        if is_crowd(annotation):
            self.left_out["crowds"] += 1
        elif layout is None:
            self.left_out["annotations of categories without 21 keypoints"] += 1
        elif hands := hands_of(file, annotation, name, doubts, layout):
            return hands
        else:
            self.left_out["annotations without a labelled keypoint"] += 1
        return []

    def _find_pictures(self, given: str | Path | None) -> PictureFinder:
        finder = PictureFinder([Path(given)] if given is not None else folders_beside(self.path))
        names = dict.fromkeys(hand.image.file_name for hand in self._hands)
        if not finder.settle(islice(names, _TRIED)):
            folders = ", ".join(map(str, finder.folders[:4]))
            first = _short(next(iter(names)))
            raise FileNotFoundError(f"picture {first} is in none of {folders}; give images_folder")
        return finder

    def _tell(self, left_out: Mapping[str, int]) -> None:
        if left_out:
            _log.warning("%s: left out %s", self.path, _listed(left_out))
        for line in self.problems[:_TOLD]:
            _log.warning("%s", line)
        if len(self.problems) > _TOLD:
            _log.warning(
                "%s: and %d more such lines; see `likelihand data check`", self.path, len(self.problems) - _TOLD
            )

    @property
    def folder(self) -> Path:
        """The folder where the first picture was found."""
        return self._pictures.folders[0]

    def __len__(self) -> int:
        """Count the hands."""
        return len(self._hands)

    def groups(self) -> list[str]:
        """List every record's group: its picture."""
        return [hand.image.file_name for hand in self._hands]

    def keys(self) -> list[str]:
        """List every record's key: its picture's path and its annotation."""
        return [f"{self._pictures.find(hand.image.file_name)} {hand.name}" for hand in self._hands]

    def record(self, index: int) -> Record:
        """Return the record at `index`."""
        hand = self._hands[check_index(index, len(self), str(self.path))]
        path = self._pictures.find(hand.image.file_name)
        codes = hand.keypoints[:, 2].astype(np.int8)
        points = np.where(codes[:, None] > 0, points_of(hand.keypoints[:, :2], self.pixel_centre), 0.0)
        own_box = None if self.box == "keypoints" else hand.box
        return check_record(
            Record(
                points=points,
                visibility=codes,
                box=box_of_points(points, codes > 0) if own_box is None else own_box,
                side=hand.side,
                dataset=self.dataset or hand.dataset or self.path.stem,
                key=f"{path} {hand.name}",
                read=functools.partial(read_image, path),
                group=hand.image.file_name,
            )
        )


def _short(name: str) -> str:
    return name if len(name) < 200 else f"{name[:200]}..."


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing"
