"""Frames of a camera, until it stops."""

import numpy as np
import pytest

from likelihand.tracking import Camera, VideoError
from tests.tracking.conftest import picture


def test_a_camera_that_is_not_there(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(VideoError, match="camera 63 cannot be opened"):
        Camera(63)
    assert capfd.readouterr().err == ""


class Device:
    """A camera of four pictures."""

    def __init__(self, number: int) -> None:
        self.left, self.released = 4, False

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, object]:
        self.left -= 1
        return self.left >= 0, picture(self.left)[:, :, ::-1] * np.array([1, 0, 0], np.uint8)

    def release(self) -> None:
        self.released = True


def test_a_camera_until_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cv2.VideoCapture", Device)
    camera, frames = Camera(0), []
    with pytest.raises(VideoError, match="camera 0 stopped giving pictures after 4 frames"):
        for frame in camera:
            frames.append(frame)
    assert [f.index for f in frames] == [0, 1, 2, 3]
    assert frames[0].seconds == 0 and (np.diff([f.seconds for f in frames]) >= 0).all()
    assert frames[0].image[40, 50].tolist() == [0, 0, 65]  # OpenCV's blue channel comes last
    assert camera._capture.released
