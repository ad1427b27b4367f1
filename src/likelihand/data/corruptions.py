"""Image corruptions as from bad cameras, bad light and compression, to measure or train robustness.

Each function takes (height, width, 3) uint8 RGB of any size, returns a new picture of that size and leaves its
argument as it is; what is random comes from the generator alone. Light adds up and is absorbed in linear light, so
whatever models light decodes sRGB first (IEC 61966-2-1). Only `cut` moves points, and it returns its matrix.
"""

import colorsys
import math
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.geometry import FloatArray, Image, box_length, box_of_points, check_box, translation
from likelihand.structures import BONES
from likelihand.utils import opencv as cv2
from likelihand.utils.images import recompressed

Float32: TypeAlias = NDArray[np.float32]
Edge: TypeAlias = Literal["left", "top", "right", "bottom"]

EDGES: Final[tuple[Edge, ...]] = get_args(Edge)

_CODES: Final = np.arange(256) / 255
_LINEAR: Final = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Of linear sRGB (Rec. 709)."""
_NEAR_INFRARED: Final = np.array([1.1, 0.1, -0.2], np.float32)
"""Past red everything goes on as it rose from blue to red: skin and plants are bright, blue cloth is dark."""
_MAD: Final = 1.4826
"""Standard deviation of a normal variable over its median absolute deviation."""
_LEAST_SPREAD: Final = np.array([12.0, 3.0, 3.0])
"""Of skin in (L*, a*, b*), however even it looks: shading goes on beyond the part that is drawn."""
_FINGER: Final = 0.07
"""Width of the line over a finger's bones, over the longer side of the hand's box: half a finger."""


def linear_from_srgb(image: Image) -> Float32:
    """Decode sRGB: codes in 0..255, of any shape, become light in 0..1, float32.

    Example:
        >>> linear_from_srgb(np.array([0, 188, 255], np.uint8)).round(2)
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return np.asarray(_LINEAR[image])


def srgb_from_linear(light: ArrayLike) -> NDArray[np.uint8]:
    """Encode light as sRGB, rounded; what is below 0 or above 1 is clipped, as a sensor does.

    Example:
        >>> srgb_from_linear([-0.1, 0.5, 1.5])
        array([  0, 188, 255], dtype=uint8)
    """
    clipped = np.clip(np.asarray(light, np.float32), 0.0, 1.0)
    codes = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** np.float32(1 / 2.4) - 0.055)
    return np.asarray(255 * codes + 0.5, np.uint8)


def grey(image: Image) -> Image:
    """Return a black-and-white picture: its luminance in all three channels.

    Example:
        >>> grey(np.array([[[255, 0, 0]]], np.uint8))[0, 0]
        array([127, 127, 127], dtype=uint8)
    """
    return _spread(srgb_from_linear(linear_from_srgb(image) @ _LUMINANCE))


def infrared(image: Image, rng: np.random.Generator, *, falloff: float = 1.0, sigma: float = 8.0) -> Image:
    """Imitate a night camera with its own infrared lamp: bright skin, dark corners, noise.

    The near infrared is guessed from the colours, and the lamp's light falls from the middle of the picture as
    cos^4 of the angle does. A look, no radiometry: veins, and materials that change beyond red, are not in it.

    Args:
        image: the picture.
        rng: for the noise.
        falloff: tangent of the angle from the middle to the corners; 0 is even light, 1 leaves a quarter there.
        sigma: of the noise, in levels of 0..255, the same in all channels.

    Example:
        >>> white = np.full((9, 9, 3), 255, np.uint8)
        >>> night = infrared(white, np.random.default_rng(0), sigma=0)
        >>> int(night[4, 4, 0]), int(night[0, 0, 0])
        (255, 137)
    """
    height, width = image.shape[:2]
    y, x = np.ogrid[-1.0 : 1.0 : height * 1j, -1.0 : 1.0 : width * 1j]
    lamp = 1.0 / (1.0 + falloff**2 * (x * x + y * y) / 2) ** 2
    light = linear_from_srgb(image) @ _NEAR_INFRARED
    return _spread(_noisy(srgb_from_linear(light * lamp.astype(np.float32)), rng, sigma))


