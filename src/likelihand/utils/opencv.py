"""OpenCV where it is installed: rendering, augmentation and cameras use it, prediction does not.

Four packages on PyPI own the folder `cv2`, and the one that is installed last wins: `opencv-python-headless` takes
the windows of an `opencv-python` away. No package can require "one of them", so likelihand requires none and takes
the one that is there; the extra `likelihand[headless]` brings one to environments that have none.

Use it as `from likelihand.utils import opencv as cv2`: OpenCV is imported when its first name is asked for.
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name.startswith("__") and name != "__version__":
        raise AttributeError(name)
    try:
        cv2 = import_module("cv2")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "OpenCV is not installed, and rendering, augmentation and cameras need it; install it with: "
            "pip install 'likelihand[headless]', or opencv-python where its windows are wanted"
        ) from error
    return getattr(cv2, name)
