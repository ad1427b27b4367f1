"""Read pictures from files as uint8 (height, width, 3) RGB.

Read: JPEG (also CMYK), PNG, WebP, BMP, TIFF, GIF, AVIF, JPEG 2000 and PPM, and HEIC with pillow-heif; the content
decides, not the name. EXIF rotation is applied, grey becomes RGB, transparent parts are laid on white, 16 bits
become 8, of an animation the first frame is taken. A file that ends too early is an error. Damage in the middle of
a format without checksums (JPEG, WebP, TIFF) cannot be seen.
"""

import hashlib
import io
import os
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

import numpy as np

from likelihand.data.formats.kinds import HEAD, kind_of_content
from likelihand.data.pixels import Channels, ImageError, rgb_of_array, rgb_of_pillow
from likelihand.geometry import Image
from likelihand.structures import Record
from likelihand.utils.validation import one_line

__all__ = [
    "LARGEST",
    "Channels",
    "ImageError",
    "Picture",
    "as_image",
    "decode_image",
    "picture_id",
    "read_image",
    "size_of_image",
]

if TYPE_CHECKING:
    import PIL.Image
    from numpy.typing import NDArray

Picture: TypeAlias = "str | os.PathLike[str] | PIL.Image.Image | NDArray[Any]"
"""A picture in any form: a file's path, a Pillow image, or an array."""

LARGEST: Final = 2**29
"""Pixels of a picture that Pillow reads without a warning where a program sets this as its limit; it refuses twice
as many. Its own limit is 179 million, fewer than some telephones' photos have."""

_KNOWN: Final = "JPEG, PNG, WebP, BMP or TIFF"
_FORMATS: Final = ("JPEG", "PNG", "BMP", "GIF", "PPM", "WEBP", "TIFF", "DIB", "AVIF", "JPEG2000")
"""Pillow's decoders that are used, the common ones first; some of its others start programs."""
_HEIC: Final = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_ORIENTATION: Final = 0x0112
"""EXIF's tag; from 5 to 8 width and height change places."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def as_image(picture: Picture, channels: Channels | None = None) -> Image:
    """Convert any image object to uint8 (height, width, 3) RGB.

    Args:
        picture: a path; a Pillow image, turned as its EXIF data ask; or an array, (height, width) or
            (height, width, 1, 3 or 4), uint8, uint16 or floats in 0..1. Whatever NumPy can view as such an array
            counts as one.
        channels: order of an array's colours, "RGB" where None; "BGR" for arrays of OpenCV's.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        ImageError: it is no picture of these kinds, or `channels` is given for one that knows its own order.
        OSError: the file cannot be read.

    Example:
        >>> as_image(np.zeros((20, 30), np.uint8)).shape
        (20, 30, 3)
    """
    if not isinstance(picture, str | os.PathLike) and not _is_pillow(picture):
        return rgb_of_array(np.asarray(picture), channels or "RGB")
    if channels is not None:
        raise ImageError(f"channels={channels!r} is for arrays; files and Pillow's pictures know their own order")
    return read_image(picture) if isinstance(picture, str | os.PathLike) else rgb_of_pillow(picture)


def _is_pillow(picture: object) -> "TypeGuard[PIL.Image.Image]":
    """Tell whether something is a Pillow image, without importing Pillow: who has one has imported it."""
    return not isinstance(picture, np.ndarray) and hasattr(picture, "getexif") and hasattr(picture, "mode")


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


def size_of_image(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Read the size of a picture, (height, width) as `read_image` makes it, from its file's header.

    Raises:
        OSError: it is missing or cannot be read.
        ImageError: the file is not a picture.

    Example:
        >>> size_of_image("missing.jpg")
        Traceback (most recent call last):
        FileNotFoundError: missing.jpg: no such file; check the path
    """
    import PIL.Image

    try:
        with PIL.Image.open(path, formats=_FORMATS) as picture:
            width, height = picture.size
            return (width, height) if picture.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8) else (height, width)
    except Exception:  # whatever a decoder raises: the whole picture is read, or its error told
        return read_image(path).shape[:2]


def picture_id(record: Record, image: Image) -> tuple[str, bytes]:
    """Return what tells the picture of a hand from other hands' pictures: its group and its pixels.

    A group alone may hold several: the versions of a moment, crops of one photo, two folders' files of one name.

    Args:
        record: the hand.
        image: its picture, as `record.read()` gives it.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> first, second = map(DrawnHands(2).record, range(2))
        >>> picture_id(first, first.read()) == picture_id(second, second.read())
        False
    """
    return record.group or record.key, hashlib.sha256(image.tobytes()).digest()


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
        >>> decode_image(b"P6 2 1 255 " + bytes([255, 0, 0, 0, 0, 255]))
        array([[[255,   0,   0],
                [  0,   0, 255]]], dtype=uint8)
    """
    if not data:
        raise ImageError(f"{name}: the file is empty; give a {_KNOWN} picture")
    if _truncated(data):
        raise ImageError(f"{name}: the picture ends too early (truncated); copy or download it again")
    try:
        with _opened(data) as picture:
            return rgb_of_pillow(picture)
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from error
    except Exception as error:  # the decoders' errors are of many kinds
        if kind_of_content(data[:HEAD]) == "film":
            raise ImageError(
                f"{name}: is a film; give a picture, or follow it with likelihand.track (likelihand predict)"
            ) from error
        raise ImageError(
            f"{name}: cannot be decoded ({_reason(data, error)}); give a whole {_KNOWN} picture"
        ) from error


def _reason(data: bytes, error: Exception) -> str:
    from PIL import UnidentifiedImageError

    size = f"{len(data)} bytes"
    return size if isinstance(error, UnidentifiedImageError) else f"{size}, {one_line(error)}"


def _opened(data: bytes) -> "PIL.Image.Image":
    """Open a picture; of a PNG the checksums are compared first, which Pillow does only when asked."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC and b"avif" not in data[12:64]:
        return _heic(data)
    import PIL.Image

    if data.startswith(_PNG):
        PIL.Image.open(io.BytesIO(data), formats=["PNG"]).verify()
    return PIL.Image.open(io.BytesIO(data), formats=_FORMATS)


def _heic(data: bytes) -> "PIL.Image.Image":
    try:
        import pillow_heif
    except ModuleNotFoundError as error:
        raise ImageError(
            "is a HEIC picture; install what reads it with pip install 'likelihand[heic]', or save it as JPEG"
        ) from error
    picture: PIL.Image.Image = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True).to_pillow()
    return picture


def _truncated(data: bytes) -> bool:
    """Say whether a JPEG, PNG or WebP lacks its end."""
    if data[:3] == b"\xff\xd8\xff":
        return not data.rstrip(b"\0").endswith(b"\xff\xd9") and not _jpeg_ends(data)
    if data[:8] == _PNG:
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
