"""Coordinates, and every conversion between them.

The origin is the image's corner: an image of width W and height H covers [0, W] x [0, H], and the centre of
the pixel in row i and column j is (j + 1/2, i + 1/2) (Heckbert, "What are the coordinates of a pixel?", 1990).
In these coordinates a resize multiplies, a flip is W - x, and nothing else is needed. Matrices are 3x3, act on
columns (x, y, 1) and are named destination_from_source, so that a chain reads
`c_from_a = c_from_b @ b_from_a`.
"""

import math
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.utils.resample import block_means, frame, interpolate

FloatArray: TypeAlias = NDArray[np.float64]
Image: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) RGB in 0..255."""

BOX_PADDING: Final = 1.25
"""Side of the crop over the longer side of the box, in training, evaluation and prediction alike."""
FARTHEST: Final = 1e8
"""No coordinate of a box to predict may be larger: the arithmetic of a crop would lose its precision."""


def translation(x: float, y: float) -> FloatArray:
    """Make the matrix that moves points by (x, y).

    Example:
        >>> transform_points(translation(2, 3), [[1.0, 1.0]])
        array([[3., 4.]])
    """
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def scaling(x: float, y: float | None = None) -> FloatArray:
    """Make the matrix that multiplies by (x, y), about the origin: a resize, exactly.

    Example:
        >>> transform_points(scaling(0.25), [[224.0, 112.0]])
        array([[56., 28.]])
    """
    return np.diag([x, x if y is None else y, 1.0])


def rotation(radians: float) -> FloatArray:
    """Make the matrix that rotates about the origin, clockwise as seen on the screen (y points down).

    Example:
        >>> transform_points(rotation(math.pi / 2), [[1.0, 0.0]]).round(12)
        array([[0., 1.]])
    """
    c, s = math.cos(radians), math.sin(radians)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def horizontal_flip(width: float) -> FloatArray:
    """Make the matrix that mirrors a picture of the given width: x -> width - x.

    Example:
        >>> transform_points(horizontal_flip(10), [[0.5, 2.0]])
        array([[9.5, 2. ]])
    """
    return np.array([[-1.0, 0.0, width], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def transform_points(destination_from_source: ArrayLike, points: ArrayLike) -> FloatArray:
    """Transform points by an affine matrix.

    Args:
        destination_from_source: (..., 3, 3), the last row (0, 0, 1); leading axes as in `points`.
        points: (..., N, 2) (x, y) in the source's units.

    Returns:
        (..., N, 2) float64 in the destination's units.

    Example:
        >>> turn = crop_matrix([10, 10, 30, 30], (64, 64), padding=1.0)
        >>> transform_points(turn, [[20.0, 20.0]])
        array([[32., 32.]])
    """
    matrix = np.asarray(destination_from_source, np.float64)
    return np.asarray(points, np.float64) @ np.swapaxes(matrix[..., :2, :2], -1, -2) + matrix[..., None, :2, 2]


def transform_covariances(destination_from_source: ArrayLike, covariances: ArrayLike) -> FloatArray:
    """Transform covariances (..., 2, 2) by an affine matrix (3, 3): A C A^T, with A its linear part.

    Example:
        >>> transform_covariances(scaling(2.0, 3.0), np.eye(2))
        array([[4., 0.],
               [0., 9.]])
    """
    linear = np.asarray(destination_from_source, np.float64)[:2, :2]
    return linear @ np.asarray(covariances, np.float64) @ linear.T


def invert(destination_from_source: ArrayLike) -> FloatArray:
    """Invert an affine matrix (or a stack of them): source_from_destination.

    Raises:
        ValueError: the matrix flattens the plane, so that no inverse exists.

    Example:
        >>> invert(scaling(2.0))[0, 0]
        np.float64(0.5)
    """
    matrix = np.asarray(destination_from_source, np.float64)
    if matrix.ndim > 2:
        return np.array([invert(each) for each in matrix]).reshape(matrix.shape)
    (a, b, x), (c, d, y) = matrix[:2].tolist()
    size = a * d - b * c
    if size == 0:
        raise ValueError(f"matrix {matrix.tolist()} has no inverse; give a crop of positive width and height")
    a, b, c, d = d / size, -b / size, -c / size, a / size
    return np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y], [0.0, 0.0, 1.0]])


def magnification(destination_from_source: ArrayLike) -> float:
    """Compute the length in the destination of a unit length in the source (geometric mean over directions).

    Example:
        >>> round(magnification(rotation(0.3) @ scaling(4.0)), 12)
        4.0
    """
    (a, b), (c, d) = np.asarray(destination_from_source, np.float64)[:2, :2].tolist()
    return math.sqrt(abs(a * d - b * c))


def crop_matrix(
    box: ArrayLike,
    size: tuple[int, int],
    *,
    padding: float = BOX_PADDING,
    radians: float = 0.0,
    flip: bool = False,
) -> FloatArray:
    """Make crop_from_image: the square around a box, enlarged by `padding`, turned, mirrored and resized.

    Args:
        box: (4,) (x0, y0, x1, y1) in image pixels.
        size: (height, width) of the crop; the square is fitted to the shorter side and centred.
        padding: side of the square over the longer side of the box.
        radians: turns the picture clockwise about the centre of the box.
        flip: mirrors the picture left to right.

    Returns:
        (3, 3) float64.

    Raises:
        ValueError: the box is not four finite numbers with x1 > x0 and y1 > y0.

    Example:
        >>> crop_matrix([0, 0, 100, 50], (128, 128), padding=1.0)[:2]
        array([[ 1.28,  0.  ,  0.  ],
               [ 0.  ,  1.28, 32.  ]])
    """
    x0, y0, x1, y1 = check_box(box)
    height, width = size
    side = padding * max(x1 - x0, y1 - y0)
    matrix = rotation(radians) @ translation(-(x0 + x1) / 2, -(y0 + y1) / 2)
    matrix = translation(width / 2, height / 2) @ scaling(min(height, width) / side) @ matrix
    return horizontal_flip(width) @ matrix if flip else matrix


def check_box(box: ArrayLike) -> FloatArray:
    """Return a box as (4,) float64 after checking it.

    Raises:
        ValueError: it is not four finite numbers with x1 > x0 and y1 > y0.

    Example:
        >>> check_box([0, 0, -1, 5])
        Traceback (most recent call last):
        ValueError: box [0.0, 0.0, -1.0, 5.0] is empty; give (x0, y0, x1, y1) with x1 > x0 and y1 > y0
    """
    array = np.asarray(box, np.float64)
    if array.shape != (4,) or not np.isfinite(array).all():
        raise ValueError(f"box {array.tolist()} is not four finite numbers; give (x0, y0, x1, y1)")
    if array[2] <= array[0] or array[3] <= array[1]:
        raise ValueError(f"box {array.tolist()} is empty; give (x0, y0, x1, y1) with x1 > x0 and y1 > y0")
    return array


def check_boxes(boxes: ArrayLike, image: Image) -> FloatArray:
    """Return boxes as (N, 4) float64 after checking each against the picture.

    Raises:
        ValueError: not (N, 4), or a box is not finite, is empty, is vast, or shares no pixel with the picture.

    Example:
        >>> check_boxes([[50, 0, 60, 9]], np.zeros((20, 40, 3), np.uint8))
        Traceback (most recent call last):
        ValueError: box 0 [50.0, 0.0, 60.0, 9.0] lies outside the picture of 40 x 20 pixels; ...
    """
    try:
        array = np.asarray(boxes, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"boxes are not numbers of shape (N, 4) ({error}); give (x0, y0, x1, y1)") from error
    if array.size == 0:
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes have shape {array.shape}; give (N, 4), one (x0, y0, x1, y1) per hand")
    height, width = image.shape[:2]
    for i, box in enumerate(array):
        try:
            x0, y0, x1, y1 = check_box(box)
        except ValueError as error:
            raise ValueError(f"box {i}: {error}") from error
        if np.abs(box).max() > FARTHEST:
            raise ValueError(f"box {i} {box.tolist()} is too large; give coordinates within {FARTHEST:g} pixels")
        if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
            raise ValueError(
                f"box {i} {box.tolist()} lies outside the picture of {width} x {height} pixels; "
                "give (x0, y0, x1, y1) in pixels of this picture"
            )
    return array


def box_of_points(points: ArrayLike, where: ArrayLike | None = None) -> FloatArray:
    """Compute the tight box (x0, y0, x1, y1) of points (N, 2), of those where `where` (N,) is true.

    Raises:
        ValueError: no point is left.

    Example:
        >>> box_of_points([[1.0, 5.0], [4.0, 2.0]])
        array([1., 2., 4., 5.])
    """
    array = np.asarray(points, np.float64).reshape(-1, 2)
    array = array if where is None else array[np.asarray(where).astype(bool)]
    if not len(array):
        raise ValueError("no labelled keypoint to draw a box around; give at least one")
    return np.concatenate([array.min(0), array.max(0)])


def box_length(box: ArrayLike) -> float:
    """Compute max(width, height) of a box: the paper's normaliser (eqs. 8, 9).

    Example:
        >>> box_length([0, 0, 30, 40])
        40.0
    """
    x0, y0, x1, y1 = np.asarray(box, np.float64)
    return float(max(x1 - x0, y1 - y0))


def box_iou(first: ArrayLike, second: ArrayLike) -> FloatArray:
    """Compute the intersection over union, in 0..1, of boxes (..., 4) pair by pair; leading axes broadcast.

    Example:
        >>> float(box_iou([0, 0, 2, 2], [1, 0, 3, 2]).round(4))
        0.3333
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    return np.asarray(shared / np.maximum(union, 1e-12))


