"""What a predictor takes for a picture: paths, Pillow's images and arrays give what the file gives."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likelihand.data.images import ImageError, as_image, decode_image
from likelihand.inference import Predictor
from likelihand.inference.metadata import ModelMetadata

PICTURE = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)
ORIENTATION = 0x0112


class Middle:
    """A runtime that answers the middle of the crop and keeps what it saw."""

    metadata = ModelMetadata(size=(64, 64))

    def __init__(self) -> None:
        self.crops: list[np.ndarray] = []

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        self.crops.append(crops)
        return {"points": np.full((len(crops), 21, 2), 32.0), "scale": np.ones((len(crops), 21, 2))}


def seen(picture: object, **options: object) -> np.ndarray:
    runtime = Middle()
    Predictor(runtime, tta=1).crop(picture, **options)  # type: ignore[arg-type]
    return runtime.crops[0]


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def test_a_path_as_text_or_path_gives_what_the_picture_gives(tmp_path: Path) -> None:
    file = tmp_path / "ü.png"
    file.write_bytes(encoded(Image.fromarray(PICTURE), exif=turned(6)))
    wanted = seen(np.rot90(PICTURE, -1))
    for path in (file, str(file)):
        assert (seen(path) == wanted).all()
    predict = Predictor(Middle())
    assert predict(file)[0].box.tolist() == [0, 0, 12, 20]
    assert predict(file, [[1, 1, 9, 9]])[0].box.tolist() == [1, 1, 9, 9]
    with pytest.raises(FileNotFoundError, match="no such file"):
        predict(tmp_path / "missing.png")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "YCbCr"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_a_pillow_picture_gives_what_its_file_gives(mode: str, orientation: int) -> None:
    wide = np.asarray(Image.fromarray(PICTURE).convert("L")).astype(np.uint16) * 257
    picture = Image.fromarray(wide) if mode == "I;16" else Image.fromarray(PICTURE).convert(mode)
    if mode in {"LA", "RGBA"}:
        picture.putalpha(Image.fromarray(np.linspace(0, 255, 240).astype(np.uint8).reshape(12, 20)))
    assert picture.mode == mode
    kind = "TIFF" if mode in {"CMYK", "YCbCr"} else "PNG"
    data = encoded(picture, kind, exif=turned(orientation))
    wanted = decode_image(data)
    picture.getexif()[ORIENTATION] = orientation
    assert wanted.shape == ((20, 12, 3) if orientation > 4 else (12, 20, 3))
    assert np.abs(as_image(picture).astype(int) - wanted).max() <= (2 if mode == "YCbCr" else 0)
    with Image.open(io.BytesIO(data)) as opened:
        assert (as_image(opened) == wanted).all()
    assert (seen(picture) == seen(as_image(picture))).all()


def test_grey_arrays_and_files_are_alike() -> None:
    grey = PICTURE[..., 0]
    wanted = np.repeat(grey[..., None], 3, 2)
    for array in (grey, grey[..., None], grey.astype(np.uint16) * 257, np.asfortranarray(grey), (grey / 255)):
        assert (as_image(array) == wanted).all()
    assert (as_image(grey) == decode_image(encoded(Image.fromarray(grey)))).all()
    wide = np.random.default_rng(1).integers(0, 65536, (9, 9), np.uint16)
    assert (as_image(wide) == decode_image(encoded(Image.fromarray(wide)))).all()


def test_alpha_is_laid_on_white_as_in_files() -> None:
    alpha = np.random.default_rng(1).integers(0, 256, (12, 20, 1), np.uint8)
    clear = np.concatenate([PICTURE, alpha], 2)
    wanted = decode_image(encoded(Image.fromarray(clear)))
    assert (as_image(clear) == wanted).all()
    assert (as_image(clear[..., [2, 1, 0, 3]], "BGR") == wanted).all()
    assert (as_image(clear.astype(np.uint16) * 257) == wanted).all()
    share = alpha / 255
    assert np.abs(wanted - (PICTURE * share + 255 * (1 - share))).max() <= 0.51


def test_opencvs_order_of_colours_is_asked_for() -> None:
    assert (seen(PICTURE[..., ::-1], channels="BGR") == seen(PICTURE)).all()
    assert (seen(PICTURE[..., ::-1]) != seen(PICTURE)).any()
    assert (seen(PICTURE[..., 0], channels="BGR") == seen(PICTURE[..., 0])).all()
    with pytest.raises(ImageError, match="channels is 'GBR'; give 'RGB', or 'BGR'"):
        as_image(PICTURE, "GBR")  # type: ignore[arg-type]
    for known in ("photo.jpg", Image.fromarray(PICTURE)):
        with pytest.raises(ImageError, match="channels='BGR' is for arrays"):
            as_image(known, "BGR")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 480, 640), np.uint8), r"shape \(3, 480, 640\); give \(height, width, 3\) RGB"),
        (np.zeros((0, 4, 3), np.uint8), r"shape \(0, 4, 3\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"shape \(1, 4, 4, 3\)"),
        (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\)"),
        (np.zeros(4, np.uint8), r"shape \(4,\)"),
        (np.zeros((4, 4, 3), np.int64), "dtype int64; give uint8, uint16, or floats in 0..1"),
        (np.zeros((4, 4, 3), bool), "dtype bool"),
        (np.full((4, 4, 3), 200.0), r"values from 200 to 200; give floats in 0\.\.1, or uint8"),
        (np.full((4, 4, 3), np.nan, np.float32), "values from nan to nan"),
        (np.array([["a"]]), "dtype <U1"),
        (None, r"image is None, which cv2\.imread returns where it cannot read the file; give a path"),
        ({"a": 1}, "image is of type dict; give a path"),
    ],
)
def test_what_is_no_picture_is_named(array: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Predictor(Middle())(array)  # type: ignore[arg-type]


def test_numbers_of_no_known_range_are_named() -> None:
    for mode, value, message in (("I", 70_000, "32-bit numbers from 70000 to 70000"), ("F", 3.0, "from 3 to 3")):
        with pytest.raises(ImageError, match=message):
            as_image(Image.new(mode, (3, 3), value))
    assert as_image(Image.new("I", (3, 3), 257)).max() == 1
    assert as_image(Image.new("F", (3, 3), 0.2)).max() == 51


def test_pillow_pictures_stay_as_they_were() -> None:
    picture = Image.fromarray(PICTURE)
    picture.getexif()[ORIENTATION] = 6
    as_image(picture)
    assert picture.size == (20, 12) and picture.getexif()[ORIENTATION] == 6


def test_views_and_arrays_of_others_are_taken() -> None:
    torch = pytest.importorskip("torch")
    assert (as_image(torch.from_numpy(PICTURE)) == PICTURE).all()  # type: ignore[arg-type]
    assert (seen(PICTURE[:, ::-1]) == seen(PICTURE[:, ::-1].copy())).all()


def test_a_film_is_named_as_one() -> None:
    from likelihand.data.samples import FILM

    with pytest.raises(ImageError, match=r"two-hands.mp4: is a film; .* likelihand.track"):
        as_image(FILM)
