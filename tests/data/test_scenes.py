"""Readers of whole pictures, and the samples made of them."""

from pathlib import Path

import cv2
import numpy as np

from likelihand.data import CocoScenes, EmptyScenes, SceneMix
from likelihand.data.augment import Augmentation, sample_rng
from likelihand.data.placing import MOST
from likelihand.structures import SceneLabels
from likelihand.training.batches import Batches
from likelihand.training.config import Plan, TrainConfig
from tests.scene_files import coco, paint


def test_sample_shows_the_hand_in_its_box(tmp_path: Path) -> None:
    paint(tmp_path / "empty" / "x.png", size=(30, 30))
    mix = SceneMix([CocoScenes(coco(tmp_path / "coco"), stop=4)], EmptyScenes(tmp_path / "empty"))
    bare = Augmentation(rotation=0, zoom=0.5, shift=0.2, colour=0, occlusion=0, low_resolution=0, blur=0, noise=0)
    checked = 0
    for index in range(len(mix)):
        sample = mix.sample(index, (96, 96), sample_rng(0, 1, index), bare)
        for row, asked in zip(sample.labels.boxes, sample.labels.asked, strict=True):
            if asked:
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
    assert isinstance(batch.labels, SceneLabels)
    assert batch.labels.boxes.shape == (3, MOST, 4)
    assert batch.labels.complete.tolist() == [1.0, 1.0, 1.0]
    assert mix.key(0) == mix.scene(0).key
