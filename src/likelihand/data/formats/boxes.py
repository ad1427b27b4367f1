"""Boxes of hands by picture, from a JSON file."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from likelihand.data.formats.coco import CocoFile, extent_of, hands_of, points_of, read_coco
from likelihand.data.formats.pictures import endings
from likelihand.geometry import FloatArray, box_of_points, check_box
from likelihand.utils.validation import Malformed, as_numbers, fail, read_json

WHAT: Final = "a JSON file {photo: [[x0, y0, x1, y1], ...]} or COCO JSON"


class BoxesFile:
    """Boxes by picture.

    The file holds `{"photo.jpg": [[x0, y0, x1, y1], ...], ...}` or is COCO JSON, whose `bbox`, polygons or else
    keypoints are taken. A picture is found by its path as given, else by the longest ending of its path that the
    file names.

    Args:
        path: of the JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON of either form. A box that is none costs its picture alone.

    Example:
        >>> BoxesFile("missing.json")
        Traceback (most recent call last):
        FileNotFoundError: missing.json is missing; give a JSON file {photo: [[x0, y0, x1, y1], ...]} or COCO JSON
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        content = read_json(path, WHAT)
        coco = isinstance(content, dict) and {"images", "annotations"} <= content.keys()
        self.boxes = _coco(read_coco(path)) if coco else _plain(content, str(path))

    def of(self, picture: str) -> list[FloatArray] | None:
        """Return the boxes of a picture, none or more; None where the file does not name it.

        Raises:
            Malformed: the file names it and its boxes cannot be read.
        """
        found = next((self.boxes[name] for name in endings(picture) if name in self.boxes), None)
        if isinstance(found, Malformed):
            raise found
        return found


def _plain(content: object, path: str) -> dict[str, list[FloatArray] | Malformed]:
    if not isinstance(content, dict):
        fail(path, content, WHAT)
    return {_slashed(name): _checked(boxes, f"{path}, boxes of {name}") for name, boxes in content.items()}


def _slashed(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).as_posix()


def _checked(boxes: object, where: str) -> list[FloatArray] | Malformed:
    try:
        if not isinstance(boxes, list):
            fail(where, boxes, "a list of boxes [x0, y0, x1, y1]")
        return [check_box(as_numbers(box, f"{where}, box {n}", (4,))) for n, box in enumerate(boxes)]
    except ValueError as error:
        return error if isinstance(error, Malformed) else Malformed(f"{where}: {error}")


def _coco(file: CocoFile) -> dict[str, list[FloatArray] | Malformed]:
    """Return the boxes of a COCO file; of a picture with one that cannot be read, the error.

    Raises:
        Malformed: something cannot be read, and it is not known of which picture it is.
    """
    if file.problems:
        raise Malformed(file.problems[0])
    boxes: dict[str, list[FloatArray] | Malformed] = {_slashed(i.file_name): [] for i in file.images.values()}
    for name, annotation in file.annotations:
        picture = _slashed(file.image_of(annotation, name).file_name)
        try:
            found = boxes[picture]
            if isinstance(found, list):
                found.append(_box(file, name, annotation))
        except Malformed as error:
            boxes[picture] = error
    return boxes


def _box(file: CocoFile, name: str, annotation: Mapping[str, Any]) -> FloatArray:
    """Return the box of an annotation, that of its keypoints where it says nothing else of its place."""
    box = extent_of(annotation, f"{file.path} {name}")
    if box is not None:
        return box
    hands = hands_of(file, annotation, name, [], file.layout_of(annotation, name))
    rows = np.concatenate([hand.keypoints[hand.keypoints[:, 2] > 0, :2] for hand in hands] or [np.empty((0, 2))])
    if not len(rows):
        raise Malformed(f"{file.path} {name}: neither bbox nor keypoints say where the hand is")
    return box_of_points(points_of(rows))