def points_inside(points: ArrayLike, size: ArrayLike) -> NDArray[np.bool_]:
    """Tell which points lie in a picture; its edges belong to it.

    Args:
        points: (..., K, 2) pixels.
        size: (2,) height and width in pixels, or (..., 2) of a picture for each set of points.

    Returns:
        (..., K).

    Example:
        >>> points_inside([[0.0, 0.0], [8.0, 4.0], [4.0, 8.0]], (4, 8))
        array([ True,  True, False])
    """
    array, most = np.asarray(points), np.asarray(size)[..., None, ::-1]
    return np.asarray(((array >= 0) & (array <= most)).all(-1))


def corner_from_pixel_index(index: ArrayLike) -> FloatArray:
    """Turn coordinates that count pixel centres as integers into corner-origin ones: add 1/2.

    Example:
        >>> corner_from_pixel_index([0.0, 3.0])
        array([0.5, 3.5])
    """
    return np.asarray(index, np.float64) + 0.5


def pixel_index_from_corner(points: ArrayLike) -> FloatArray:
    """Turn corner-origin coordinates into ones that count pixel centres as integers: subtract 1/2.

    Example:
        >>> pixel_index_from_corner([0.5, 3.5])
        array([0., 3.])
    """
    return np.asarray(points, np.float64) - 0.5


