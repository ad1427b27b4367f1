"""Boxes by picture: both forms of the file, and pictures that are found by the end of their path."""

import json
from pathlib import Path

import pytest

from likelihand.data.formats.boxes import BoxesFile
from likelihand.data.formats.coco import hand_entry, image_entry, write_document
from likelihand.utils.validation import Malformed

BOX = [1.0, 2.0, 30.0, 20.0]


def plain(folder: Path, content: object) -> BoxesFile:
    (folder / "boxes.json").write_text(json.dumps(content))
    return BoxesFile(folder / "boxes.json")


def given(file: BoxesFile, picture: str) -> list[list[float]] | None:
    boxes = file.of(picture)
    return None if boxes is None else [box.tolist() for box in boxes]


def test_a_picture_is_found_by_the_longest_ending_that_is_named(tmp_path: Path) -> None:
    file = plain(tmp_path, {"a.jpg": [BOX], "deep/a.jpg": [], "win\\b.jpg": [BOX, BOX]})
    assert given(file, "elsewhere/a.jpg") == [BOX]
    assert given(file, "/set/deep/a.jpg") == []
    assert given(file, "win/b.jpg") == [BOX, BOX]
    assert given(file, "ba.jpg") is None


def test_coco_says_the_same_by_boxes_or_by_keypoints(tmp_path: Path) -> None:
    points = [[2.0, 3.0]] * 20 + [[9.0, 8.0]]
    entries = [hand_entry(1, 1, points, box=BOX), hand_entry(2, 1, points) | {"bbox": []}]
    images = [image_entry(1, "a.jpg", (40, 50)), image_entry(2, "empty.jpg", (40, 50))]
    file = BoxesFile(write_document(tmp_path / "coco.json", images, entries))
    assert given(file, "set/a.jpg") == [BOX, [2.0, 3.0, 9.0, 8.0]]
    assert given(file, "empty.jpg") == [] and given(file, "other.jpg") is None


def test_a_box_that_cannot_be_read_costs_its_own_picture_alone(tmp_path: Path) -> None:
    file = plain(tmp_path, {"a.jpg": [[1, 2, 3]], "b.jpg": 3, "c.jpg": [[5, 5, 5, 9]], "d.jpg": [BOX]})
    for picture, message in (("a.jpg", "boxes of a.jpg, box 0"), ("b.jpg", "a list of boxes"), ("c.jpg", "c.jpg")):
        with pytest.raises(Malformed, match=message):
            file.of(picture)
    assert given(file, "d.jpg") == [BOX]


@pytest.mark.parametrize("content", [[], 3, "text"])
def test_another_file_is_refused_with_what_was_expected(content: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is not a JSON file \{photo"):
        plain(tmp_path, content)


def test_coco_without_a_place_is_refused_where_its_picture_is_asked_for(tmp_path: Path) -> None:
    entry = hand_entry(1, 1, [[2.0, 3.0]] * 21, box=BOX) | {"bbox": [], "keypoints": [0] * 63}
    file = BoxesFile(write_document(tmp_path / "coco.json", [image_entry(1, "a.jpg", (4, 5))], [entry]))
    with pytest.raises(Malformed, match="neither bbox nor keypoints say where the hand is"):
        file.of("a.jpg")
