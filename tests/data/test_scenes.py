"""Readers of whole pictures, and the samples made of them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.data import CocoScenes, EmptyScenes, SceneMix
from likelihand.data.augment import Augmentation, sample_rng
from likelihand.training.batches import Batches
from likelihand.training.config import Plan, TrainConfig


def paint(file: Path, box: tuple[int, int, int, int] | None = None, size: tuple[int, int] = (60, 80)) -> None:
    image = np.zeros((*size, 3), np.uint8)
    if box is not None:
        image[box[1] : box[3], box[0] : box[2]] = 255
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), image)


def coco(folder: Path) -> Path:
    images, annotations = [], []
    for i in range(4):
        paint(folder / "images" / f"{i}.png", (20, 10, 40, 40))
        images.append({"id": i, "file_name": f"{i}.png", "width": 80, "height": 60})
        extra = {"handedness": "left", "subset": "core" if i < 2 else "extra", "dataset": f"set {i}"}
        annotations.append({"id": i, "image_id": i, "bbox": [20, 10, 20, 30], **extra})
    images.append({"id": 9, "file_name": "9.png"})
    paint(folder / "images" / "9.png")
    path = folder / "annotations.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    return path


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


def test_sample_shows_the_hand_in_its_row(tmp_path: Path) -> None:
    paint(tmp_path / "empty" / "x.png", size=(30, 30))
    mix = SceneMix([CocoScenes(coco(tmp_path / "coco"), stop=4)], EmptyScenes(tmp_path / "empty"))
    bare = Augmentation(rotation=0, zoom=0.5, shift=0.2, colour=0, occlusion=0, low_resolution=0, blur=0, noise=0)
    checked = 0
    for index in range(len(mix)):
        sample = mix.sample(index, (96, 96), sample_rng(0, 1, index), bare)
        for row, weight in zip(sample.target[1:], sample.weight[1:], strict=True):
            if weight:
                x, y = ((row[:2] + row[2:4]) / 2).astype(int)
                bright = np.argwhere(sample.crop[..., 0] > 127)
                assert sample.crop[y, x].min() > 200
                np.testing.assert_allclose(bright.min(0)[::-1], np.clip(row[:2], 0, 96), atol=1.6)
                np.testing.assert_allclose(bright.max(0)[::-1] + 1, np.clip(row[2:4], 0, 96), atol=1.6)
                checked += 1
    assert checked >= 2


def test_small_picture_is_laid_on_another(tmp_path: Path) -> None:
    file = tmp_path / "white.png"
    cv2.imwrite(str(file), np.full((30, 30, 3), 200, np.uint8))
    mix = SceneMix([CocoScenes(coco(tmp_path / "coco"), stop=1)], EmptyScenes(tmp_path))
    shrunk = Augmentation(rotation=0, zoom=0, shift=0, flip=0, colour=0, occlusion=0, low_resolution=0, noise=0)
    crops = [mix.sample(0, (80, 80), sample_rng(0, epoch, 0), shrunk).crop for epoch in range(12)]
    top = [int(crop[1, 1, 0]) for crop in crops]
    assert {0, 200} <= set(top)


def test_batches_take_the_samples_of_a_mix(tmp_path: Path) -> None:
    mix = SceneMix([CocoScenes(coco(tmp_path))])
    config = TrainConfig(steps=1, batch_size=3, size=64, augmentation=Augmentation())
    batch = Batches(mix, Plan(config, len(mix), 3))[0]
    assert not isinstance(batch, str), batch
    assert batch.crops.shape == (3, 64, 64, 3)
    assert batch.target.shape[2] == 6
    assert (batch.weight[:, 0] == 1).all()