def warp_image(
    image: Image,
    destination_from_source: ArrayLike,
    size: tuple[int, int],
    *,
    fill: tuple[int, int, int] = (0, 0, 0),
) -> Image:
    """Resample an image by an affine matrix: the only path from pixels to a network's input.

    Bilinear; where the matrix shrinks by two or more the image is first averaged over whole pixels, so that
    fine detail does not turn into noise. NumPy alone computes it, in an order that is the same on every machine: a
    crop is what it was in training.

    Args:
        image: (height, width, 3) uint8.
        destination_from_source: (3, 3).
        size: (height, width) of the result.
        fill: RGB outside the image.

    Returns:
        (height, width, 3) uint8.

    Example:
        >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
        >>> bool((warp_image(image, np.eye(3), (2, 2)) == image).all())
        True
    """
    matrix = np.asarray(destination_from_source, np.float64)
    shrink = int(1.0 / max(magnification(matrix), 1e-6))
    if shrink >= 2:
        image, matrix = _averaged(image, matrix, size, shrink)
    source = invert(matrix)
    left, top, right, bottom = _seen(image, source, size, margin=1)
    framed = frame(image[top:bottom, left:right], fill)
    frame_from_destination = translation(1 - left, 1 - top) @ source
    out = np.empty((*size, 3), np.uint8)
    rows = max(1, _BAND // size[1])
    for first in range(0, size[0], rows):
        band = out[first : first + rows]
        interpolate(framed, *_places(frame_from_destination @ translation(0, first), band.shape), band)
    return out


_BAND: Final = 2**14
"""Pixels that are interpolated at a time: their weights stay within a processor's cache."""


def _seen(
    image: Image, source_from_destination: FloatArray, size: tuple[int, int], margin: int
) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom), in whole pixels, of the part of an image that a crop of it shows."""
    height, width = size
    corners = transform_points(source_from_destination, [[0, 0], [width, 0], [0, height], [width, height]])
    low, high = np.floor(corners.min(0)) - margin, np.ceil(corners.max(0)) + margin
    most = image.shape[1], image.shape[0]
    (left, top), (right, bottom) = (np.clip(ends, 0, most).astype(int).tolist() for ends in (low, high))
    return left, top, max(left, right), max(top, bottom)


def _places(frame_from_out: FloatArray, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Return where pixels' centres lie, counted in pixels: x (height or 1, width) and y (height, width or 1).

    They have one row, or one column, where the matrix does not turn: all others would be the same.
    """
    (a, b, x0), (c, d, y0) = frame_from_out[:2].tolist()
    height, width = shape[:2]
    across, down = np.arange(width)[None] + 0.5, np.arange(height)[:, None] + 0.5
    x = pixel_index_from_corner(a * across + x0 + (b * down if b else 0.0))
    y = pixel_index_from_corner(d * down + y0 + (c * across if c else 0.0))
    return x, y


def _averaged(image: Image, matrix: FloatArray, size: tuple[int, int], shrink: int) -> tuple[Image, FloatArray]:
    """Average the part of the image that is needed over shrink x shrink pixels; return it and its matrix.

    A part smaller than that is averaged as a whole: a vast box must not make a vast picture.
    """
    left, top, right, bottom = _seen(image, invert(matrix), size, 2 * shrink)
    if bottom <= top or right <= left:
        return image, matrix
    down, across = min(shrink, bottom - top), min(shrink, right - left)
    part = image[top:bottom, left:right]
    missing = (-part.shape[0] % down, -part.shape[1] % across)
    if any(missing):
        part = np.pad(part, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    return block_means(part, down, across), matrix @ translation(left, top) @ scaling(across, down)
