"""Pictures as programs hold them: every kind becomes uint8 RGB, or is refused by name."""

import numpy as np
import pytest
from PIL import Image

from likelihand.data.pixels import ImageError, rgb_of_array, rgb_of_pillow

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 4), np.uint8)
RGB, GREY = PIXELS[..., :3], PIXELS[..., 0]


@pytest.mark.parametrize("array", [RGB, RGB.astype(np.uint16) * 257, RGB / 255, (RGB / 255).astype(np.float32)])
def test_every_type_of_number_gives_the_same_picture(array: np.ndarray) -> None:
    given = rgb_of_array(array)
    assert given.dtype == np.uint8 and (given == RGB).all()


def test_a_uint8_picture_is_not_copied() -> None:
    assert np.shares_memory(rgb_of_array(RGB), RGB)


@pytest.mark.parametrize("array", [GREY, GREY[..., None]])
def test_grey_is_the_same_in_three_planes(array: np.ndarray) -> None:
    assert (rgb_of_array(array) == GREY[..., None]).all()


def test_alpha_is_laid_on_white() -> None:
    share = PIXELS[..., 3:] / 255
    assert (rgb_of_array(PIXELS) == np.rint(RGB * share + 255 * (1 - share))).all()
    assert (rgb_of_array(PIXELS[..., [2, 1, 0, 3]], "BGR") == rgb_of_array(PIXELS)).all()


@pytest.mark.parametrize("value", [-0.1, 1.1, np.inf, np.nan])
def test_floats_have_a_range(value: float) -> None:
    with pytest.raises(ImageError, match=r"give floats in 0\.\.1, or uint8"):
        rgb_of_array(np.full((2, 2), value))


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK", "YCbCr", "LAB", "HSV"])
def test_pillows_modes_are_what_pillow_converts(mode: str) -> None:
    picture = Image.fromarray(RGB).convert("RGB")
    picture = picture if mode == "RGB" else picture.convert("RGB" if mode in ("LAB",) else mode)
    assert (rgb_of_pillow(picture) == np.asarray(picture.convert("RGB"))).all()


@pytest.mark.parametrize(("mode", "value", "grey"), [("I", 0x8012, 0x80), ("I;16", 0x8012, 0x80), ("F", 0.5, 128)])
def test_pillows_wider_numbers_are_scaled_as_arrays_are(mode: str, value: float, grey: int) -> None:
    assert (rgb_of_pillow(Image.new(mode, (3, 2), value)) == grey).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_a_picture_as_pillow_would(orientation: int) -> None:
    from PIL import ImageOps

    picture = Image.fromarray(RGB)
    picture.getexif()[0x0112] = orientation
    assert (rgb_of_pillow(picture) == np.asarray(ImageOps.exif_transpose(picture))).all()


def test_a_transparent_palette_is_laid_on_white() -> None:
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    picture.info["transparency"] = 0
    assert rgb_of_pillow(picture)[0].tolist() == [[255, 255, 255], [40, 50, 60]]
