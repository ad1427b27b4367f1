"""Whole pictures of a COCO file with the hands in them, for a detector."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from likelihand.data.formats.coco import (
    CocoFile,
    CocoHand,
    Layout,
    extent_of,
    hands_of,
    is_crowd,
    points_of,
    read_coco,
)
from likelihand.data.formats.pictures import PictureFinder, folders_beside
from likelihand.data.formats.sides import Statements
from likelihand.data.images import read_image
from likelihand.data.scenes import ListedScenes, Scene, SceneHand, corners_of_box, hashed
from likelihand.geometry import Image, box_of_points
from likelihand.utils.validation import Malformed, plain


@dataclass(slots=True)
class _Picture:
    """What a file says of a picture."""

    hands: list[SceneHand] = field(default_factory=list)
    complete: bool = True
    dataset: str = ""


class CocoScenes(ListedScenes):
    """Pictures of a COCO JSON file with `bbox`, polygons or 21 keypoints per hand, as `likelihand synth --scenes`.

    A hand that cannot be read (`problems` has a line for each) and a crowd are left out; the picture then counts
    as one that may show more hands than are known. What is of a category whose keypoints and name are not those of
    a hand, as a person's, is none. Two hands in one annotation (42 named keypoints) are two hands.

    Args:
        annotations: the JSON file; pictures are searched for as in `likelihand.data.CocoHands`.
        where: takes hands alone whose annotation has these values, as {"subset": "core"}, and their pictures.
        start: first picture taken, in the order of the hashes of the names.
        stop: where to stop in that order; None for the end.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no COCO JSON, or no picture is left.
    """

    def __init__(
        self,
        annotations: str | Path,
        where: Mapping[str, str] | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        file, asked = read_coco(annotations), where or {}
        self.problems = file.problems
        pictures: defaultdict[str, _Picture] = defaultdict(_Picture)
        for name, annotation in file.annotations:
            if file.matches(annotation, asked):
                _add(pictures, file, name, annotation)
        every = {image.file_name for image in file.images.values()}
        finder = PictureFinder(folders_beside(file.path))
        finder.settle(sorted(every)[:100])
        names = hashed(every & pictures.keys() if asked else every)[start:stop]
        super().__init__(
            (_scene(pictures[name], name, finder, file.path.parent.name) for name in names), str(file.path)
        )


def _add(pictures: defaultdict[str, _Picture], file: CocoFile, name: str, annotation: Mapping[str, Any]) -> None:
    """Add an annotation's hand to its picture; note what cannot be read."""
    try:
        picture = pictures[file.image_of(annotation, name).file_name]
        picture.dataset = plain(file.fields_of(annotation).get("dataset") or "")
        if file.is_foreign(annotation):
            return
        if is_crowd(annotation):
            picture.complete = False
        else:
            picture.hands += _hands(file, name, annotation)
    except Malformed as error:
        file.problems.append(str(error))
        pictures[str(file.fields_of(annotation).get("file_name"))].complete = False


def _hands(file: CocoFile, name: str, annotation: Mapping[str, Any]) -> list[SceneHand]:
    """Return the hands of an annotation: 21 keypoints where all are labelled, the corners of a box where not.

    Raises:
        Malformed: it cannot be read, or nothing says where they are.
    """
    layout = file.layout_of(annotation, name)
    hands = hands_of(file, annotation, name, file.problems, layout) if layout else []
    two = layout is not None and len(layout.hands) > 1
    if two and hands:
        return [_by_keypoints(hand) for hand in hands]
    if hands and hands[0].keypoints[:, 2].all():
        return [_by_keypoints(hands[0])]
    box = None if two else extent_of(annotation, f"{file.path} {name}")
    if box is None and hands:
        return [_by_keypoints(hands[0])]
    if box is None:
        raise Malformed(f"{file.path} {name}: neither bbox nor polygons nor keypoints say where the hand is")
    side, _ = Statements(annotation, {"category": (layout or Layout()).side}).settled()
    return [SceneHand(corners_of_box(box), side)]


def _by_keypoints(hand: CocoHand) -> SceneHand:
    labelled = hand.keypoints[:, 2] > 0
    points = points_of(hand.keypoints[labelled, :2])
    return SceneHand(points if labelled.all() else corners_of_box(box_of_points(points)), hand.side)


def _scene(picture: _Picture, name: str, finder: PictureFinder, dataset: str) -> Scene:
    return Scene(
        tuple(picture.hands), picture.complete, picture.dataset or dataset, name, partial(_read, finder, name)
    )


def _read(finder: PictureFinder, name: str) -> Image:
    return read_image(finder.find(name))
