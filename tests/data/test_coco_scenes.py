"""Whole pictures of a COCO file."""

import json
from pathlib import Path
from typing import Any

import pytest

from likelihand.data import CocoScenes
from likelihand.structures import KEYPOINTS
from tests.scene_files import coco


def test_coco_boxes_count_from_the_corner(tmp_path: Path) -> None:
    scenes = CocoScenes(coco(tmp_path))
    assert len(scenes) == 5
    found = {scene.key: [hand.box.tolist() for hand in scene.hands] for scene in scenes.scenes}
    assert found["0.png"] == [[20.0, 10.0, 40.0, 40.0]]
    assert found["9.png"] == []


def test_coco_file_is_chosen_from_and_split_by_hashes(tmp_path: Path) -> None:
    file = coco(tmp_path)
    core = CocoScenes(file, where={"subset": "core"})
    assert sorted(scene.key for scene in core.scenes) == ["0.png", "1.png"]
    assert {scene.dataset for scene in core.scenes} == {"set 0", "set 1"}
    first, rest = CocoScenes(file, stop=2), CocoScenes(file, start=2)
    keys = [scene.key for part in (first, rest) for scene in part.scenes]
    assert len(first) == 2
    assert sorted(keys) == ["0.png", "1.png", "2.png", "3.png", "9.png"]
    with pytest.raises(ValueError, match="gives no picture"):
        CocoScenes(file, start=5)


def written(folder: Path, category: dict[str, Any], **annotation: Any) -> CocoScenes:
    file = coco(folder)
    content = json.loads(file.read_text())
    content["categories"] = [{"id": 1, "name": "hand"}, category]
    for each in content["annotations"]:
        each["category_id"] = 1
    content["annotations"].append({"id": 7, "image_id": 9, "category_id": category["id"], **annotation})
    file.write_text(json.dumps(content))
    return CocoScenes(file)


def test_people_beside_hands_are_no_hands(tmp_path: Path) -> None:
    person = {"id": 2, "name": "person", "keypoints": [f"joint {i}" for i in range(17)]}
    scenes = written(tmp_path, person, bbox=[0, 0, 60, 50])
    found = {scene.key: (len(scene.hands), scene.complete) for scene in scenes.scenes}
    assert found["9.png"] == (0, True)
    assert found["0.png"] == (1, True)
    tips = {"id": 2, "name": "hand", "keypoints": [f"tip {i}" for i in range(5)]}
    scenes = written(tmp_path, tips, bbox=[0, 0, 60, 50])
    assert [len(scene.hands) for scene in scenes.scenes if scene.key == "9.png"] == [1]


@pytest.mark.parametrize(("crowd", "hands"), [(0, 1), ("0", 1), (1, 0), ("1", 0)])
def test_crowds_are_told_as_for_single_hands(crowd: object, hands: int, tmp_path: Path) -> None:
    scenes = written(tmp_path, {"id": 2, "name": "hand"}, bbox=[0, 0, 60, 50], iscrowd=crowd)
    (scene,) = [scene for scene in scenes.scenes if scene.key == "9.png"]
    assert (len(scene.hands), scene.complete) == (hands, bool(hands))


def test_two_hands_in_one_annotation_are_two_hands(tmp_path: Path) -> None:
    names = [f"{side}_{name}" for side in ("left", "right") for name in KEYPOINTS]
    left = [number for i in range(21) for number in (10 + i, 20 + i % 5, 2)]
    right = [number for i in range(21) for number in (50 + i, 30 + i % 5, 2 * (i < 20))]
    scenes = written(
        tmp_path, {"id": 2, "name": "hands", "keypoints": names}, bbox=[10, 20, 61, 15], keypoints=left + right
    )
    (both,) = [scene for scene in scenes.scenes if scene.key == "9.png"]
    assert [(hand.side, hand.box.tolist()) for hand in both.hands] == [
        ("left", [10.5, 20.5, 30.5, 24.5]),
        ("right", [50.5, 30.5, 69.5, 34.5]),
    ]
