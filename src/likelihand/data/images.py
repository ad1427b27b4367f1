"""Pictures from files: whatever a camera or a web page gives, as uint8 (height, width, 3) RGB.

Read: JPEG (also CMYK), PNG, WebP, BMP, TIFF and what else this OpenCV decodes; the content decides, not the
name. EXIF rotation is applied, grey becomes RGB, transparent parts are laid on white, 16 bits are scaled to 8,
of an animation the first frame is taken. A file that ends too early is an error. Damage in the middle of a
format without checksums (JPEG, WebP, TIFF) cannot be seen.
"""

import os
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import Image

Pixels: TypeAlias = NDArray[np.integer[Any] | np.floating[Any]]

_KNOWN = "JPEG, PNG, WebP, BMP or TIFF"
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


class ImageError(ValueError):
    """Says that a picture cannot be decoded: empty, truncated, or of an unknown format."""


def read_image(path: str | os.PathLike[str]) -> Image:
    """Read a picture from a file.

    Args:
        path: the file; its name may hold any character.

    Returns:
        (height, width, 3) uint8 RGB, turned as EXIF asks.

    Raises:
        FileNotFoundError: no such file.
        OSError: it cannot be read: a folder, forbidden, on a broken disk.
        ImageError: the file is empty, truncated, or not a picture.

    Example:
        >>> read_image("missing.jpg")
        Traceback (most recent call last):
        FileNotFoundError: missing.jpg: no such file; check the path
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            data = file.read()
    except IsADirectoryError as error:
        raise IsADirectoryError(f"{path}: is a folder; give a picture file") from error
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: no such file; check the path") from error
    except OSError as error:
        raise type(error)(
            f"{path}: cannot be read ({error.strerror}); check its permissions and the disk"
        ) from error
    return decode_image(data, name=str(path))


def decode_image(data: bytes, name: str = "picture") -> Image:
    """Decode a picture from the bytes of a file.

    Args:
        data: the whole file.
        name: what errors call it.

    Returns:
        (height, width, 3) uint8 RGB, turned as EXIF asks.

    Raises:
        ImageError: the data is empty, truncated, or not a picture.

    Example:
        >>> ok, data = cv2.imencode(".png", np.full((2, 3, 3), (0, 0, 255), np.uint8))
        >>> decode_image(data.tobytes())[0, 0]
        array([255,   0,   0], dtype=uint8)
    """
    if not data:
        raise ImageError(f"{name}: the file is empty; give a {_KNOWN} picture")
    if _truncated(data):
        raise ImageError(f"{name}: the picture ends too early (truncated); copy or download it again")
    picture = _decode(data, cv2.IMREAD_COLOR)
    if picture is None and data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        raise ImageError(f"{name}: is a HEIC picture, which is not read; save it as JPEG")
    if picture is None:
        raise ImageError(f"{name}: cannot be decoded ({len(data)} bytes); give a whole {_KNOWN} picture")
    if _may_be_transparent(data):
        picture = _on_white(picture, _decode(data, cv2.IMREAD_UNCHANGED))
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _decode(data: bytes, flags: int) -> Pixels | None:
    try:
        picture: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    return picture


def _truncated(data: bytes) -> bool:
    """Say whether a JPEG, PNG or WebP lacks its end."""
    if data[:3] == b"\xff\xd8\xff":
        return not data.rstrip(b"\0").endswith(b"\xff\xd9") and not _jpeg_ends(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return b"IEND" not in data
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return len(data) < int.from_bytes(data[4:8], "little") + 8
    return False


def _jpeg_ends(data: bytes) -> bool:
    """Walk over a JPEG's segments and say whether its end marker comes (other data may follow it)."""
    position = 2
    while (position := data.find(b"\xff", position)) >= 0 and position + 4 <= len(data) + 2:
        marker = data[position + 1] if position + 1 < len(data) else 0
        if marker == 0xD9:
            return True
        if marker == 0xFF:
            position += 1
        elif marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return False


def _may_be_transparent(data: bytes) -> bool:
    """Say whether the format can hold an alpha plane, so that a second look is needed."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return data[25] in (4, 6) or b"tRNS" in data[: data.find(b"IDAT")]
    return data[:4] in (b"RIFF", b"GIF8", b"II*\0", b"MM\0*")


def _on_white(picture: Pixels, raw: Pixels | None) -> Pixels:
    """Lay a picture on white by the alpha plane of its raw form, turned the way the picture was turned."""
    if raw is None or raw.ndim != 3 or raw.shape[2] != 4:
        return picture
    if raw.dtype == np.uint16:
        raw = (raw // 257).astype(np.uint8)
    turned = _turned_like(raw, picture)
    alpha = turned[..., 3:].astype(np.uint32)
    mixed = (picture.astype(np.uint32) * alpha + 255 * (255 - alpha) + 127) // 255
    return mixed.astype(np.uint8)


def _turned_like(raw: Pixels, picture: Pixels) -> Pixels:
    """Give the one of EXIF's eight orientations of `raw` whose colours are nearest to the picture's."""
    quarter = [np.rot90(raw, k) for k in range(4)]
    candidates = [c for q in quarter for c in (q, q[:, ::-1]) if c.shape[:2] == picture.shape[:2]]
    wanted = picture.astype(np.int16)
    return min(candidates, key=lambda c: int(np.abs(c[..., :3].astype(np.int16) - wanted).max()))