def dark(
    image: Image,
    rng: np.random.Generator,
    *,
    exposure: float = 1 / 8,
    electrons: float = 1000.0,
    read: float = 2.0,
) -> Image:
    """Imitate a picture taken in too little light: dark, with the noise of few photons.

    Each value becomes a Poisson number of electrons whose variance is its mean, plus the noise of reading them.

    Args:
        image: the picture.
        rng: for the noise.
        exposure: light that is left, above 0.
        electrons: that white is worth at exposure 1.
        read: standard deviation of reading, in electrons.

    Raises:
        ValueError: exposure or electrons is not above 0.

    Example:
        >>> dim = dark(np.full((64, 64, 3), 255, np.uint8), np.random.default_rng(0))
        >>> bool(abs(linear_from_srgb(dim).mean() - 1 / 8) < 1e-3)
        True
    """
    if not (exposure > 0 and electrons > 0):
        raise ValueError(f"exposure {exposure} and electrons {electrons} must be above 0")
    counts = rng.poisson(linear_from_srgb(image) * (exposure * electrons)) + read * rng.standard_normal(
        image.shape
    )
    return srgb_from_linear(counts / electrons)


def gaussian_noise(image: Image, rng: np.random.Generator, *, sigma: float = 46.0) -> Image:
    """Add independent normal noise of `sigma` levels (of 0..255) to every value.

    The default is severity 3 of ImageNet-C (Hendrycks and Dietterich, ICLR 2019).

    Example:
        >>> noisy = gaussian_noise(np.full((99, 99, 3), 128, np.uint8), np.random.default_rng(0), sigma=10)
        >>> round(float(noisy.std()))
        10
    """
    return _noisy(image, rng, sigma)


def tint(image: Image, *, hue: float, strength: float = 0.85) -> Image:
    """Light the scene by a coloured lamp, as in a club; the exposure keeps the mean of the channels.

    Args:
        image: the picture.
        hue: of the lamp, in turns of the colour circle: 0 is red, 1/3 green, 2/3 blue.
        strength: 0 is white light; 1 is a pure colour, which leaves one or two channels.

    Raises:
        ValueError: the strength is outside 0..1.

    Example:
        >>> tint(np.full((1, 1, 3), 90, np.uint8), hue=2 / 3)[0, 0]
        array([ 53,  53, 133], dtype=uint8)
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength {strength} is outside 0..1")
    lamp = np.array(colorsys.hsv_to_rgb(hue % 1.0, strength, 1.0), np.float32)
    return srgb_from_linear(linear_from_srgb(image) * (lamp / lamp.mean()))


def darker_skin(image: Image, region: NDArray[np.bool_], *, factor: float = 0.55) -> Image:
    """Darken the skin of a hand and of the arm that it hangs on, in CIELAB.

    What is coloured as the region is and joined to it counts as skin, as far as a hand's length away. Lightness is
    multiplied, whatever the light of the picture; hue and chroma stay, as they do between light and dark skin. By
    default L* 65 becomes 36, an individual typology angle (Chardon et al., 1991) of 45 degrees one of -45: light
    skin becomes dark skin.

    Args:
        image: the picture.
        region: (height, width) of the hand, as `hand_region`; within its outline, so that it shows skin alone.
        factor: of lightness, in 0..1.

    Raises:
        ValueError: the factor is outside 0..1.

    Example:
        >>> pale = np.full((32, 32, 3), (210, 150, 125), np.uint8)
        >>> darker_skin(pale, np.ones((32, 32), bool))[0, 0]
        array([125,  74,  52], dtype=uint8)
    """
    if not 0 <= factor <= 1:
        raise ValueError(f"factor {factor} is outside 0..1")
    if not region.any():
        return image.copy()
    lab = np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    lab[..., 0] *= 1 - _skin(lab, region) * (1 - factor)
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255 + 0.5, np.uint8)


def _skin(lab: Float32, region: NDArray[np.bool_]) -> Float32:
    """Return how far each pixel is skin, 0..1: 1 up to 2.5 spreads from the median colour, 0 from 3.5 on."""
    own = lab[region]
    middle = np.median(own, axis=0)
    spread = np.maximum(_MAD * np.median(np.abs(own - middle), axis=0), _LEAST_SPREAD)
    away = np.sqrt((((lab - middle) / spread) ** 2).sum(-1))
    share = np.where(region, 1.0, np.clip(3.5 - away, 0, 1)).astype(np.float32)
    thickness = max(1, round(math.sqrt(float(region.sum())) / 14))
    closed = np.asarray(cv2.morphologyEx(share, cv2.MORPH_CLOSE, np.ones((thickness, thickness), np.uint8)))
    return np.asarray(cv2.GaussianBlur(closed * _joined(closed > 0, region), (0, 0), 0.3 + 0.1 * thickness))


def _joined(mask: NDArray[np.bool_], region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the parts of a mask that touch a region, as far as this is long."""
    distance = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 5)
    rows, columns = np.nonzero(region)
    reach = max(np.ptp(rows), np.ptp(columns)) + 1
    count, parts = cv2.connectedComponents(((mask | region) & (distance <= reach)).astype(np.uint8))
    touching = np.zeros(count, bool)
    touching[np.unique(parts[region])] = True
    return np.asarray(touching[parts])


