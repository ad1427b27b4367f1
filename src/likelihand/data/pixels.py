"""Convert pictures in memory (arrays, Pillow's images) to uint8 (height, width, 3) RGB."""

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import Image

if TYPE_CHECKING:
    import PIL.Image

Channels: TypeAlias = Literal["RGB", "BGR"]
"""Order of an array's colours; a fourth channel is alpha in both."""

_SHAPES: Final = "(height, width, 3) RGB, (height, width, 4) RGBA or (height, width) grey"
_ORIENTATION: Final = 0x0112
"""EXIF's tag for how a camera was held; 1 is upright."""


class ImageError(ValueError):
    """Raised where something is not a picture: empty, truncated, of an unknown format, or a wrong array."""


def rgb_of_array(array: NDArray[Any], channels: Channels = "RGB") -> Image:
    """Convert an array to a picture: grey becomes RGB, 16 bits become 8, alpha is composited on white.

    Args:
        array: (height, width), (height, width, 1), (height, width, 3) or (height, width, 4); uint8, uint16 of the
            whole range 0..65535, or floats in 0..1.
        channels: order of the colours.

    Returns:
        (height, width, 3) uint8 RGB; a uint8 RGB array as it is.

    Raises:
        ImageError: another shape or type, no pixel, or floats that are not finite or not in 0..1.

    Example:
        >>> rgb_of_array(np.full((2, 2), 65535, np.uint16))[0, 0]
        array([255, 255, 255], dtype=uint8)
        >>> rgb_of_array(np.zeros((3, 480, 640), np.uint8))
        Traceback (most recent call last):
        likelihand.data.pixels.ImageError: image has shape (3, 480, 640); give (height, width, 3) RGB, ...
    """
    if channels not in get_args(Channels):
        raise ImageError(f"channels is {channels!r}; give 'RGB', or 'BGR' for an array of OpenCV's")
    shape = array.shape
    if array.dtype.kind == "O":
        raise ImageError(f"image is {_shortened(array)}; give a path, a Pillow image or an array")
    if len(shape) not in (2, 3) or 0 in shape or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise ImageError(f"image has shape {shape}; give {_SHAPES}, as read_image does")
    pixels = _eight_bits(array)
    if pixels.ndim == 2 or shape[2] == 1:
        return np.repeat(pixels.reshape(*shape[:2], 1), 3, axis=2)
    if channels == "BGR":
        pixels = pixels[..., [2, 1, 0, *range(3, shape[2])]]
    return _on_white(pixels) if shape[2] == 4 else pixels


def _shortened(array: NDArray[Any]) -> str:
    """Describe what is no array; OpenCV returns None for a file that it cannot read."""
    if array.ndim == 0 and array.item() is None:
        return "None, which cv2.imread returns where it cannot read the file"
    return f"of type {type(array.item()).__name__}" if array.ndim == 0 else "an array of objects"


def _eight_bits(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return np.asarray(array, np.uint8)
    if array.dtype == np.uint16:
        return np.asarray(array >> 8, np.uint8)
    if array.dtype.kind != "f":
        raise ImageError(f"image has dtype {array.dtype}; give uint8, uint16, or floats in 0..1")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # also where one is not a number
        raise ImageError(
            f"image of {array.dtype} has values from {low:g} to {high:g}; give floats in 0..1, or uint8"
        )
    return np.asarray(np.rint(array * 255), np.uint8)


def _on_white(rgba: NDArray[np.uint8]) -> Image:
    """Lay a picture on white by its alpha plane."""
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = rgba[..., :3] * alpha + 255 * (255 - alpha)  # at most 255 * 255
    return np.asarray((mixed + np.uint16(127)) // np.uint16(255), np.uint8)


def rgb_of_pillow(picture: "PIL.Image.Image") -> Image:
    """Convert a Pillow image of any mode to a picture, rotated according to its EXIF data.

    Raises:
        ImageError: its numbers have no known range (modes I and F beyond 0..65535 and 0..1).

    Example:
        >>> from PIL import Image
        >>> rgb_of_pillow(Image.new("CMYK", (2, 2), (0, 255, 255, 0)))[0, 0]
        array([255,   0,   0], dtype=uint8)
    """
    turned = _upright(picture)
    if turned.mode == "I":
        return rgb_of_array(_sixteen_bits(np.asarray(turned)))
    if turned.mode == "F" or turned.mode.startswith("I;16"):
        array = np.asarray(turned)
        return rgb_of_array(array.astype(array.dtype.newbyteorder("=")))
    if turned.has_transparency_data:
        return rgb_of_array(np.asarray(turned.convert("RGBA")))
    return np.asarray(turned.convert("RGB"))


def _upright(picture: "PIL.Image.Image") -> "PIL.Image.Image":
    """Rotate a picture according to its EXIF data, where they can be read."""
    try:
        orientation = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # Pillow's parser lets errors of many kinds through; damaged data ask for nothing
        return picture
    if orientation not in range(2, 9):
        return picture
    from PIL import ImageOps

    return ImageOps.exif_transpose(picture)


def _sixteen_bits(numbers: NDArray[Any]) -> NDArray[np.uint16]:
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high > 65535:
        raise ImageError(f"picture has 32-bit numbers from {low} to {high}; save it with 8 or 16 bits")
    return numbers.astype(np.uint16)
