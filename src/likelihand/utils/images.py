"""Pictures as bytes."""

import numpy as np
from numpy.typing import NDArray

from likelihand.utils import opencv as cv2


def encode_image(image: NDArray[np.uint8], quality: int | None) -> bytes:
    """Encode an RGB picture (height, width, 3) as JPEG of a quality in 1..100, or as PNG where None.

    Raises:
        ValueError: the picture cannot be encoded.
    """
    options = [] if quality is None else [cv2.IMWRITE_JPEG_QUALITY, quality]
    good, data = cv2.imencode(".png" if quality is None else ".jpg", image[:, :, ::-1], options)
    if not good:
        raise ValueError(f"a picture of shape {image.shape} cannot be encoded; give (height, width, 3) uint8")
    return bytes(data)


def recompressed(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Write an RGB picture as JPEG of a quality in 1..100 and read it again."""
    data = np.frombuffer(encode_image(image, quality), np.uint8)
    return np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)
