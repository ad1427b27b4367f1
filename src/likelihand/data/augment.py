"""From a record to a network's input: one matrix, one warp, then changes of the pixels alone."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import (
    BOX_PADDING,
    FloatArray,
    Image,
    crop_matrix,
    points_inside,
    transform_points,
    translation,
    warp_image,
)
from likelihand.structures import Record, Sample
from likelihand.utils import opencv as cv2
from likelihand.utils.images import recompressed

_YIQ: Final = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_RGB: Final = np.linalg.inv(_YIQ)
_NORMAL: Final = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])
"""Turns a random byte into a normal number: 256 quantiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Augmentation of training crops; every field is a maximum change or a probability.

    Attributes:
        rotation: degrees, both ways; 180 turns hands fully round.
        zoom: the hand is up to 1 + zoom times larger or smaller.
        shift: the crop moves by up to this share of its size, along x and y.
        flip: chance of a mirrored picture (a left hand becomes a right one; keypoints keep their indices).
        brightness: added, as a share of the full range, both ways.
        contrast: factors from 1 - contrast to 1 + contrast.
        gamma: exponents from 1 / (1 + gamma) to 1 + gamma.
        saturation: factors from 1 - saturation to 1 + saturation.
        hue: degrees on the colour circle, both ways.
        colour: chance of the five above.
        occlusion: chance of a patch (rectangle or ellipse; noise, one colour, or another part of the picture).
        occlusion_size: largest side of a patch as a share of the crop.
        low_resolution: chance of a picture made small and large again, by up to `low_resolution_factor`.
        low_resolution_factor: see above.
        blur: chance of a Gaussian blur.
        blur_sigma: its largest sigma in crop pixels.
        motion: chance of a motion blur.
        motion_length: its largest length in crop pixels.
        noise: chance of Gaussian noise.
        noise_sigma: its largest sigma in levels of 0..255.
        jpeg: chance of a JPEG round trip.
        jpeg_quality: lowest and highest quality.

    Raises:
        ValueError: a chance is outside 0..1, or a range is negative.

    Example:
        >>> Augmentation(rotation=180.0, flip=0.0).flip
        0.0
    """

    rotation: float = 45.0
    zoom: float = 0.25
    shift: float = 0.1
    flip: float = 0.5
    brightness: float = 0.2
    contrast: float = 0.3
    gamma: float = 0.4
    saturation: float = 0.4
    hue: float = 15.0
    colour: float = 0.8
    occlusion: float = 0.25
    occlusion_size: float = 0.4
    low_resolution: float = 0.15
    low_resolution_factor: float = 4.0
    blur: float = 0.15
    blur_sigma: float = 2.0
    motion: float = 0.1
    motion_length: float = 12.0
    noise: float = 0.25
    noise_sigma: float = 12.0
    jpeg: float = 0.2
    jpeg_quality: tuple[int, int] = (25, 90)

    def __post_init__(self) -> None:
        for name in ("flip", "colour", "occlusion", "low_resolution", "blur", "motion", "noise", "jpeg"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"augmentation {name} {value} is not a chance; give 0 to 1")
        for name in ("rotation", "zoom", "gamma", "hue", "blur_sigma", "motion_length", "noise_sigma"):
            value = getattr(self, name)
            if not value >= 0:
                raise ValueError(f"augmentation {name} {value} is negative; give 0 or more")
        for name in ("shift", "brightness", "contrast", "saturation", "occlusion_size"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"augmentation {name} {value} is outside 0..1; give a share")
        low, high = self.jpeg_quality
        if not 1 <= low <= high <= 100:
            raise ValueError(f"augmentation jpeg_quality {self.jpeg_quality} is not a range within 1..100")
        if not self.low_resolution_factor >= 1:
            raise ValueError(f"augmentation low_resolution_factor {self.low_resolution_factor} is below 1")


def sample_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Make the random numbers of one sample in one epoch: the same on any machine, in any order."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch, index])))


def sample_of(
    record: Record,
    index: int,
    size: tuple[int, int],
    rng: np.random.Generator | None = None,
    augmentation: Augmentation | None = None,
    padding: float = BOX_PADDING,
) -> Sample:
    """Make a network's input of a record.

    A labelled keypoint that falls outside the crop gets weight 0: an average over the crop's cells cannot
    reach it. So ask the record, not the sample, what to score.

    Args:
        record: the labelled hand.
        index: its position in the data set.
        size: (height, width) of the crop.
        rng: random numbers, needed with an augmentation; see `sample_rng`.
        augmentation: random changes; none where None.
        padding: side of the crop over the longer side of the box.

    Returns:
        The sample; its target is in crop pixels.

    Raises:
        ValueError: an augmentation without random numbers, or a box that is empty.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> sample = sample_of(DrawnHands(1).record(0), 0, (64, 64))
        >>> sample.crop.shape, int(sample.weight.sum())
        ((64, 64, 3), 21)
    """
    image = record.read()
    if augmentation is None:
        crop_from_image = crop_matrix(record.box, size, padding=padding)
        crop = warp_image(image, crop_from_image, size)
    else:
        if rng is None:
            raise ValueError("an augmentation needs random numbers; give rng=sample_rng(seed, epoch, index)")
        crop_from_image = random_crop_matrix(record.box, size, rng, augmentation, padding)
        crop = augment_pixels(warp_image(image, crop_from_image, size), rng, augmentation)
    target = transform_points(crop_from_image, record.points)
    inside = points_inside(target, size) & record.labelled
    target[~inside] = 0.0
    traits = record.traits
    if np.linalg.det(crop_from_image[:2, :2]) < 0:
        traits[0] = 1 - traits[0]
    return Sample(crop, target.astype(np.float32), inside.astype(np.float32), crop_from_image, index, traits)


def random_crop_matrix(
    box: FloatArray,
    size: tuple[int, int],
    rng: np.random.Generator,
    augmentation: Augmentation,
    padding: float = BOX_PADDING,
) -> FloatArray:
    """Draw crop_from_image (3, 3): the square around a box, turned, zoomed, shifted and perhaps mirrored.

    Example:
        >>> still = Augmentation(rotation=0, zoom=0, shift=0, flip=0)
        >>> matrix = random_crop_matrix(np.array([0, 0, 9.0, 9.0]), (9, 9), sample_rng(0, 0, 0), still, 1.0)
        >>> bool(np.allclose(matrix, np.eye(3)))
        True
    """
    turn, zoom, x, y = rng.uniform(-1.0, 1.0, 4)
    matrix = crop_matrix(
        box,
        size,
        padding=padding * (1.0 + augmentation.zoom) ** zoom,
        radians=float(np.radians(augmentation.rotation * turn)),
        flip=bool(rng.random() < augmentation.flip),
    )
    height, width = size
    return translation(augmentation.shift * x * width, augmentation.shift * y * height) @ matrix


def augment_pixels(crop: Image, rng: np.random.Generator, augmentation: Augmentation) -> Image:
    """Change a crop's pixels but not its geometry, in the order of a camera: scene, light, lens, sensor, file."""
    chances = rng.random(7)
    steps = (
        (augmentation.occlusion, _occluded),
        (augmentation.colour, _recoloured),
        (augmentation.low_resolution, _coarsened),
        (augmentation.blur, _blurred),
        (augmentation.motion, _moved),
        (augmentation.noise, _noisy),
        (augmentation.jpeg, _compressed),
    )
    for chance, (limit, step) in zip(chances, steps, strict=True):
        if chance < limit:
            crop = step(crop, rng, augmentation)
    return crop


