import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.data.rendered import Recipe, annotation_of, preview, write_coco
from likelihand.synth.picture import render_picture


def test_pictures_and_annotations_say_the_same(tmp_path: Path) -> None:
    recipe = Recipe(seed=2, size=48)
    path = write_coco(3, tmp_path, recipe)
    content = json.loads(path.read_text())
    assert [image["file_name"] for image in content["images"]] == [f"{i:08}.jpg" for i in range(3)]
    first = next(a for a in content["annotations"] if a["image_id"] == 1)
    truth = render_picture(2, 1, 48)
    rows = np.array(first["keypoints"]).reshape(21, 3)
    labelled = rows[:, 2] > 0
    np.testing.assert_allclose(rows[labelled, :2] + 0.5, truth.hands[0].points[labelled], atol=1e-3)
    assert first["handedness"] == truth.hands[0].side
    image = cv2.imread(str(tmp_path / "images" / "00000001.jpg"))[:, :, ::-1]
    assert np.abs(image.astype(int) - truth.image).mean() < 12


def test_work_resumes_and_other_settings_are_refused(tmp_path: Path) -> None:
    path = write_coco(2, tmp_path, Recipe(size=32))
    before = path.read_bytes()
    picture = tmp_path / "images" / "00000000.jpg"
    picture.write_bytes(b"kept")
    assert write_coco(2, tmp_path, Recipe(size=32)).read_bytes() == before
    assert picture.read_bytes() == b"kept"
    with pytest.raises(ValueError, match="size"):
        write_coco(2, tmp_path, Recipe(size=40))


def test_numbers_of_annotations_are_unique_and_points_outside_are_unlabelled() -> None:
    hand = render_picture(0, 0, 32).hands[0]
    annotation = annotation_of(hand, 5, 40)
    assert annotation["num_keypoints"] == int((hand.occlusion < 3).sum())
    assert annotation["image_id"] == 5


def test_a_preview_has_two_sheets(tmp_path: Path) -> None:
    over, plain = preview(tmp_path / "s.png", Recipe(size=32), 3)
    a, b = cv2.imread(str(over)), cv2.imread(str(plain))
    assert a.shape == b.shape == (64, 64, 3)
    assert (a != b).any()
    assert plain.name == "s_plain.png"
