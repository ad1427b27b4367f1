"""Label Studio: predictions as tasks to correct, least certain first, and corrected tasks as COCO.

A hand is a rectangle named by its side, with 21 keypoints as its children (`parentID`). Label Studio measures in
per cent of the picture, from its corner.

Its own COCO export rounds to whole pixels and joins all keypoints of a picture to one hand
(`label_studio_sdk.converter.keypoints`), so the way back is `coco_of_export`, which reads its JSON export instead
and keeps hands, sides and decimals.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import numpy as np

from likelihand.data.formats.coco import hand_entry, image_entry, write_document
from likelihand.data.formats.sides import side_in_text
from likelihand.geometry import box_of_points
from likelihand.interop.certainty import Line, certainty, least_certain_first
from likelihand.structures import FINGER_COLOURS, INDEX, KEYPOINTS, WRIST_COLOUR
from likelihand.utils.files import write_atomically
from likelihand.utils.validation import Malformed, as_list, as_mapping, plain, read_json

LOCAL_FILES: Final = "/data/local-files/?d="
"""Before the name of a file that Label Studio serves from its local storage."""
CLASSES: Final = ("left_hand", "right_hand", "hand")
WHAT: Final = "Label Studio's JSON export"


def label_config() -> str:
    """Return the labelling interface: rectangles of three kinds and 21 keypoints, in our order in its exports.

    Example:
        >>> print(label_config()[:88])
        <View>
          <Image name="image" value="$image" zoom="true"/>
          <RectangleLabels name="hand"
    """
    rectangles = [f"    <Label value={quoteattr(name)}/>" for name in CLASSES]
    colours = {f"{finger}_": "#{:02x}{:02x}{:02x}".format(*rgb) for finger, rgb in FINGER_COLOURS.items()}
    wrist = "#{:02x}{:02x}{:02x}".format(*WRIST_COLOUR)
    points = [
        f'    <Label value="{name}" model_index="{place}" '
        f'background="{next((c for finger, c in colours.items() if name.startswith(finger)), wrist)}"/>'
        for place, name in enumerate(KEYPOINTS)
    ]
    return "\n".join(
        [
            "<View>",
            '  <Image name="image" value="$image" zoom="true"/>',
            '  <RectangleLabels name="hand" toName="image">',
            *rectangles,
            "  </RectangleLabels>",
            '  <KeyPointLabels name="keypoint" toName="image" strokeWidth="2">',
            *points,
            "  </KeyPointLabels>",
            "</View>",
            "",
        ]
    )


def tasks(lines: Iterable[Line], prefix: str = LOCAL_FILES, version: str = "likelihand") -> list[dict[str, Any]]:
    """Return pictures as tasks with predictions, the least certain first, without keypoints outside the picture.

    Args:
        lines: of `likelihand predict`.
        prefix: before the pictures' names, as Label Studio finds them.
        version: names the model.

    Returns:
        Values for JSON; the prediction's `score` is that of `certainty`.

    Example:
        >>> tasks([{"file": "a.jpg", "size": [4, 5], "hands": []}])
        [{'data': {'image': '/data/local-files/?d=a.jpg'}, 'predictions': []}]
    """
    made = []
    for line in least_certain_first(lines):
        results = [
            result for place, hand in enumerate(line["hands"]) for result in _results(hand, place, line["size"])
        ]
        prediction = {"model_version": version, "score": certainty(line), "result": results}
        name = Path(line["file"]).as_posix()
        made.append({"data": {"image": prefix + name}, "predictions": [prediction] if results else []})
    return made


def _results(hand: Line, place: int, size: list[int]) -> Iterator[dict[str, Any]]:
    """Yield the regions of a hand: its rectangle, then its keypoints."""
    height, width = size
    shared = {"to_name": "image", "original_width": width, "original_height": height, "image_rotation": 0}
    name = f"hand{place}"
    per_cent = 100 / np.array([width, height], np.float64)
    x0, y0, x1, y1 = np.clip(box_of_points(hand["keypoints"]) * np.tile(per_cent, 2), 0.0, 100.0).tolist()
    label = CLASSES[0 if hand["side"] == "left" else 1 if hand["side"] == "right" else 2]
    yield {
        "id": name,
        "type": "rectanglelabels",
        "from_name": "hand",
        **shared,
        "value": {
            "x": x0,
            "y": y0,
            "width": x1 - x0,
            "height": y1 - y0,
            "rotation": 0,
            "rectanglelabels": [label],
        },
        "score": hand["score"],
    }
    rows = zip(KEYPOINTS, hand["keypoints"], hand["confidence"], hand["inside"], strict=True)
    for keypoint, point, confidence, inside in rows:
        if inside:
            x, y = (np.array(point) * per_cent).tolist()
            yield {
                "id": f"{name}_{keypoint}",
                "parentID": name,
                "type": "keypointlabels",
                "from_name": "keypoint",
                **shared,
                "value": {"x": x, "y": y, "width": 0.5, "keypointlabels": [keypoint]},
                "score": confidence,
            }


def write_tasks(lines: Iterable[Line], path: str | Path, prefix: str = LOCAL_FILES) -> Path:
    """Write pictures as tasks to import, and the labelling interface beside them, with the ending .xml."""
    file = Path(path)
    write_atomically(file, json.dumps(tasks(lines, prefix), allow_nan=False).encode())
    write_atomically(file.with_suffix(".xml"), label_config().encode())
    return file


def coco_of_export(export: str | Path, path: str | Path) -> Path:
    """Write what Label Studio's JSON export holds as COCO, which `CocoHands` and every command read.

    Its labels are those of `label_config`. A task's latest annotation that was not cancelled counts. A keypoint
    belongs to the rectangle that it is a child of; without one, to the only rectangle that holds it.

    Raises:
        FileNotFoundError: the export is missing.
        ValueError: it is none, or a region cannot be read; the line says which.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for task in as_list(read_json(export, WHAT), str(export)):
        fields = as_mapping(task, f"{export} task")
        where = f"{export} task {plain(fields.get('id'))}"
        regions = _regions(fields, where)
        if not regions:
            continue
        first = regions[0]
        size = (int(first["original_height"]), int(first["original_width"]))
        images.append(image_entry(len(images) + 1, plain(fields["data"]["image"]), size))
        for points, codes, side, box in _hands(regions, size, where):
            number = len(annotations) + 1
            entry = hand_entry(number, len(images), points, visibility=codes, side=side, box=box)
            annotations.append(entry)
    if not annotations:
        raise Malformed(f"{export} holds no annotated hand; give {WHAT} of a project with annotations")
    return write_document(path, images, annotations)


