"""Read the hands of COCO annotations, in the standard format and as annotation tools write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.data.formats.coco.document import CocoFile, CocoImage, Layout
from likelihand.data.formats.coco.writing import DECIMALS
from likelihand.data.formats.sides import Statements
from likelihand.geometry import FloatArray, box_of_points, check_box, corner_from_pixel_index
from likelihand.structures import Side
from likelihand.utils.validation import LARGEST, Malformed, as_numbers, fail, plain, shown


@dataclass(frozen=True, slots=True, eq=False)
class CocoHand:
    """One labelled hand of a file.

    Attributes:
        name: names the annotation to a person: "annotation 17", or "annotation 17 left" of two in one.
        image: its picture.
        keypoints: (21, 3) x, y as the file measures them, and visibility (0, 1, 2), in our order.
        box: (4,) x0, y0, x1, y1 from the corner; None where the file has none.
        side: None where the file does not say.
        dataset: the name of its source; "" where the file has none.
    """

    name: str
    image: CocoImage
    keypoints: NDArray[np.float64]
    box: FloatArray | None
    side: Side | None
    dataset: str


def hands_of(
    file: CocoFile,
    annotation: Mapping[str, Any],
    name: str,
    doubts: list[str],
    layout: Layout | None = None,
) -> list[CocoHand]:
    """Return the hands of an annotation that have a labelled keypoint.

    Args:
        file: it belongs to.
        annotation: its fields.
        name: names it to a person.
        doubts: gets a line for what is not understood, or contradicts itself, and is left open: box and side.
        layout: of its category.

    Raises:
        Malformed: picture, keypoints, or (with one keypoint alone) the box cannot be read; the line says where.
    """
    layout = layout or Layout()
    where = f"{file.path} {name}"
    image = file.image_of(annotation, name)
    dataset = plain(annotation.get("dataset") or image.fields.get("dataset") or "")
    keypoints = keypoints_of(annotation.get("keypoints"), layout.count, f"{where}, field keypoints")
    parts = [(side, keypoints[list(order)]) for side, order in layout.hands]
    if len(parts) > 1:
        hands = [CocoHand(f"{name} {side}", image, own, None, side, dataset) for side, own in parts]
    elif not keypoints[:, 2].any():
        return []
    else:
        side = _side_of(annotation, layout, where, doubts)
        box = _box_or_doubt(annotation.get("bbox"), where, doubts)
        hands = [CocoHand(name, image, parts[0][1], box, side, dataset)]
    return [checked_hand(hand, where) for hand in hands if hand.keypoints[:, 2].any()]


def _side_of(annotation: Mapping[str, Any], layout: Layout, where: str, doubts: list[str]) -> Side | None:
    """Return the side that all statements agree on."""
    stated: dict[str, Side | None] = {"its keypoints' names": layout.hands[0][0]}
    if layout.side is not None:
        stated[f"category {shown(layout.name)}"] = layout.side
    side, doubt = Statements(annotation, stated).settled()
    doubts += [f"{where} has {doubt}"] if doubt else []
    return side


def _box_or_doubt(value: object, where: str, doubts: list[str]) -> FloatArray | None:
    """Return a box; where it is not understood that of the keypoints will do, and a line says so."""
    try:
        return bbox_of(value, f"{where}, field bbox")
    except Malformed as error:
        doubts.append(f"{error}; the box of the keypoints is taken")
        return None


def checked_hand(hand: CocoHand, where: str) -> CocoHand:
    """Return a hand after checking that something says how large it is.

    Raises:
        Malformed: it has no box, and its labelled keypoints span none.
    """
    labelled = hand.keypoints[hand.keypoints[:, 2] > 0, :2]
    if hand.box is None and not (np.ptp(labelled, axis=0) > 0).all():
        raise Malformed(f"{where}: {len(labelled)} labelled keypoint(s) on a line and no bbox; give a bbox")
    return hand


def keypoints_of(value: object, count: int, where: str) -> NDArray[np.float64]:
    """Return keypoints as (count, 3): x, y as the file measures them, and visibility 0, 1 or 2.

    Args:
        value: `count` times x, y and visibility, or x and y alone; flat or in rows. Without visibility, (0, 0) is
            not labelled. A confidence up to 1 counts as hidden below 1.5, as COCO's 1 does.
        count: of keypoints.
        where: begins the line of the error.

    Raises:
        Malformed: they are not as many, no numbers, or a labelled one is not finite.

    Example:
        >>> keypoints_of([[3, 4]] + [[None, None]], 2, "a.json").tolist()
        [[3.0, 4.0, 2.0], [0.0, 0.0, 0.0]]
    """
    numbers = as_numbers(value if value is not None else [], where, finite=False).ravel()
    if not numbers.size:
        return np.zeros((count, 3))
    if numbers.size not in (2 * count, 3 * count):
        two = "; two hands need 42 named keypoints" if numbers.size in (84, 126) else ""
        raise Malformed(
            f"{where}: {numbers.size} numbers, expected {3 * count} (x, y, visibility) or {2 * count} (x, y){two}"
        )
    rows = numbers.reshape(count, -1)
    codes = rows[:, 2] if rows.shape[1] == 3 else 2.0 * ((rows != 0) & ~np.isnan(rows)).any(1)
    return _sound(rows[:, :2], np.where(np.isnan(rows).all(1), 0.0, codes), where)


def _sound(places: NDArray[np.float64], codes: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    known = codes <= 2
    if not known.all():
        place = int(np.argmin(known))
        fail(f"{where}, keypoint {place}", float(codes[place]), "a visibility: 0, 1, 2 or a confidence up to 1")
    labelled = codes > 0
    good = ~labelled | (np.abs(places) <= LARGEST).all(1)
    if not good.all():
        place = int(np.argmin(good))
        fail(f"{where}, keypoint {place}", places[place].tolist(), f"finite and up to {LARGEST:g}, but labelled")
    visibility = np.where(codes >= 1.5, 2.0, 1.0)
    return np.where(labelled[:, None], np.column_stack([places, visibility]), 0.0)


def bbox_of(value: object, where: str) -> FloatArray | None:
    """Return a `bbox` as (x0, y0, x1, y1); None of one that says nothing: null, empty, without width or height.

    Raises:
        Malformed: it is something else than four numbers.

    Example:
        >>> bbox_of([0, 0, 0, 0], "a.json"), bbox_of(["1", 2, 3, 4], "a.json")
        (None, array([1., 2., 4., 6.]))
    """
    if value is None or value == []:
        return None
    numbers = as_numbers(value, where, (4,), finite=False)
    if np.isnan(numbers).any() or (numbers[2:] <= 0).any():
        return None
    if not (np.abs(numbers) <= LARGEST).all():
        fail(where, value, f"[x, y, width, height], each up to {LARGEST:g}")
    box = _from_corner(numbers)
    return box if (box[2:] > box[:2]).all() else None


def is_crowd(annotation: Mapping[str, Any]) -> bool:
    """Tell whether an annotation is of a crowd, one for many hands, also where a tool writes text or a boolean.

    Example:
        >>> is_crowd({"iscrowd": "1"}), is_crowd({"iscrowd": 0}), is_crowd({})
        (True, False, False)
    """
    return annotation.get("iscrowd") in (1, True, "1")


def extent_of(annotation: Mapping[str, Any], where: str) -> FloatArray | None:
    """Return where an annotation is: its `bbox`, or the box of its polygons; None where it has neither.

    Raises:
        Malformed: they cannot be read.

    Example:
        >>> extent_of({"segmentation": [[1, 2, 5, 2, 5, 8]]}, "a.json")
        array([1., 2., 5., 8.])
    """
    if (box := bbox_of(annotation.get("bbox"), f"{where}, field bbox")) is not None:
        return box
    polygons = annotation.get("segmentation")
    if not isinstance(polygons, list) or not polygons:
        return None
    parts = polygons if isinstance(polygons[0], list) else [polygons]
    corners = [as_numbers(part, f"{where}, field segmentation", (-1,)) for part in parts]
    if any(part.size % 2 or part.size < 6 for part in corners):
        fail(f"{where}, field segmentation", polygons, "polygons [x, y, x, y, ...] of three corners or more")
    box = box_of_points(np.concatenate([part.reshape(-1, 2) for part in corners]))
    return box if (box[2:] > box[:2]).all() else None


def points_of(keypoints: ArrayLike, pixel_centre: float = 0.0) -> FloatArray:
    """Return keypoints of a file in image pixels, corner origin.

    Args:
        keypoints: (N, 2) x, y as the file has them.
        pixel_centre: what the file calls the centre of the first pixel: 0 in COCO, 0.5 where the corner is the
            origin.

    Example:
        >>> points_of([[10.0, 20.0]])
        array([[10.5, 20.5]])
    """
    places = corner_from_pixel_index(keypoints) - pixel_centre
    return np.asarray(places.round(DECIMALS + 3), np.float64)


def box_of(bbox: ArrayLike) -> FloatArray:
    """Return a `bbox` (x, y, width, height) as (x0, y0, x1, y1), both continuous from the corner.

    Raises:
        ValueError: it is empty or not finite.

    Example:
        >>> box_of([10.1, 20, 0.2, 4])
        array([10.1, 20. , 10.3, 24. ])
    """
    return check_box(_from_corner(np.asarray(bbox, np.float64)))


def _from_corner(bbox: FloatArray) -> FloatArray:
    x, y, width, height = bbox
    return np.asarray(np.array([x, y, x + width, y + height]).round(DECIMALS + 3), np.float64)
