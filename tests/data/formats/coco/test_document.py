"""A COCO file as a whole: its ids, its categories, and what single parts cost."""

import json
from pathlib import Path
from typing import Any

import pytest

from likelihand.data.formats.coco.document import Layout, read_coco
from likelihand.structures import KEYPOINTS

Content = dict[str, Any]


def read(folder: Path, **parts: Any) -> Any:
    """Read a file of one picture and one annotation, with some parts replaced."""
    content: Content = {
        "images": [{"id": 1, "file_name": "a.png", "licence": "free"}],
        "annotations": [{"id": 5, "image_id": 1, "category_id": 1, "take": 2}],
        "categories": [{"id": 1, "name": "hand", "keypoints": list(KEYPOINTS)}],
    }
    path = folder / "a.json"
    path.write_text(json.dumps(content | parts))
    return read_coco(path)


@pytest.mark.parametrize(("one", "other"), [(7, "7"), (7, 7.0), ("a", " a "), (2.5, "2.5")])
def test_ids_of_one_value_are_one(one: object, other: object, tmp_path: Path) -> None:
    file = read(tmp_path, images=[{"id": one, "file_name": "a.png"}])
    assert file.image_of({"image_id": other}, "annotation 1").file_name == "a.png"


@pytest.mark.parametrize("value", [None, True, [], 1e30, float("inf"), ""])
def test_what_is_no_id_is_refused_by_name(value: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.json annotation 1, field image_id: .* is not the id of an image"):
        read(tmp_path).image_of({"image_id": value}, "annotation 1")


def test_an_annotation_has_the_fields_of_its_picture_where_it_lacks_them(tmp_path: Path) -> None:
    file = read(tmp_path)
    ((name, annotation),) = file.annotations
    assert name == "annotation 5"
    assert file.fields_of(annotation) == {"file_name": "a.png", "licence": "free"} | annotation


def test_annotations_of_one_id_are_told_apart_by_their_place(tmp_path: Path) -> None:
    file = read(tmp_path, annotations=[{"id": 5}, {"id": "5"}, {}, 3, {"id": 6}])
    assert [name for name, _ in file.annotations] == [
        "annotation 5 #0",
        "annotation 5 #1",
        "annotation #2",
        "annotation 6",
    ]
    assert file.problems == [f"{file.path} annotation #3: 3 is not a mapping"]


def test_a_category_tells_side_and_order_and_another_is_none_of_a_hand(tmp_path: Path) -> None:
    turned = list(reversed(KEYPOINTS))
    categories = [
        {"id": 1, "name": "Left hand", "keypoints": turned},
        {"id": 2, "name": "person", "keypoints": ["nose"] * 17},
        {"id": 3, "name": "odd", "keypoints": ["palm"] * 21},
    ]
    file = read(tmp_path, categories=categories)
    layout = file.layout_of({"category_id": "1"}, "annotation 5")
    assert (layout.side, layout.hands) == ("left", ((None, tuple(range(20, -1, -1))),))
    assert file.layout_of({"category_id": 2}, "") is None and file.layout_of({"category_id": 3}, "") is None
    assert len(file.refused) == 1 and "'palm'" in file.refused[0]
    with pytest.raises(ValueError, match="field category_id: None is not the id of a category"):
        file.layout_of({}, "annotation 5")  # of three categories


def test_two_hands_in_one_annotation_are_known_by_42_names(tmp_path: Path) -> None:
    names = [f"{side}_{name}" for side in ("right", "left") for name in KEYPOINTS]
    layout = read(tmp_path, categories=[{"id": 1, "name": "hands", "keypoints": names}]).layout_of({}, "")
    assert layout.count == 42
    assert dict(layout.hands) == {"right": tuple(range(21)), "left": tuple(range(21, 42))}


def test_without_categories_the_order_is_ours_or_the_one_that_is_given(tmp_path: Path) -> None:
    assert read(tmp_path, categories=[]).layout_of({"category_id": 8}, "") == Layout()
    order = [1, 0, *range(2, 21)]
    file = read_coco(read(tmp_path, categories=[]).path, order)
    assert file.layout_of({}, "").hands == ((None, tuple(order)),)  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="is not a permutation of 0 to 20"):
        read_coco(file.path, [0] * 21)