def _occluded(crop: Image, rng: np.random.Generator, augmentation: Augmentation) -> Image:
    height, width = crop.shape[:2]
    rows, columns = (
        max(1, round(n * augmentation.occlusion_size * rng.uniform(0.2, 1.0))) for n in (height, width)
    )
    top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    patch = _patch(crop, rows, columns, rng)
    mask = np.ones((rows, columns), bool)
    if rng.random() < 0.5:
        y, x = np.ogrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
        mask = np.asarray(x * x + y * y <= 1)
    crop = crop.copy()
    crop[top : top + rows, left : left + columns][mask] = patch[mask]
    return crop


def _patch(crop: Image, rows: int, columns: int, rng: np.random.Generator) -> Image:
    """Make the content of an occluding patch: noise, one colour, or another part of the crop."""
    kind = rng.integers(3)
    if kind == 0:
        return rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    if kind == 1:
        return np.tile(rng.integers(0, 256, 3, dtype=np.uint8), (rows, columns, 1))
    top = rng.integers(0, crop.shape[0] - rows + 1)
    left = rng.integers(0, crop.shape[1] - columns + 1)
    return crop[top : top + rows, left : left + columns].copy()


def _recoloured(crop: Image, rng: np.random.Generator, augmentation: Augmentation) -> Image:
    light, contrast, gamma, saturation, hue = rng.uniform(-1.0, 1.0, 5)
    level = np.linspace(0.0, 1.0, 256) ** ((1.0 + augmentation.gamma) ** gamma)
    level = (level - 0.5) * (1.0 + augmentation.contrast * contrast) + 0.5 + augmentation.brightness * light
    table = (np.clip(level, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
    angle, factor = np.radians(augmentation.hue * hue), 1.0 + augmentation.saturation * saturation
    c, s = factor * np.cos(angle), factor * np.sin(angle)
    matrix = _RGB @ np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]]) @ _YIQ
    return np.asarray(cv2.transform(cv2.LUT(crop, table), matrix), np.uint8)


