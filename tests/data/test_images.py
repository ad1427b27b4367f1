import io
import struct
import sys
import zlib

import cv2
import numpy as np
import pytest

from likelihand.data.images import ImageError, decode_image, read_image

PICTURE = cv2.resize(
    np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8), (64, 48), interpolation=cv2.INTER_LINEAR
)


def encoded(ending, image=PICTURE, *options):
    channels = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    if image.ndim == 3 and image.shape[2] in channels:
        image = cv2.cvtColor(image, channels[image.shape[2]])
    ok, data = cv2.imencode(ending, image, list(options))
    assert ok
    return data.tobytes()


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def exif(orientation):
    return b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x112, 3, 1, orientation) + b"\0\0\0\0"


def jpeg_with_exif(orientation):
    payload = b"Exif\0\0" + exif(orientation)
    data = encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_QUALITY, 100)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + data[2:]


def png_with_exif(image, orientation):
    data = encoded(".png", image)
    return data[:33] + png_chunk(b"eXIf", exif(orientation)) + data[33:]


TURNED = {
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}  # fmt: skip


@pytest.mark.parametrize("ending", [".png", ".bmp", ".tiff"])
def test_lossless_formats_are_read_exactly_whatever_the_name(ending, tmp_path):
    path = tmp_path / "wrong ending ü 手.jpg"
    path.write_bytes(encoded(ending))
    assert (read_image(path) == PICTURE).all()
    assert (read_image(str(path)) == PICTURE).all()


@pytest.mark.parametrize("ending", [".jpg", ".webp"])
def test_lossy_formats_keep_red_red(ending):
    image = np.zeros((32, 32, 3), np.uint8)
    image[..., 0] = 220
    assert np.abs(decode_image(encoded(ending, image)).astype(int) - (220, 0, 0)).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_of_jpeg_and_png(orientation):
    wanted = TURNED[orientation](PICTURE)
    jpeg = decode_image(jpeg_with_exif(orientation))
    assert jpeg.shape == wanted.shape
    assert np.abs(jpeg.astype(int) - wanted).mean() < 4
    assert (decode_image(png_with_exif(PICTURE, orientation)) == wanted).all()


@pytest.mark.parametrize("orientation", [1, 2, 6, 7])
def test_transparent_pictures_are_laid_on_white_after_exif(orientation):
    alpha = np.full(PICTURE.shape[:2], 255, np.uint8)
    alpha[:10, :20] = 0
    alpha[20:, 30:] = 51
    share = alpha[..., None] / 255
    wanted = TURNED[orientation](PICTURE * share + 255 * (1 - share))
    got = decode_image(png_with_exif(np.dstack([PICTURE, alpha]), orientation))
    assert got.shape == wanted.shape
    assert np.abs(got - wanted).max() <= 0.51


def test_grey_grey_with_alpha_palette_and_16_bits():
    grey = PICTURE[..., 0]
    assert (decode_image(encoded(".png", grey)) == grey[..., None]).all()
    wide = (grey.astype(np.uint16) << 8) + grey
    assert (decode_image(encoded(".png", wide)) == grey[..., None]).all()
    assert (decode_image(encoded(".png", PICTURE.astype(np.uint16) * 257)) == PICTURE).all()
    pillow = pytest.importorskip("PIL.Image")
    for mode in ("LA", "P"):
        image = pillow.fromarray(PICTURE).convert(mode)
        assert np.abs(decode_image(_saved(image, "PNG")) - np.asarray(image.convert("RGB")).astype(int)).max() <= 1
    rgba16 = np.dstack([PICTURE, np.full(grey.shape, 255, np.uint8)]).astype(np.uint16) * 257
    assert (decode_image(encoded(".png", rgba16)) == PICTURE).all()


def _saved(image, kind, **options):
    import io

    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_cmyk_jpeg_and_the_first_frame_of_animations():
    pillow = pytest.importorskip("PIL.Image")
    image = pillow.fromarray(PICTURE)
    assert np.abs(decode_image(_saved(image.convert("CMYK"), "JPEG", quality=95)) - PICTURE.astype(int)).mean() < 4
    other = pillow.fromarray(255 - PICTURE)
    for kind in ("WEBP", "PNG", "TIFF"):
        data = _saved(
            image, kind, save_all=True, append_images=[other], **({"lossless": True} if kind == "WEBP" else {})
        )
        assert (decode_image(data) == PICTURE).all()


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95, 0.999])
def test_truncated_files_are_refused(ending, share, tmp_path):
    data = encoded(ending)
    path = tmp_path / f"a{ending}"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ImageError, match=f"a{ending}: "):
        read_image(path)


def test_truncated_jpeg_filled_with_zeros_and_jpeg_with_a_tail():
    data = encoded(".jpg")
    with pytest.raises(ImageError, match="too early"):
        decode_image(data[: len(data) // 2] + bytes(len(data) // 2))
    assert (decode_image(data + b"a film follows" * 10) == decode_image(data)).all()
    assert (decode_image(data + bytes(100)) == decode_image(data)).all()


def test_progressive_jpeg_is_whole_only_with_its_end():
    data = encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 2)
    assert decode_image(data + b"tail").shape == PICTURE.shape
    with pytest.raises(ImageError, match="too early"):
        decode_image(data[:-60])


@pytest.mark.parametrize("data", [b"", b"hello" * 30, b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8"])
def test_what_is_no_picture_is_refused_in_one_line(data):
    with pytest.raises(ImageError) as error:
        decode_image(data, name="x")
    assert str(error.value).startswith("x: ")
    assert "\n" not in str(error.value)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_image(tmp_path / "none.jpg")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        read_image(tmp_path)


def test_tiny_and_huge():
    assert decode_image(encoded(".png", np.full((1, 1, 3), 7, np.uint8))).tolist() == [[[7, 7, 7]]]
    assert decode_image(encoded(".png", np.zeros((12_000, 1_000), np.uint8))).shape == (12_000, 1_000, 3)


def test_a_file_that_may_not_be_read_says_so(monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied", "a.jpg")

    monkeypatch.setattr("builtins.open", forbidden)
    with pytest.raises(PermissionError, match=r"^a\.jpg: cannot be read \(Permission denied\); check"):
        read_image("a.jpg")


def test_a_heic_picture_names_what_reads_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match=r"is a HEIC picture; .* 'likelihand\[heic\]', or save it as JPEG"):
        decode_image(b"\0\0\0\x18ftypheic" + bytes(100))


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_heic_picture_is_read_and_turned(orientation):
    heif = pytest.importorskip("pillow_heif")
    pillow = pytest.importorskip("PIL.Image")
    made = heif.from_pillow(pillow.fromarray(np.repeat(np.repeat(PICTURE, 4, 0), 4, 1)))
    buffer = io.BytesIO()
    made.save(buffer, quality=95, exif=b"Exif\0\0" + exif(orientation))
    wanted = TURNED[orientation](np.repeat(np.repeat(PICTURE, 4, 0), 4, 1))
    got = decode_image(buffer.getvalue())
    assert got.shape == wanted.shape
    assert np.abs(got.astype(int) - wanted).mean() < 8


def test_a_damaged_heic_picture_is_one_line():
    pytest.importorskip("pillow_heif")
    with pytest.raises(ImageError, match="x: cannot be decoded"):
        decode_image(b"\0\0\0\x18ftypheic" + bytes(100), name="x")
