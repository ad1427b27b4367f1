"""Write COCO keypoint JSON."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from likelihand.geometry import box_of_points, pixel_index_from_corner
from likelihand.structures import BONES, KEYPOINTS, Side
from likelihand.utils.files import write_atomically

DECIMALS: Final = 6
"""Decimals of the pixels written; what is read is rounded to three more, so that decimals come back exactly."""

CATEGORY: Final = 1
"""Id of the only category, "hand"."""


def image_entry(number: int, file_name: str, size: tuple[int, int], **more: object) -> dict[str, Any]:
    """Return a picture of (height, width) pixels as an entry of `images`, with further fields.

    Example:
        >>> image_entry(0, "a.jpg", (480, 640))
        {'id': 0, 'file_name': 'a.jpg', 'width': 640, 'height': 480}
    """
    height, width = size
    return {"id": number, "file_name": file_name, "width": int(width), "height": int(height), **more}


def hand_entry(
    number: int,
    image: int,
    points: ArrayLike,
    *,
    visibility: ArrayLike = 2,
    box: ArrayLike | None = None,
    side: Side | None = None,
    **more: object,
) -> dict[str, Any]:
    """Return a hand as an entry of `annotations`.

    Args:
        number: its id.
        image: id of its picture.
        points: (21, 2) image pixels, corner origin; anything where not labelled.
        visibility: (21,) or one code for all: 2 visible, 1 hidden, 0 not labelled.
        box: (4,) x0, y0, x1, y1 in image pixels; the tight box of the labelled points where None.
        side: "left" or "right", written as `handedness`; left out where None.
        more: further fields.

    Returns:
        The entry, ready for JSON.

    Raises:
        ValueError: a labelled point is not finite, nothing says where the hand is, or a shape is wrong.

    Example:
        >>> entry = hand_entry(7, 0, [[10.5, 20.5]] * 20 + [[12.5, 24.5]], side="left")
        >>> entry["bbox"], entry["keypoints"][:3], entry["handedness"]
        ([10.5, 20.5, 2.0, 4.0], [10.0, 20.0, 2], 'left')
    """
    codes = np.broadcast_to(np.asarray(visibility, np.int64), 21)
    labelled = codes > 0
    places = np.asarray(points, np.float64)
    if places.shape != (21, 2) or not np.isfinite(places[labelled]).all():
        raise ValueError(
            f"annotation {number}: points of shape {places.shape}; give (21, 2), finite where labelled"
        )
    x0, y0, x1, y1 = box_of_points(places, labelled) if box is None else np.asarray(box, np.float64)
    width, height = _rounded(x1 - x0), _rounded(y1 - y0)
    rows = np.where(labelled[:, None], pixel_index_from_corner(np.where(labelled[:, None], places, 0.0)), 0.0)
    return {
        "id": number,
        "image_id": image,
        "category_id": CATEGORY,
        "iscrowd": 0,
        "bbox": [_rounded(x0), _rounded(y0), width, height],
        "area": _rounded(width * height),
        "keypoints": [
            number
            for (x, y), code in zip(rows, codes, strict=True)
            for number in (_rounded(x), _rounded(y), int(code))
        ],
        "num_keypoints": int(labelled.sum()),
        **({} if side is None else {"handedness": side}),
        **more,
    }


def document(images: Iterable[Mapping[str, Any]], annotations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a COCO document of the entries, with the category "hand", its keypoint names and bones.

    Example:
        >>> document([], [])["categories"][0]["keypoints"][0]
        'wrist'
    """
    skeleton = [[parent + 1, child + 1] for parent, child in BONES]
    category = {"id": CATEGORY, "name": "hand", "supercategory": "hand", "keypoints": list(KEYPOINTS)}
    return {"images": [*images], "annotations": [*annotations], "categories": [category | {"skeleton": skeleton}]}


def write_document(
    path: str | Path, images: Iterable[Mapping[str, Any]], annotations: Iterable[Mapping[str, Any]]
) -> Path:
    """Write a COCO file of `image_entry` and `hand_entry`, atomically; return its path. Its folder is made.

    Raises:
        ValueError: a number is not finite.
    """
    file = Path(path)
    text = json.dumps(document(images, annotations), allow_nan=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())
    return file


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS)
