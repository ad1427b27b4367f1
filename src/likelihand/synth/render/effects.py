"""What a camera does to light: blur, exposure, colour cast, noise, low resolution, JPEG."""

import math
from typing import Final

import numpy as np

from likelihand.synth.compiled import compiled
from likelihand.utils import opencv as cv2
from likelihand.utils.arrays import Floats, Generator, Image
from likelihand.utils.images import recompressed

GREY: Final = 0.03
"""Share of pictures without colours."""
MIDDLE_GREY: Final = 0.45
"""sRGB value that contrast leaves as it is."""
SHOULDER: Final = 0.1
"""Light x becomes 1.1 x / (1 + 0.1 x): white stays white, middle tones rise a little."""
LUMA: Final = (0.299, 0.587, 0.114)
"""Of sRGB values (ITU-R BT.601)."""
CASTS: Final = np.array([0.35, 0.05, -0.4])
"""By how much a warmer white balance lifts the logarithms of red, green and blue."""
_STEPS: Final = 4096
_LIGHT: Final = np.arange(_STEPS + 1) / _STEPS
_SRGB: Final = np.where(
    _LIGHT <= 0.0031308, 12.92 * _LIGHT, 1.055 * np.maximum(_LIGHT, 1e-9) ** (1 / 2.4) - 0.055
).astype(np.float32)


def blurred(picture: Floats, rng: Generator) -> Floats:
    """Move or defocus the camera, each in a share of the pictures; the picture is linear light."""
    longest = max(picture.shape[:2])
    if rng.random() < 0.25:
        sigma = longest / 160 * math.exp(rng.uniform(math.log(0.4), math.log(3.4)))
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
    if rng.random() < 0.18:
        length = longest / 160 * math.exp(rng.uniform(math.log(2.0), math.log(18.0)))
        picture = np.asarray(cv2.filter2D(picture, -1, motion_kernel(length, rng.uniform(0, math.pi))), np.float32)
    if rng.random() < 0.28:
        factor = math.exp(rng.uniform(math.log(0.16), math.log(0.85)))
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (int(width * factor), int(height * factor)), interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return picture


def motion_kernel(length: float, radians: float) -> Floats:
    """Make the kernel of a straight movement: `length` pixels long, symmetric, of sum 1.

    Example:
        >>> motion_kernel(3.0, 0.0).round(2)
        array([[0.  , 0.  , 0.  , 0.  , 0.  ],
               [0.  , 0.  , 0.  , 0.  , 0.  ],
               [0.  , 0.33, 0.33, 0.33, 0.  ],
               [0.  , 0.  , 0.  , 0.  , 0.  ],
               [0.  , 0.  , 0.  , 0.  , 0.  ]], dtype=float32)
    """
    half = math.ceil(length / 2)
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    along = np.abs(x * math.cos(radians) + y * math.sin(radians))
    across = np.abs(y * math.cos(radians) - x * math.sin(radians))
    kernel = np.clip(length / 2 + 0.5 - along, 0, 1) * np.clip(1 - across, 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def developed(picture: Floats, rng: Generator | None) -> Image:
    """Convert linear light (height, width, 3), 1 is white, to 8-bit sRGB.

    Where `rng` is given, with the faults of cheap cameras: colour cast, contrast, saturation, noise and JPEG.
    """
    if rng is None:
        return _develop(picture, np.ones(3, np.float32), 1.0, 1.0, np.zeros((1, 1, 3), np.float32), 0.0, _SRGB)
    strange = 3.0 if rng.random() < 0.1 else 1.0
    cast = np.exp(strange * (CASTS * rng.normal(0, 0.3) + rng.normal(0, 0.05, 3)))
    contrast, saturation = math.exp(rng.normal(0, 0.15)), math.exp(rng.normal(0, 0.25))
    saturation = 0.0 if rng.random() < GREY else saturation
    noise, amount = np.zeros((1, 1, 3), np.float32), 0.0
    if rng.random() < 0.65:
        noise, amount = rng.standard_normal(picture.shape, np.float32), 0.08 * rng.random() ** 2
        if rng.random() < 0.5:
            noise, amount = np.asarray(cv2.GaussianBlur(noise, (3, 3), 0.7), np.float32), 1.8 * amount
    image = _develop(picture, cast.astype(np.float32), contrast, saturation, noise, amount, _SRGB)
    return recompressed(image, int(rng.integers(25, 96))) if rng.random() < 0.5 else image


@compiled
def _develop(
    picture: Floats, gain: Floats, contrast: float, saturation: float, noise: Floats, amount: float, curve: Floats
) -> Image:
    """Apply gain, a soft shoulder, the sRGB curve, contrast, saturation and noise; round to 8 bits."""
    height, width = picture.shape[0], picture.shape[1]
    image = np.empty((height, width, 3), np.uint8)
    colour = np.empty(3, np.float64)
    last = curve.shape[0] - 1
    for i in range(height):
        for j in range(width):
            for c in range(3):
                light = max(0.0, picture[i, j, c] * gain[c])
                light = (1.0 + SHOULDER) * light / (1.0 + SHOULDER * light)
                colour[c] = curve[min(last, int(light * last + 0.5))]
            grey = LUMA[0] * colour[0] + LUMA[1] * colour[1] + LUMA[2] * colour[2]
            for c in range(3):
                value = grey + saturation * (colour[c] - grey)
                value = MIDDLE_GREY + contrast * (value - MIDDLE_GREY)
                if amount > 0.0:
                    value += amount * (0.5 + 0.5 * grey) * noise[i, j, c]
                image[i, j, c] = int(min(255.0, max(0.0, 255.0 * value + 0.5)))
    return image
