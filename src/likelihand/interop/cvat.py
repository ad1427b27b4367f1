"""CVAT: predictions as its XML 1.1 ("CVAT for images"), and the labels of a project.

A hand is a skeleton named by its side, whose points are the 21 keypoints. CVAT measures from the picture's corner,
as we do; so does the COCO that it exports, which is therefore read with `pixel_centre=0.5`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from likelihand.interop.certainty import Line, least_certain_first
from likelihand.structures import BONES, FINGERS, INDEX, KEYPOINTS, Side
from likelihand.utils.files import write_atomically

CLASSES: Final = ("left_hand", "right_hand", "hand")


def class_of(side: Side | None) -> int:
    """Return the place of a side's label in `CLASSES`."""
    return 2 if side is None else ("left", "right").index(side)


def labels() -> list[dict[str, Any]]:
    """Return the labels of a project, a skeleton per side: for CVAT's "Raw" field or `task create --labels`.

    Example:
        >>> [label["name"] for label in labels()], labels()[0]["sublabels"][0]
        (['left_hand', 'right_hand', 'hand'], {'name': 'wrist', 'type': 'points', 'attributes': []})
    """
    parts = [{"name": name, "type": "points", "attributes": []} for name in KEYPOINTS]
    return [
        {"name": name, "type": "skeleton", "attributes": [], "svg": _template(), "sublabels": parts}
        for name in CLASSES
    ]


def _places() -> list[tuple[float, float]]:
    """Return where an open hand's keypoints are in a square of 100: how CVAT shows a new skeleton."""
    places = {0: (50.0, 92.0)}
    for number, finger in enumerate(FINGERS):
        for step in range(4):
            tip = (50.0 + 19.0 * (number - 2), 12.0 if number else 45.0)
            share = 0.34 + 0.22 * step
            x, y = (a + share * (b - a) for a, b in zip(places[0], tip, strict=True))
            places[INDEX[[name for name in KEYPOINTS if name.startswith(finger)][step]]] = (
                round(x, 1),
                round(y, 1),
            )
    return [places[i] for i in range(21)]


def _template() -> str:
    """Return the skeleton as the SVG that CVAT's own editor of skeletons makes."""
    places = _places()
    lines = [
        f'<line x1="{places[a][0]}" y1="{places[a][1]}" x2="{places[b][0]}" y2="{places[b][1]}" stroke="black" '
        f'data-type="edge" data-node-from="{a + 1}" data-node-to="{b + 1}" stroke-width="0.5"></line>'
        for a, b in BONES
    ]
    circles = [
        f'<circle r="1.5" stroke="black" fill="#b3b3b3" cx="{x}" cy="{y}" '
        f'stroke-width="0.1" data-type="element node" data-element-id="{i + 1}" data-node-id="{i + 1}" '
        f'data-label-name="{name}"></circle>'
        for i, (name, (x, y)) in enumerate(zip(KEYPOINTS, places, strict=True))
    ]
    return "\n".join([*lines, *circles])


def document(lines: Iterable[Line]) -> str:
    """Return pictures as annotations in CVAT's XML 1.1, the least certain first.

    Keypoints outside the picture are marked as such. CVAT matches pictures by name and shows them in the task's
    order: make the task of the files in this one's order to see the least certain first.

    Example:
        >>> print(document([{"file": "a.jpg", "size": [4, 5], "hands": []}]).splitlines()[-2])
          <image id="0" name="a.jpg" width="5" height="4"></image>
    """
    parts = ['<?xml version="1.0" encoding="utf-8"?>', "<annotations>", "  <version>1.1</version>", *_meta()]
    for number, line in enumerate(least_certain_first(lines)):
        height, width = line["size"]
        name = quoteattr(Path(line["file"]).as_posix())
        head = f'  <image id="{number}" name={name} width="{width}" height="{height}">'
        hands = [part for hand in line["hands"] for part in _skeleton(hand)]
        parts += [head, *hands, "  </image>"] if hands else [f"{head}</image>"]
    return "\n".join([*parts, "</annotations>", ""])


def _meta() -> Iterator[str]:
    yield "  <meta><task><labels>"
    for name in CLASSES:
        yield f"    <label><name>{name}</name><type>skeleton</type><attributes></attributes></label>"
        for part in KEYPOINTS:
            kind = f"<type>points</type><attributes></attributes><parent>{name}</parent>"
            yield f"    <label><name>{part}</name>{kind}</label>"
    yield "  </labels></task></meta>"


def _skeleton(hand: Line) -> Iterator[str]:
    yield f'    <skeleton label="{CLASSES[class_of(hand["side"])]}" source="auto" occluded="0" z_order="0">'
    for name, (x, y), inside in zip(KEYPOINTS, hand["keypoints"], hand["inside"], strict=True):
        where = f'outside="{int(not inside)}" occluded="0" points="{x:.3f},{y:.3f}"'
        yield f'      <points label="{name}" source="auto" {where}></points>'
    yield "    </skeleton>"


def write_xml(lines: Iterable[Line], path: str | Path) -> Path:
    """Write pictures as CVAT's XML 1.1; see `document`."""
    write_atomically(path, document(lines).encode())
    return Path(path)
