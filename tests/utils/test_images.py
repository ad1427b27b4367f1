"""Pictures as bytes."""

import numpy as np

from likelihand.data import decode_image
from likelihand.utils.images import encode_image, recompressed


def test_png_comes_back_bit_for_bit_and_jpeg_nearly() -> None:
    rows, columns = np.mgrid[:24, :32]
    image = np.stack([8 * columns, 8 * rows, 4 * (rows + columns)], -1).astype(np.uint8)
    assert (decode_image(encode_image(image, None)) == image).all()
    assert np.abs(decode_image(encode_image(image, 95)).astype(int) - image).mean() < 3


def test_jpeg_of_high_quality_changes_little_and_keeps_the_colours_in_order() -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    image[..., 0] = 200
    assert np.abs(recompressed(image, 95).astype(int) - image).max() < 12
