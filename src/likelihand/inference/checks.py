"""The boxes that a predictor is handed, checked, with errors that name what is wrong."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from likelihand.geometry import FloatArray, Image, check_box

FARTHEST: Final = 1e8
"""No coordinate of a box may be larger: the arithmetic of a crop would lose its precision."""


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
        raise ValueError(f"boxes have shape {array.shape}; give (N, 4), one (x0, y0, x1, y1) a hand")
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