def _coarsened(crop: Image, rng: np.random.Generator, augmentation: Augmentation) -> Image:
    height, width = crop.shape[:2]
    factor = rng.uniform(1.0, augmentation.low_resolution_factor)
    small = (max(1, round(width / factor)), max(1, round(height / factor)))
    coarse = cv2.resize(crop, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _blurred(crop: Image, rng: np.random.Generator, augmentation: Augmentation) -> Image:
    sigma = rng.uniform(0.3, max(0.3, augmentation.blur_sigma))
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8)


def _moved(crop: Image, rng: np.random.Generator, augmentation: Augmentation) -> Image:
    length, angle = rng.uniform(0.0, augmentation.motion_length), rng.uniform(0.0, np.pi)
    return np.asarray(cv2.filter2D(crop, -1, motion_kernel(length, angle)), np.uint8)


def motion_kernel(length: float, radians: float) -> NDArray[np.float32]:
    """Make the blur (n, n) of a straight motion, centred, so that it moves nothing on average; it sums to 1.

    Example:
        >>> motion_kernel(0.0, 0.0).sum()
        np.float32(1.0)
    """
    radius = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    reach = np.array([np.cos(radians), np.sin(radians)]) * length / 2
    for share in np.linspace(-1.0, 1.0, 4 * radius + 1):
        x, y = share * reach + radius
        column, row = int(x), int(y)
        right, below = x - column, y - row
        kernel[row, column] += (1 - right) * (1 - below)
        kernel[row, column + 1] += right * (1 - below)
        kernel[row + 1, column] += (1 - right) * below
        kernel[row + 1, column + 1] += right * below
    return np.asarray(kernel / kernel.sum(), np.float32)


def _noisy(crop: Image, rng: np.random.Generator, augmentation: Augmentation) -> Image:
    table = np.round(_NORMAL * rng.uniform(0.0, augmentation.noise_sigma)).astype(np.int16)
    noise = cv2.LUT(rng.integers(0, 256, crop.shape, dtype=np.uint8), table)
    return np.asarray(cv2.add(crop, noise, dtype=cv2.CV_8U), np.uint8)


def _compressed(crop: Image, rng: np.random.Generator, augmentation: Augmentation) -> Image:
    low, high = augmentation.jpeg_quality
    return recompressed(crop, int(rng.integers(low, high + 1)))