def _regions(task: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """Return the regions of a task's latest annotation; none of one that nobody annotated."""
    done = [a for a in as_list(task.get("annotations", []), f"{where}, annotations") if not a.get("was_cancelled")]
    if not done:
        return []
    latest = max(done, key=lambda a: str(a.get("updated_at") or ""))
    return [region for region in as_list(latest.get("result"), f"{where}, result") if "value" in region]


def _hands(regions: list[dict[str, Any]], size: tuple[int, int], where: str) -> Iterator[tuple[Any, ...]]:
    """Yield points (21, 2), visibility (21,), side and box of each rectangle with keypoints."""
    pixels = np.array([size[1], size[0]], np.float64) / 100
    boxes = {r["id"]: r for r in regions if "rectanglelabels" in r["value"]}
    points = {name: np.zeros((21, 2)) for name in boxes}
    codes = {name: np.zeros(21, np.int8) for name in boxes}
    for region in regions:
        for label in region["value"].get("keypointlabels", ()):
            if label not in INDEX:
                raise Malformed(
                    f"{where}: keypoint {label!r} is not one of ours; give the labels of label_config()"
                )
            owner = _owner(region, boxes, where)
            points[owner][INDEX[label]] = np.array([region["value"]["x"], region["value"]["y"]]) * pixels
            codes[owner][INDEX[label]] = 2
    for name, box in boxes.items():
        if codes[name].any():
            value = box["value"]
            corner, extent = (
                np.array([value[a], value[b]]) * pixels for a, b in (("x", "y"), ("width", "height"))
            )
            side = side_in_text(" ".join(map(str, value["rectanglelabels"])))
            yield points[name], codes[name], side, np.concatenate([corner, corner + extent])


def _owner(region: Mapping[str, Any], boxes: Mapping[str, Mapping[str, Any]], where: str) -> str:
    """Return the rectangle of a keypoint: its parent, else the only one that holds it."""
    if region.get("parentID") in boxes:
        return str(region["parentID"])
    x, y = region["value"]["x"], region["value"]["y"]
    around = [
        name
        for name, box in boxes.items()
        if 0 <= x - box["value"]["x"] <= box["value"]["width"]
        and 0 <= y - box["value"]["y"] <= box["value"]["height"]
    ]
    if len(around) != 1:
        label = region["value"]["keypointlabels"]
        raise Malformed(
            f"{where}: keypoint {label} has no parent and lies in {len(around)} rectangles; give it a parent"
        )
    return around[0]
