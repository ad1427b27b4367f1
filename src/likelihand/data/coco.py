"""COCO keypoint JSON with 21 keypoints a hand: OneHand10K, Panoptic, mmpose's conversions, one's own labels."""

import functools
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from likelihand.data.dataset import check_index, check_record
from likelihand.data.images import read_image
from likelihand.data.keypoint_names import order_of_names
from likelihand.formats.coco import box_of, points_of
from likelihand.geometry import FloatArray, box_of_points
from likelihand.hand import Side
from likelihand.structures import Record, Visibility

_log = logging.getLogger(__name__)
_SIDES: Final[dict[str, Side]] = {"left": "left", "l": "left", "right": "right", "r": "right"}
OWN_ORDER: Final = tuple(range(21))


@dataclass(frozen=True, slots=True)
class Entry:
    """One usable hand of a file, in the file's own numbers.

    Attributes:
        name: names the annotation to a person.
        image: id of its picture.
        keypoints: 63 numbers (x, y, visibility).
        box: (x, y, width, height) or None.
        side: "left", "right" or None.
        dataset: name by which scores are grouped; "" where the file gives none.
        order: permutation to our keypoints.
    """

    name: str
    image: int | str
    keypoints: Sequence[float]
    box: Sequence[float] | None
    side: Side | None
    dataset: str
    order: tuple[int, ...] = OWN_ORDER


class CocoHands:
    """Hands of one COCO keypoint file.

    Annotations of crowds, without any labelled keypoint or of a category without 21 keypoints are left out,
    counted in `left_out` and told in one line of the log. The fields `handedness`, `side` or `hand_type` give
    the side, `dataset` (of the annotation or its image) the name by which scores are grouped. A keypoint is
    labelled where its third number is above 0, and visible from 1.5 on (COCO's 2).

    Args:
        annotations: the JSON file.
        images_folder: where `file_name` is looked up; the folder of the JSON or `images` in it by default.
        keypoint_order: `p` such that our keypoint i is the file's p[i]. By default the category's names decide
            (`index_finger_mcp`, `forefinger1`, `left_pinky_4`...); without names our own order is taken. Files
            that mmpose made from RHD need `likelihand.hand.RHD_ORDER`: their names belie their order.
        pixel_centre: what the file's coordinates say of the first pixel's centre: 0 where pixels are counted
            (most files), 0.5 where the picture's corner is the origin (mmpose's RHD).
        box: "annotation" takes the file's `bbox` where there is one, "keypoints" the tight box of the labelled
            keypoints.
        dataset: the name by which scores are grouped, where the file's own is not wanted.
        where: keeps annotations of which these fields (of the annotation, or else of its image) read like this,
            e.g. {"subset": "core"}; the others are counted in `left_out`, and the log does not mention them.

    Raises:
        FileNotFoundError: the JSON or the folder is missing.
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
        if pixel_centre not in (0.0, 0.5):
            raise ValueError(f"pixel_centre {pixel_centre} is not 0 (pixels counted) or 0.5 (corner origin)")
        if box not in ("annotation", "keypoints"):
            raise ValueError(f"box {box!r} is unknown; give 'annotation' or 'keypoints'")
        self.left_out: Counter[str] = Counter()
        content = read_coco(self.path)
        self._images = {image["id"]: image for image in content["images"]}
        unasked = self._leave_out(content, where or {})
        self._entries = self._usable(content, keypoint_order)
        if not self._entries:
            raise ValueError(f"{self.path} holds no usable hand; left out: {_listed(self.left_out)}")
        self.folder = images_folder_of(self.path, images_folder, self._file_name(self._entries[0]))
        if problems := {name: count for name, count in self.left_out.items() if name != unasked}:
            _log.warning("%s: left out %s", self.path, _listed(problems))

    def _leave_out(self, content: dict[str, Any], where: Mapping[str, str]) -> str:
        """Take annotations out of the content whose fields are not as asked; give the name they are counted by."""
        every = content["annotations"]
        fields = [self._images.get(a.get("image_id"), {}) | a for a in every]
        asked = [all(str(f.get(name)) == str(value) for name, value in where.items()) for f in fields]
        content["annotations"] = [annotation for annotation, kept in zip(every, asked, strict=True) if kept]
        name = "annotations without " + ", ".join(f"{field}={value}" for field, value in where.items())
        if len(content["annotations"]) < len(every):
            self.left_out[name] = len(every) - len(content["annotations"])
        return name

    def _usable(self, content: Mapping[str, Any], keypoint_order: Sequence[int] | None) -> list[Entry]:
        orders = _orders(content, keypoint_order, self.path)
        entries = []
        for annotation in content["annotations"]:
            keypoints = np.ravel(annotation.get("keypoints") or ()).tolist()
            if annotation.get("iscrowd"):
                self.left_out["crowds"] += 1
            elif annotation.get("category_id") not in orders:
                self.left_out["annotations of categories without 21 keypoints"] += 1
            elif not any(v != 0 for v in keypoints[2::3]):
                self.left_out["annotations without a labelled keypoint"] += 1
            else:
                side = next((annotation[f] for f in ("handedness", "side", "hand_type") if annotation.get(f)), "")
                order = orders[annotation["category_id"]]
                entries.append(
                    self._entry(
                        annotation, keypoints, annotation.get("bbox"), _SIDES.get(str(side).lower()), order
                    )
                )
        return entries

    def _entry(
        self,
        annotation: Mapping[str, Any],
        keypoints: Sequence[float],
        box: Sequence[float] | None,
        side: Side | None,
        order: tuple[int, ...] = OWN_ORDER,
    ) -> Entry:
        """Make an entry after checking that its picture is listed and its keypoints number 21."""
        name, image = f"annotation {annotation.get('id')}", annotation.get("image_id")
        if image is None or image not in self._images:
            raise ValueError(f"{self.path} {name}: image {image!r} is not listed under images")
        if len(keypoints) != 63:
            raise ValueError(f"{self.path} {name}: {len(keypoints)} numbers under keypoints, expected 63")
        if box is not None and (len(box) != 4 or min(box[2:]) <= 0):
            box = None
        dataset = annotation.get("dataset") or self._images[image].get("dataset") or ""
        return Entry(name, image, keypoints, box, side, str(dataset), order)

    def _file_name(self, entry: Entry) -> str:
        return str(self._images[entry.image]["file_name"])

    def __len__(self) -> int:
        """Count the hands."""
        return len(self._entries)

    def groups(self) -> list[str]:
        """List every record's group: its picture."""
        return [self._file_name(entry) for entry in self._entries]

    def record(self, index: int) -> Record:
        """Give the record at `index`.

        Raises:
            IndexError: the index is outside the data set.
            ValueError: a label is not finite or far outside the box; the line names the annotation.
        """
        entry = self._entries[check_index(index, len(self), str(self.path))]
        path = self.folder / self._file_name(entry)
        numbers = np.array(entry.keypoints, np.float64).reshape(21, 3)[list(entry.order)]
        labelled = ~(numbers[:, 2] <= 0)
        points = np.where(labelled[:, None], points_of(numbers[:, :2], self.pixel_centre), 0.0)
        visibility = np.where(numbers[:, 2] >= 1.5, Visibility.VISIBLE, Visibility.HIDDEN) * labelled
        return check_record(
            Record(
                points=points,
                visibility=visibility.astype(np.int8),
                box=self._box(entry, points, labelled),
                side=entry.side,
                dataset=self.dataset or entry.dataset or self.path.stem,
                key=f"{path} {entry.name}",
                read=functools.partial(read_image, path),
                group=self._file_name(entry),
            )
        )

    def _box(self, entry: Entry, points: FloatArray, labelled: np.ndarray) -> FloatArray:
        if entry.box is None or self.box == "keypoints":
            return box_of_points(points, labelled)
        return box_of(entry.box)