def hand_region(points: ArrayLike, visibility: ArrayLike, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Draw a hand's bones, half as thick as fingers, and its palm: booleans (height, width).

    `points` (21, 2) are image pixels; `visibility` (21,) is 0 where a keypoint is not labelled.

    Example:
        >>> points = np.repeat(np.linspace(10.0, 50.0, 21), 2).reshape(21, 2)
        >>> region = hand_region(points, np.ones(21), (64, 64))
        >>> bool(region[30, 30]), bool(region[5, 60])
        (True, False)
    """
    array, labelled = np.asarray(points, np.float64), np.asarray(visibility) > 0
    drawn = np.zeros(size, np.uint8)
    if not labelled.any():
        return drawn > 0
    width = max(1, round(_FINGER * box_length(box_of_points(array, labelled))))
    pixels = np.round(array - 0.5).astype(int)
    for a, b in BONES:
        if labelled[a] and labelled[b]:
            cv2.line(drawn, pixels[a].tolist(), pixels[b].tolist(), 1, width)
    palm = [i for i in (0, 1, 5, 9, 13, 17) if labelled[i]]
    if len(palm) > 2:
        cv2.fillConvexPoly(drawn, cv2.convexHull(pixels[palm].astype(np.int32)), 1)
    return drawn > 0


def jpeg(image: Image, *, quality: int) -> Image:
    """Write a picture as a JPEG of a quality in 1..100 and read it again."""
    return recompressed(image, quality)


def blur(image: Image, *, sigma: float) -> Image:
    """Blur a picture by a Gaussian of `sigma` pixels.

    Example:
        >>> dot = np.zeros((9, 9, 3), np.uint8)
        >>> dot[4, 4] = 255
        >>> int(blur(dot, sigma=1.0)[4, 4, 0])
        40
    """
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)


def thermal(image: Image) -> Image:
    """Show a picture's brightness in the palette of a thermal camera: dark is blue-black, bright yellow.

    The palette alone (matplotlib's inferno): real warmth does not follow brightness.

    Example:
        >>> thermal(np.zeros((1, 1, 3), np.uint8))[0, 0]
        array([0, 0, 4], dtype=uint8)
    """
    mapped = cv2.applyColorMap(np.ascontiguousarray(grey(image)[..., 0]), cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(mapped, cv2.COLOR_BGR2RGB), np.uint8)


def cut(image: Image, box: ArrayLike, edge: Edge, share: float) -> tuple[Image, FloatArray]:
    """Cut a picture so that its edge goes through a box and a share of this lies outside.

    The cut falls between pixels, at the nearest one, and leaves at least one row or column.

    Args:
        image: the picture.
        box: (4,) (x0, y0, x1, y1) in image pixels.
        edge: of the picture that moves.
        share: of the box's width or height, in 0..1. A box that lies so far outside already is not cut further.

    Returns:
        The rest of the picture, and rest_from_image (3, 3), which moves points into it.

    Raises:
        ValueError: the box is empty, the edge unknown or the share outside 0..1.

    Example:
        >>> rest, rest_from_image = cut(np.zeros((20, 30, 3), np.uint8), [10, 5, 20, 15], "left", 0.3)
        >>> rest.shape, rest_from_image[0, 2]
        ((20, 17, 3), np.float64(-13.0))
    """
    if edge not in EDGES or not 0 <= share <= 1:
        raise ValueError(f"edge {edge!r} and share {share} are not one of {', '.join(EDGES)} and in 0..1")
    axis, first = EDGES.index(edge) % 2, EDGES.index(edge) < 2
    low, high = check_box(box).reshape(2, 2)[:, axis]
    length = image.shape[1 - axis]
    place = round(low + share * (high - low)) if first else round(high - share * (high - low))
    place = min(max(place, 0), length - 1) if first else min(max(place, 1), length)
    kept = slice(place, None) if first else slice(0, place)
    rest = image[:, kept] if axis == 0 else image[kept]
    moved = float(-place) if first else 0.0
    return np.ascontiguousarray(rest), translation(moved, 0.0) if axis == 0 else translation(0.0, moved)


def _spread(channel: NDArray[np.uint8]) -> Image:
    return np.repeat(channel[..., None], 3, axis=-1)


def _noisy(values: NDArray[np.uint8], rng: np.random.Generator, sigma: float) -> NDArray[np.uint8]:
    noise = np.float32(sigma) * rng.standard_normal(values.shape, np.float32)
    return np.asarray(np.clip(np.rint(values + noise), 0, 255), np.uint8)
