"""Labels as annotation tools export them: each form is read as the plain one, or refused with what is missing."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from likelihand.data import CocoHands, CocoScenes
from likelihand.data.formats.boxes import BoxesFile
from likelihand.data.layouts import detect
from likelihand.structures import KEYPOINTS

RNG = np.random.default_rng(3)
HANDS = RNG.uniform(10, 80, (3, 21, 2)).round(2)
CODES = RNG.choice([1, 2], (3, 21))
CODES[0, 4] = 0
SIDES = ("left", "right", "left")
Content = dict[str, Any]


def plain() -> Content:
    """Three hands on two pictures."""
    annotations = []
    for i, (points, codes) in enumerate(zip(HANDS, CODES, strict=True)):
        (x, y), (right, bottom) = points.min(0) - 2, points.max(0) + 2
        annotations.append(
            {
                "id": i,
                "image_id": i // 2,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": [x, y, right - x, bottom - y],
                "keypoints": np.column_stack([points, codes]).ravel().tolist(),
                "handedness": SIDES[i],
            }
        )
    images = [{"id": i, "file_name": f"{i}.png", "width": 90, "height": 90} for i in range(2)]
    categories = [{"id": 1, "name": "hand", "keypoints": [*KEYPOINTS]}]
    return {"images": images, "annotations": annotations, "categories": categories}


def write(folder: Path, content: Content, encoding: str = "utf-8", name: str = "labels.json") -> Path:
    for i in range(2):
        (folder / "images").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "images" / f"{i}.png"), np.zeros((90, 90, 3), np.uint8))
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding=encoding)
    return path


def each(change: Callable[[Content, int], object], part: str = "annotations") -> Callable[[Content], None]:
    def changed(content: Content) -> None:
        for i, fields in enumerate(content[part]):
            change(fields, i)

    return changed


def moved_side(name: str, value: Callable[[str], object]) -> Callable[[Content], None]:
    def change(annotation: Content, i: int) -> None:
        del annotation["handedness"]
        annotation[name] = value(SIDES[i])

    return each(change)


def side_by_category(names: tuple[str, str]) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        keypoints = content["categories"][0]["keypoints"]
        content["categories"] = [{"id": i, "name": n, "keypoints": keypoints} for i, n in enumerate(names)]
        for annotation in content["annotations"]:
            annotation["category_id"] = ("left", "right").index(annotation.pop("handedness"))

    return change


def renamed(pattern: str) -> Callable[[Content], None]:
    return each(lambda image, i: image.update(file_name=pattern.format(image["file_name"])), "images")


def shuffled_numbers(content: Content) -> None:
    """Names 1 to 21, sorted as text, as some exports do."""
    names = sorted((str(i) for i in range(1, 22)), key=str)
    content["categories"][0]["keypoints"] = names
    places = [int(name) - 1 for name in names]
    for annotation in content["annotations"]:
        rows = np.reshape(annotation["keypoints"], (21, 3))[places]
        annotation["keypoints"] = rows.ravel().tolist()


def no_visibility(rows: bool) -> Callable[[Content], None]:
    def change(annotation: Content, i: int) -> None:
        points = np.where(CODES[i, :, None] > 0, HANDS[i], 0)
        annotation["keypoints"] = points.tolist() if rows else points.ravel().tolist()

    return each(change)


def unlabelled(value: object) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        content["annotations"][0]["keypoints"][12:14] = [value, value]

    return change


def with_text(annotation: Content, i: int) -> None:
    annotation["keypoints"] = [str(v) for v in annotation["keypoints"]]
    annotation["bbox"] = [f" {v}" for v in annotation["bbox"]]


def without(*names: str, part: str = "annotations") -> Callable[[Content], None]:
    return each(lambda fields, i: [fields.pop(name) for name in names], part)


FORMS: dict[str, Callable[[Content], object]] = {
    "attribute": moved_side("attributes", lambda side: {"side": side, "occluded": False}),
    "list of attributes": moved_side("attributes", lambda side: [{"name": "Hand", "value": side.upper()}]),
    "is_right": moved_side("is_right", lambda side: int(side == "right")),
    "isLeft": moved_side("isLeft", lambda side: side == "left"),
    "hand_side": moved_side("hand_side", lambda side: f"{side.title()} hand"),
    "initial": moved_side("hand", lambda side: side[0].upper()),
    "tags": moved_side("extra", lambda side: {"user_tags": [f"{side}_hand"]}),
    "categories": side_by_category(("l_hand", "r_hand")),
    "categories in words": side_by_category(("Left Hand", "Right Hand")),
    "categories glued": side_by_category(("LeftHand", "RightHand")),
    "backslash": renamed("images\\{}"),
    "drive": renamed("C:\\Users\\me\\set\\images\\{}"),
    "drive with slashes": renamed("D:/set/{}"),
    "somebody's disk": renamed("/home/me/set/images/{}"),
    "Label Studio": renamed("/data/local-files/?d=set/images/{}"),
    "address": renamed("https://host/set/images/{}"),
    "numbers out of order": shuffled_numbers,
    "numbers from 0": lambda c: c["categories"][0].update(keypoints=[*range(21)]),
    "names by place": lambda c: c["categories"][0].update(keypoints=dict(enumerate(KEYPOINTS))),
    "no names": lambda c: c["categories"][0].pop("keypoints"),
    "no categories": lambda c: c.pop("categories"),
    "a category without keypoints": lambda c: c["categories"].insert(0, {"id": 0, "name": "hands"}),
    "a category of people": lambda c: c["categories"].append(
        {"id": 7, "name": "person", "keypoints": ["nose"] * 17}
    ),
    "no category": without("category_id"),
    "no iscrowd": without("iscrowd"),
    "ids as text": each(lambda a, i: a.update(image_id=str(a["image_id"]), category_id="1")),
    "ids with a point": each(lambda a, i: a.update(image_id=float(a["image_id"]), category_id=1.0)),
    "image ids as text": each(lambda image, i: image.update(id=str(image["id"])), "images"),
    "null": unlabelled(None),
    "NaN": unlabelled(float("nan")),
    "blank": unlabelled(""),
    "coordinates where not labelled": unlabelled(55),
    "numbers as text": each(with_text),
    "rows": each(lambda a, i: a.update(keypoints=np.reshape(a["keypoints"], (21, 3)).tolist())),
}


def same(path: Path, box: bool = True, visibility: bool = True) -> None:
    """Check that a file is read as the plain one."""
    content, read = plain(), detect(path)
    assert len(read) == 3
    for i, annotation in enumerate(content["annotations"]):
        record = read.record(i)
        labelled = CODES[i] > 0
        np.testing.assert_allclose(record.points[labelled], HANDS[i][labelled] + 0.5, atol=1e-9)
        np.testing.assert_array_equal(record.visibility, CODES[i] if visibility else 2 * labelled)
        x, y, width, height = annotation["bbox"]
        tight = [*(HANDS[i][labelled].min(0) + 0.5), *(HANDS[i][labelled].max(0) + 0.5)]
        np.testing.assert_allclose(record.box, [x, y, x + width, y + height] if box else tight, atol=1e-6)
        assert record.side == SIDES[i]
        assert record.read().shape == (90, 90, 3)


@pytest.mark.parametrize("form", FORMS)
def test_forms_that_mean_the_same(tmp_path: Path, form: str, caplog: pytest.LogCaptureFixture) -> None:
    content = plain()
    FORMS[form](content)
    with caplog.at_level(logging.WARNING):
        same(write(tmp_path, content))
    assert not caplog.text


@pytest.mark.parametrize("rows", [True, False])
def test_keypoints_without_visibility(tmp_path: Path, rows: bool) -> None:
    content = plain()
    no_visibility(rows)(content)
    same(write(tmp_path, content), visibility=False)


@pytest.mark.parametrize("bbox", [None, [], [0, 0, 0, 0], [1, 2, 0, 4], [None] * 4, [1, 2, -3, 4]])
def test_boxes_that_say_nothing_are_those_of_the_keypoints(tmp_path: Path, bbox: object) -> None:
    content = plain()
    each(lambda a, i: a.update(bbox=bbox))(content)
    same(write(tmp_path, content), box=False)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    same(write(tmp_path, plain(), encoding))


@pytest.mark.parametrize("name", ["annotations/person_keypoints_default.json", "images/_annotations.coco.json"])
def test_places_of_the_labels(tmp_path: Path, name: str) -> None:
    same(write(tmp_path, plain(), name=name))


@pytest.mark.parametrize(("count", "visible"), [(126, True), (84, False)])
def test_two_hands_in_one_annotation(tmp_path: Path, count: int, visible: bool) -> None:
    content = plain()
    names = [f"{side}_{name}" for side in ("right", "left") for name in KEYPOINTS]
    content["categories"][0]["keypoints"] = names
    both = np.concatenate([HANDS[1], HANDS[0]])
    rows = np.column_stack([both, np.concatenate([CODES[1], CODES[0]])]) if visible else both
    content["annotations"] = [{"id": 4, "image_id": 0, "category_id": 1, "keypoints": rows.ravel().tolist()}]
    alone = np.where(np.arange(42)[:, None] < 21, rows, 0)
    content["annotations"].append(content["annotations"][0] | {"id": 5, "keypoints": alone.ravel().tolist()})
    assert len(content["annotations"][0]["keypoints"]) == count
    data = CocoHands(write(tmp_path, content))
    assert [(r.side, r.key.split("png ")[1]) for r in map(data.record, range(3))] == [
        ("right", "annotation 4 right"), ("left", "annotation 4 left"), ("right", "annotation 5 right"),
    ]  # fmt: skip
    for record, points in zip(map(data.record, range(3)), (HANDS[1], HANDS[0], HANDS[1]), strict=True):
        np.testing.assert_allclose(record.points[record.weight > 0], points[record.weight > 0] + 0.5)


@pytest.mark.parametrize(
    ("change", "line"),
    [(lambda a: a.update(keypoints=[1, 2]), "annotation 1, field keypoints: 2 numbers, expected 63"),
     (lambda a: a.update(keypoints="x"), "annotation 1, field keypoints: 'x' is not numbers"),
     (lambda a: a.update(keypoints={"x": 3}), "annotation 1, field keypoints: {'x': 3} is not numbers"),
     (lambda a: a.update(keypoints=[[1, 2, 2], [3]]), "annotation 1, field keypoints: [[1, 2, 2], [3]] is not"),
     (lambda a: a["keypoints"].__setitem__(3, 1e9), "annotation 1, field keypoints, keypoint 1: [1000000000.0,"),
     (lambda a: a["keypoints"].__setitem__(3, None), "annotation 1, field keypoints, keypoint 1: [nan,"),
     (lambda a: a["keypoints"].__setitem__(5, 9), "keypoint 1: 9.0 is not a visibility: 0, 1, 2 or a confidence"),
     (lambda a: a["keypoints"].__setitem__(5, None), "keypoint 1: nan is not a visibility"),
     (lambda a: a.update(image_id=7), "annotation 1, field image_id: 7 is not the id of an image"),
     (lambda a: a.update(image_id=[0]), "annotation 1, field image_id: [0] is not the id of an image"),
     (lambda a: a.update(image_id=True), "annotation 1, field image_id: True is not the id of an image"),
     (lambda a: a.update(category_id={}), "annotation 1, field category_id: {} is not the id of a category"),
     (lambda a: a.update(bbox=[], keypoints=[1, 1, 2] * 21), "on a line and no bbox; give a bbox")],
)  # fmt: skip
def test_what_cannot_be_read_is_left_out_by_name(
    tmp_path: Path, change: Callable[[Content], None], line: str, caplog: pytest.LogCaptureFixture
) -> None:
    content = plain()
    change(content["annotations"][1])
    with caplog.at_level(logging.WARNING):
        data = CocoHands(write(tmp_path, content))
    assert len(data) == 2
    assert data.left_out == {"parts that cannot be read": 1}
    assert line in data.problems[0]
    assert f"{tmp_path}/labels.json" in data.problems[0]
    assert line in caplog.text


@pytest.mark.parametrize(
    ("change", "line"),
    [(lambda a: a.update(bbox="x"), "field bbox: 'x' is not 4 numbers; the box of the keypoints is taken"),
     (lambda a: a.update(bbox=[1, 2, 3]), "field bbox: [1, 2, 3] is not 4 numbers; the box of the keypoints"),
     (lambda a: a.update(bbox=[0, 0, 1e9, 1]), "is not [x, y, width, height], each up to 1e+06; the box of"),
     (lambda a: a.update(side="left"), "has sides that contradict each other: handedness 'right' says right, "),
     (lambda a: a.update(handedness=1), "has a side that is not understood: handedness 1")],
)  # fmt: skip
def test_what_is_kept_but_unclear_is_told(tmp_path: Path, change: Callable[[Content], None], line: str) -> None:
    content = plain()
    change(content["annotations"][1])
    data = CocoHands(write(tmp_path, content))
    assert len(data) == 3
    assert not data.left_out
    assert line in data.problems[0]
    assert len(data.record(1).box) == 4


def test_an_image_id_of_two_pictures_means_neither(tmp_path: Path) -> None:
    content = plain()
    content["images"].append({"id": "0", "file_name": "1.png"})
    data = CocoHands(write(tmp_path, content))
    assert len(data) == 1
    assert "image #2, field id: '0' is not an id of its own: two pictures have it" in data.problems[0]
    assert CocoHands(write(tmp_path, plain() | {"images": plain()["images"] * 2})).problems == []


def test_segments_alone_have_no_keypoints_but_a_place(tmp_path: Path) -> None:
    content = plain()
    without("keypoints", "bbox")(content)
    each(lambda a, i: a.update(segmentation=[[5, 6, 50, 6, 50, 70, 5, 70]]))(content)
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match="no usable hand; left out: 3 annotations without a labelled keypoint"):
        CocoHands(path)
    (hand,) = [hand for scene in CocoScenes(path).scenes if scene.key == "1.png" for hand in scene.hands]
    assert hand.box.tolist() == [5, 6, 50, 70]
    assert hand.side == "left"
    assert [box.tolist() for box in BoxesFile(path).of("1.png") or []] == [[5, 6, 50, 70]]


def test_scenes_keep_what_can_be_read(tmp_path: Path) -> None:
    content = plain()
    content["annotations"][0]["keypoints"] = "x"
    content["annotations"][2]["iscrowd"] = 1
    scenes = CocoScenes(write(tmp_path, content))
    found = {scene.key: scene for scene in scenes.scenes}
    assert {name: (len(scene.hands), scene.complete) for name, scene in found.items()} == {
        "0.png": (1, False),
        "1.png": (0, False),
    }
    np.testing.assert_allclose(found["0.png"].hands[0].points, HANDS[1] + 0.5)
    assert "annotation 0, field keypoints" in scenes.problems[0]
    assert found["0.png"].read().shape == (90, 90, 3)


def test_the_cases_of_the_tools(shared: Path) -> None:
    folder = shared / "cases/coco"
    if not folder.is_dir():
        pytest.skip("no cases beside the checkout")
    expected = CocoHands(folder / "plain.json")
    for path in sorted(folder.glob("*.json")):
        if path.stem == "free_names":
            with pytest.raises(ValueError, match=r"keypoint name 'palm'.*give keypoint_order"):
                CocoHands(path)
            data = CocoHands(path, keypoint_order=range(21))
        else:
            data = CocoHands(path)
        assert len(data) == len(expected) == 16, path
        if path.stem == "normalised_0_1":
            with pytest.raises(ValueError, match="are they shares of the picture, from 0 to 1"):
                data.record(0)
            continue
        for ours, theirs in zip(map(data.record, range(16)), map(expected.record, range(16)), strict=True):
            assert ours.side == theirs.side is not None, path
            labelled = ours.weight > 0
            np.testing.assert_allclose(ours.points[labelled], theirs.points[labelled], atol=1e-9)
