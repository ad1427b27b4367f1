import json
import multiprocessing
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.data.rendered import Recipe, Synthetic, annotation_of, preview, write_coco
from likelihand.synth import SynthOptions
from likelihand.synth.picture import render_picture


def digest(job: tuple[Synthetic, int]) -> tuple[bytes, bytes]:
    record = job[0].record(job[1])
    return record.read().tobytes(), record.points.tobytes()


def test_a_record_does_not_depend_on_order_process_or_copy() -> None:
    data = Synthetic(20, seed=3, size=48)
    here = [digest((data, i)) for i in (7, 2, 7, 0)]
    assert here[0] == here[2]
    assert here[0] != here[1]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(digest, [(data, 0), (data, 2), (data, 7)]) == [here[3], here[1], here[0]]


def test_seeds_and_indices_make_different_hands() -> None:
    points = [Synthetic(5, seed=s, size=32).record(i).points for s in (0, 1) for i in (0, 1)]
    assert all(np.abs(a - b).max() > 0.5 for n, a in enumerate(points) for b in points[:n])


def test_a_record_is_sound() -> None:
    data = Synthetic(12, size=64)
    for i in range(12):
        record = data.record(i)
        assert record.points.shape == (21, 2) and np.isfinite(record.points).all()
        assert record.weight.sum() == 21
        assert set(record.visibility.tolist()) <= {1, 2}
        assert record.box[2] > record.box[0] and record.box[3] > record.box[1]
        assert record.side in ("left", "right")
        assert record.read().dtype == np.uint8
    assert len(data) == 12


def test_an_ingredient_switched_off_leaves_the_hand_as_it_was() -> None:
    full = Synthetic(9, seed=1, size=32)
    for name in ("backgrounds", "light", "objects", "effects", "skin"):
        bare = Synthetic(9, seed=1, size=32, options=SynthOptions(**{name: False}))
        for i in range(3):
            np.testing.assert_array_equal(bare.record(i).points, full.record(i).points)
        assert any((bare.record(i).read() != full.record(i).read()).any() for i in range(9))


def test_photos_are_used_and_pickled_without_their_pictures(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((90, 120, 3), (0, 0, 250), np.uint8))
    data = Synthetic(6, size=32, backgrounds=tmp_path, options=SynthOptions(effects=False, second_hand=False))
    red = [(data.record(i).read()[..., 0] > 2.0 * data.record(i).read()[..., 1:].max(-1)).mean() for i in range(6)]
    assert max(red) > 0.2
    assert len(pickle.dumps(data)) < 5000


def test_bad_requests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="count 0"):
        Synthetic(0)
    with pytest.raises(FileNotFoundError, match="no photo"):
        Synthetic(1, backgrounds=tmp_path)
    with pytest.raises(IndexError, match="5"):
        Synthetic(5).record(5)
    with pytest.raises(ValueError, match="negative"):
        Synthetic(1, seed=-1).record(0)
    with pytest.raises(ValueError, match="viewpoints"):
        SynthOptions(viewpoints="sideways")


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
