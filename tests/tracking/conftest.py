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
    from likelihand.tracking import VideoWriter

    file = tmp_path / "film.mp4"
    with VideoWriter(file, quality=10) as out:
        for i, seconds in enumerate(TIMES):
            out.write(picture(i), seconds)
    return file


def clip(
    file: Path, form: str, codec: str, frames: int = 20, gop: int = 12, size: tuple[int, int] = (48, 64)
) -> Path:
    """Write an even film of 30 frames a second in a container's format, whatever its name."""
    import av

    with av.open(str(file), "w", format=form) as container:
        stream = container.add_stream(codec, rate=30, options={"g": str(gop)})
        stream.height, stream.width = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for i in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i % 12, size), "rgb24")))
        container.mux(stream.encode(None))
    return file
