from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.synth.scene.background import Photos, clutter, linear_of_srgb, peopled


def test_every_pixel_is_painted() -> None:
    for seed in range(12):
        picture = clutter(np.random.default_rng(seed), (48, 64))
        assert picture.shape == (48, 64, 3) and np.isfinite(picture).all()
        assert picture.min() >= 0 and picture.max() > 0.003


def test_clutter_varies() -> None:
    means = [clutter(np.random.default_rng(seed), (32, 32)).mean() for seed in range(30)]
    assert np.std(np.log(means)) > 0.3


def test_photos_come_in_the_order_of_their_names_and_are_bounded_in_memory(tmp_path: Path) -> None:
    for name, grey in (("b.png", 200), ("a.png", 100), ("c.txt", 0)):
        image = np.full((30, 40, 3), grey, np.uint8)
        cv2.imwrite(str(tmp_path / name), image) if name.endswith("png") else (tmp_path / name).write_text("no")
    photos = Photos(tmp_path)
    assert [path.name for path in photos.files] == ["a.png", "b.png"]
    assert photos.read(0)[0, 0, 0] == 100
    crop = photos.crop(np.random.default_rng(0), (16, 16))
    assert crop.shape == (16, 16, 3)
    assert np.isin(crop.round(5), linear_of_srgb(np.array([100, 200], np.uint8)).round(5)).all()


def test_a_photo_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.jpg"):
        Photos(tmp_path).read(0)


def test_linear_light_follows_the_standard() -> None:
    np.testing.assert_allclose(
        linear_of_srgb(np.array([0, 10, 128, 255], np.uint8)), [0, 0.0030353, 0.2158605, 1], 1e-5
    )


def test_people_stand_before_the_background_and_leave_the_rest_of_it() -> None:
    ground, skin = np.full((60, 80, 3), 0.9, np.float32), np.array([0.3, 0.15, 0.1], np.float32)
    shares = []
    for seed in range(24):
        picture = peopled(np.random.default_rng(seed), ground, skin)
        assert (picture == peopled(np.random.default_rng(seed), ground, skin)).all()
        assert picture.shape == ground.shape and picture.min() >= 0
        shares.append((np.abs(picture - 0.9).max(2) > 0.02).mean())
    assert (ground == 0.9).all()
    assert np.mean(shares) > 0.1 and min(shares) < 0.6