def read_coco(path: Path) -> dict[str, Any]:
    """Read a COCO file: `images` with `id` and `file_name`, and `annotations`.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it is not JSON, or lacks a part.

    Example:
        >>> read_coco(Path("missing.json"))
        Traceback (most recent call last):
        FileNotFoundError: missing.json is missing; give a COCO keypoint JSON file
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; give a COCO keypoint JSON file")
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not whole JSON ({error}); download or write it again") from error
    parts = [isinstance(content, dict) and isinstance(content.get(p), list) for p in ("images", "annotations")]
    if not all(parts):
        raise ValueError(f"{path} is no COCO JSON: it needs the lists images and annotations")
    if not all(isinstance(i, dict) and {"id", "file_name"} <= i.keys() for i in content["images"]):
        raise ValueError(f"{path} lists an image without id and file_name")
    if not all(isinstance(a, dict) for a in content["annotations"]):
        raise ValueError(f"{path} lists an annotation that is not a mapping")
    return dict(content)


def images_folder_of(annotations: Path, given: str | Path | None, file_name: str) -> Path:
    """Give the folder of the pictures: the given one, the JSON's own, or `images` beside the JSON.

    Raises:
        FileNotFoundError: the first picture is in none of them.

    Example:
        >>> images_folder_of(Path("a/b.json"), None, "1.jpg")
        Traceback (most recent call last):
        FileNotFoundError: picture 1.jpg is in none of a, a/images; give images_folder
    """
    folders = [Path(given)] if given is not None else [annotations.parent, annotations.parent / "images"]
    for folder in folders:
        if (folder / file_name).is_file():
            return folder
    raise FileNotFoundError(
        f"picture {file_name} is in none of {', '.join(map(str, folders))}; give images_folder"
    )


def _orders(content: Mapping[str, Any], given: Sequence[int] | None, path: Path) -> dict[object, tuple[int, ...]]:
    """Give the permutation of each category that has 21 keypoints, or does not list its keypoints."""
    if given is not None and sorted(given) != list(range(21)):
        raise ValueError(f"keypoint_order {list(given)} is not a permutation of 0 to 20")
    orders = {}
    for category in content.get("categories") or [{"id": 1}]:
        names = category.get("keypoints") or ()
        if given is not None or not names:
            orders[category["id"]] = tuple(given or OWN_ORDER)
        elif len(names) == 21:
            try:
                orders[category["id"]] = order_of_names(names)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error
    return orders


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing"
