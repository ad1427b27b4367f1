"""What the films' tests share."""

from pathlib import Path

import numpy as np
import pytest

from likelihand.geometry import Image

TIMES = [0.0, 0.04, 0.1, 0.13, 0.3, 0.31, 0.35, 0.4, 0.52, 0.6]


def picture(number: int, size: tuple[int, int] = (48, 64)) -> Image:
    """A dark picture whose grey level is its number's, with a bright mark in the upper left corner."""
    image = np.full((*size, 3), 20 + 15 * number, np.uint8)
    image[: size[0] // 3, : size[1] // 3] = 250
    return image


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Ten frames of 64 x 48 that are not evenly spaced."""
    pytest.importorskip("av")
    from likelihand.video import VideoWriter

    file = tmp_path / "film.mp4"
    with VideoWriter(file, quality=10) as out:
        for i, seconds in enumerate(TIMES):
            out.write(picture(i), seconds)
    return file
