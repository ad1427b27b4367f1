"""Bilinear interpolation in NumPy: the same numbers on every machine.

The values are those of `warpAffine` and `resize` of OpenCV 5, but for a rounding of one level in 3 of 100,000.
OpenCV 4 warps with coordinates rounded to 1/32 pixel. Four bytes per pixel make a pixel one number to look up.
"""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def frame(image: Bytes, fill: tuple[int, int, int]) -> Bytes:
    """Frame a picture by one pixel of fill: (height + 2, width + 2, 4), the last channel without meaning.

    Example:
        >>> frame(np.full((1, 1, 3), 7, np.uint8), (0, 0, 0))[..., 0]
        array([[0, 0, 0],
               [0, 7, 0],
               [0, 0, 0]], dtype=uint8)
    """
    framed = np.empty((image.shape[0] + 2, image.shape[1] + 2, 4), np.uint8)
    for edge in (framed[0], framed[-1], framed[:, 0], framed[:, -1]):
        edge[:] = (*fill, 0)
    for channel in range(3):  # three copies of one byte per pixel are quicker than one of three
        framed[1:-1, 1:-1, channel] = image[..., channel]
    return framed


def interpolate(framed: Bytes, x: NDArray[np.float64], y: NDArray[np.float64], out: Bytes) -> None:
    """Interpolate between the four nearest pixels; halves go to the even number.

    Args:
        framed: as `frame` returns it.
        x: (height, width) where to look, counted in pixels of `framed` from the centre of its first; what lies
            outside is taken to its edge. (1, width) where all rows are the same.
        y: the same, (height, 1) where all columns are the same.
        out: (height, width, 3); it is filled.

    Example:
        >>> framed = frame(np.array([[[0] * 3, [10] * 3]], np.uint8), fill=(0, 0, 0))
        >>> out = np.empty((1, 3, 3), np.uint8)
        >>> interpolate(framed, np.array([[1.0, 1.3, 9.0]]), np.array([[1.0]]), out)
        >>> out[0, :, 0]
        array([0, 3, 0], dtype=uint8)
    """
    (height, width), (rows, columns) = out.shape[:2], framed.shape[:2]
    left, beside = _split(x, columns)
    upper, below = _split(y, rows)
    pixels, at = framed.view(np.uint32).reshape(-1), upper * columns + left
    nearest = np.empty((4, height, width), np.uint32)
    for corner, step in zip(nearest, (0, 1, columns, columns + 1), strict=True):
        pixels[step:].take(at, out=corner, mode="clip")
    blended = _blended(nearest.view(np.uint8).astype(np.float32), beside, below)
    four = np.rint(blended, out=blended).astype(np.uint8).reshape(height, width, 4)
    for channel in range(3):
        out[..., channel] = four[..., channel]


def _split(places: NDArray[np.float64], length: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Split places into whole pixels and what is beyond them, the latter four times for four bytes."""
    within = np.clip(places, 0.0, length - 1 - 1e-9)  # so that there is a pixel beyond
    whole = within.astype(np.intp)
    beyond = (within - whole).astype(np.float32)
    return whole, beyond.repeat(4, axis=1) if beyond.shape[1] > 1 else beyond


def _blended(
    corners: NDArray[np.float32], beside: NDArray[np.float32], below: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Blend upper left, upper right, lower left and lower right, in place."""
    left, right = corners[::2], corners[1::2]
    right -= left
    right *= beside
    right += left
    upper, lower = right
    lower -= upper
    lower *= below
    lower += upper
    return np.asarray(lower)


def block_means(image: Bytes, down: int, across: int) -> Bytes:
    """Average blocks of `down` x `across` pixels, exactly; halves go to the even number, those of 2 x 2 pixels up.

    Example:
        >>> block_means(np.arange(12, dtype=np.uint8).reshape(1, 4, 3), 1, 4)
        array([[[4, 6, 6]]], dtype=uint8)
    """
    rows, columns = image.shape[0] // down, image.shape[1] // across
    lines = image.reshape(image.shape[0], -1)
    sums = np.zeros((rows, lines.shape[1]), np.uint16 if 255 * down < 2**16 else np.uint32)
    for step in range(down):
        sums += lines[step::down]
    # whole numbers below 2**24 are exact in single precision, and a product of matrices is the quickest sum
    exact = np.dtype(np.float32 if 255 * down * across < 2**24 else np.float64)
    total = sums.reshape(rows, columns, -1).astype(exact) @ np.tile(np.eye(3, dtype=exact), (across, 1))
    if down == across == 2:
        return np.asarray((total.astype(np.uint16) + 2) // 4, np.uint8)
    return np.asarray(np.rint(total.astype(np.float64) / (down * across)), np.uint8)
