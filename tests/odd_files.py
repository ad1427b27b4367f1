"""Some three hundred damaged and odd pictures, made small and on the spot, each with what should become of it."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

GOOD, BAD = True, False

RNG = np.random.default_rng(0)
PICTURE = cv2.resize(RNG.integers(0, 256, (6, 8, 3), np.uint8), (48, 36), interpolation=cv2.INTER_LINEAR)
SHARES = [i / 24 for i in range(1, 24)]


def encoded(ending: str, image: np.ndarray = PICTURE, *options: int) -> bytes:
    return bytes(cv2.imencode(ending, image, list(options))[1].tobytes())


def saved(image: object, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)  # type: ignore[attr-defined]
    return buffer.getvalue()


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x112, 3, 1, orientation) + b"\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def png_of(width: int, height: int) -> bytes:
    """A PNG's head that promises more pixels than there are."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(300))) + chunk(b"IEND", b"")


def odd_files() -> Iterator[tuple[str, bytes, bool]]:
    """Return (name, content, whether it can be read)."""
    yield from truncated()
    yield from filled_up()
    yield from no_pictures()
    yield from odd_but_whole()
    yield from from_pillow()


def truncated() -> Iterator[tuple[str, bytes, bool]]:
    grey = PICTURE[..., 0]
    whole = {
        "baseline.jpg": encoded(".jpg"),
        "progressive.jpg": encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "colour.png": encoded(".png"),
        "grey.png": encoded(".png", grey),
        "lossy.webp": encoded(".webp", PICTURE, cv2.IMWRITE_WEBP_QUALITY, 80),
        "lossless.webp": encoded(".webp"),
        "plain.bmp": encoded(".bmp"),
        "packed.tiff": encoded(".tiff"),
    }
    for name, data in whole.items():
        stem, ending = name.split(".")
        yield f"whole-{name}", data, GOOD
        for i, share in enumerate(SHARES):
            yield f"cut-{stem}-{i:02d}.{ending}", data[: int(len(data) * share)], BAD


def filled_up() -> Iterator[tuple[str, bytes, bool]]:
    """Return files whose end was lost and replaced by zeros, as a broken copy leaves them."""
    for ending in (".jpg", ".png"):
        data = encoded(ending)
        for i in range(1, 8):
            kept = len(data) * i // 8
            yield f"zeroed-{i}{ending}", data[:kept] + bytes(len(data) - kept), BAD


def no_pictures() -> Iterator[tuple[str, bytes, bool]]:
    for ending in ("jpg", "png", "webp", "bmp", "tif", "tiff", "jpeg"):
        yield f"empty.{ending}", b"", BAD
        yield f"text.{ending}", b"This is no picture.\n" * 20, BAD
        yield f"noise.{ending}", RNG.bytes(500), BAD
        yield f"one-byte.{ending}", b"\xff", BAD
    yield "page.jpg", b"<!DOCTYPE html><html><body>404</body></html>", BAD
    yield "archive.png", b"PK\x03\x04" + RNG.bytes(100), BAD
    yield "film.jpg", b"\0\0\0\x18ftypmp42" + RNG.bytes(200), BAD
    yield "start-only.jpg", b"\xff\xd8\xff\xd9", BAD
    yield "promises-much.png", png_of(100_000, 100_000), BAD
    yield "promises-some.png", png_of(40, 40), BAD
    yield "no-width.png", png_of(0, 10), BAD
    for i in range(6):
        damaged = bytearray(encoded(".png"))
        damaged[40 + 60 * i] ^= 0xFF
        yield f"flipped-bit-{i}.png", bytes(damaged), BAD


def odd_but_whole() -> Iterator[tuple[str, bytes, bool]]:
    for ending in (".jpg", ".png", ".webp", ".bmp", ".tiff"):
        yield f"one-pixel{ending}", encoded(ending, PICTURE[:1, :1]), GOOD
        yield f"one-row{ending}", encoded(ending, PICTURE[:1]), GOOD
        yield f"wrong-ending-{ending[1:]}.jpg", encoded(ending), GOOD
        yield f"tail{ending}", encoded(ending) + (b"" if ending == ".tiff" else b"more" * 9), GOOD
    for wide in (np.zeros((2, 12_000, 3), np.uint8), np.zeros((12_000, 2, 3), np.uint8)):
        yield f"long-{wide.shape[0]}.png", encoded(".png", wide), GOOD
        yield f"long-{wide.shape[0]}.jpg", encoded(".jpg", wide), GOOD
    yield "sixteen-bits.png", encoded(".png", PICTURE.astype(np.uint16) * 257), GOOD
    yield "sixteen-bits-grey.png", encoded(".png", PICTURE[..., 0].astype(np.uint16) * 257), GOOD
    yield "sixteen-bits.tiff", encoded(".tiff", PICTURE.astype(np.uint16) * 257), GOOD
    yield "grey.jpg", encoded(".jpg", PICTURE[..., 0]), GOOD
    yield "alpha.png", encoded(".png", np.dstack([PICTURE, PICTURE[..., 0]])), GOOD
    yield "alpha.webp", encoded(".webp", np.dstack([PICTURE, PICTURE[..., 0]])), GOOD
    for orientation in (*range(1, 9), 0, 77):
        yield f"turned-{orientation}.jpg", with_exif(encoded(".jpg"), orientation), GOOD
    for name in ("ü 手 '\"", "-", "%d{}", "a\tb"):
        yield f"{name}.png", encoded(".png"), GOOD


def from_pillow() -> Iterator[tuple[str, bytes, bool]]:
    try:
        from PIL import Image
    except ImportError:
        return
    image, other = (Image.fromarray(array) for array in (PICTURE, 255 - PICTURE))
    yield "cmyk.jpg", saved(image.convert("CMYK"), "JPEG"), GOOD
    for mode in ("1", "L", "LA", "P", "RGBA"):
        yield f"mode-{mode}.png", saved(image.convert(mode), "PNG"), GOOD
    yield "palette.bmp", saved(image.convert("P"), "BMP"), GOOD
    yield "clear.png", saved(image.convert("P"), "PNG", transparency=0), GOOD
    for kind in ("WEBP", "PNG", "TIFF", "GIF"):
        moving = saved(image, kind, save_all=True, append_images=[other])
        yield f"moving.{kind.lower()}.jpg", moving, GOOD
        yield f"moving-cut.{kind.lower()}.jpg", moving[: len(moving) // 3], BAD


def write_all(folder: Path) -> dict[str, bool]:
    """Write them; give name to whether it is to be read."""
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, content, good in odd_files():
        (folder / name).write_bytes(content)
        expected[name] = good
    return expected
