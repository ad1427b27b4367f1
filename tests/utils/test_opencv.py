"""OpenCV that is asked for by name, where it is installed."""

import sys

import pytest


def test_what_needs_opencv_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from likelihand.utils import opencv

    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'likelihand\[headless\]', or opencv-python where"):
        opencv.GaussianBlur(None, (0, 0), 1.0)


def test_its_names_are_those_of_the_installed_one() -> None:
    cv2 = pytest.importorskip("cv2")
    from likelihand.utils import opencv

    assert opencv.GaussianBlur is cv2.GaussianBlur and opencv.__version__ == cv2.__version__
    with pytest.raises(AttributeError, match="__wrapped__"):
        opencv.__wrapped__  # noqa: B018
