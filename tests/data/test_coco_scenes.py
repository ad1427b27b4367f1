"""Whole pictures of a COCO file."""

from pathlib import Path

import pytest

from likelihand.data import CocoScenes
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
