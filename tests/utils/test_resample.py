"""Resampling against the same sums in double precision."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from likelihand.geometry import crop_matrix, invert, transform_points, translation, warp_image
from likelihand.utils.resample import block_means

FILL = (250, 7, 99)


def exact(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Interpolate one pixel at a time, in double precision, in a picture that FILL surrounds."""
    height, width = image.shape[:2]

    def value(row: int, column: int) -> np.ndarray:
        inside = 0 <= row < height and 0 <= column < width
        return np.asarray(image[row, column] if inside else FILL, np.float64)

    out = np.empty((*size, 3))
    for i in range(size[0]):
        for j in range(size[1]):
            x, y = transform_points(invert(matrix), [[j + 0.5, i + 0.5]])[0] - 0.5
            left, top = int(np.floor(x)), int(np.floor(y))
            u, v = x - left, y - top
            upper = (1 - u) * value(top, left) + u * value(top, left + 1)
            lower = (1 - u) * value(top + 1, left) + u * value(top + 1, left + 1)
            out[i, j] = (1 - v) * upper + v * lower
    return out


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**16), x=st.floats(-20, 30), y=st.floats(-20, 30), side=st.floats(3, 24),
    radians=st.sampled_from([0.0, 0.3, -1.2, np.pi / 2]), flip=st.booleans(),
)  # fmt: skip
def test_a_warp_is_rounded_from_the_exact_value(
    seed: int, x: float, y: float, side: float, radians: float, flip: bool
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (17, 23, 3), np.uint8)
    matrix = crop_matrix([x, y, x + side, y + side], (13, 16), padding=1.0, radians=radians, flip=flip)
    error = warp_image(image, matrix, (13, 16), fill=FILL) - exact(image, matrix, (13, 16))
    assert np.abs(error).max() <= 0.501


def test_a_crop_of_many_bands_is_one_picture() -> None:
    image = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    matrix = crop_matrix([20, 30, 280, 290], (400, 300), radians=0.2)
    whole = warp_image(image, matrix, (400, 300))
    for top in (0, 150, 399):
        row = warp_image(image, translation(0, -top) @ matrix, (1, 300))
        np.testing.assert_array_equal(whole[top : top + 1], row)


@pytest.mark.parametrize(("down", "across"), [(1, 1), (2, 2), (2, 3), (3, 3), (7, 5), (300, 300)])
def test_blocks_have_their_exact_means(down: int, across: int) -> None:
    image = np.random.default_rng(1).integers(0, 256, (2 * down, 3 * across, 3), np.uint8)
    mean = image.reshape(2, down, 3, across, 3).astype(np.float64).mean((1, 3))
    assert np.abs(block_means(image, down, across) - mean).max() <= 0.5
    assert (block_means(np.full_like(image, 255), down, across) == 255).all()


def test_views_are_warped_as_copies() -> None:
    image = np.random.default_rng(2).integers(0, 256, (40, 50, 3), np.uint8)
    matrix = crop_matrix([5, 5, 30, 30], (16, 16))
    for view in (image[:, ::-1], image[..., ::-1], image[3:-3, 2:-2], np.asfortranarray(image)):
        np.testing.assert_array_equal(
            warp_image(view, matrix, (16, 16)), warp_image(view.copy(), matrix, (16, 16))
        )
