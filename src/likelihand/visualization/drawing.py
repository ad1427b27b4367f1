"""Hands drawn on pictures: bones coloured by finger, keypoints, and ellipses that show how sure each one is."""

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.geometry import (
    FloatArray,
    Image,
    box_length,
    box_of_points,
    scaling,
    translation,
    warp_image,
)
from likelihand.structures import BONES, FINGER_COLOURS, FINGER_KEYPOINTS, WRIST_COLOUR, Hand
from likelihand.uncertainty import ONE_SIGMA, UNIT
from likelihand.utils import paint

Colour = tuple[int, int, int]

_HALO: Final[Colour] = (20, 20, 20)
_FAR: Final = 30_000.0
"""Coordinates are kept within this many pixels, far beyond any picture."""

_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {"JPEG": {"quality": 95}, "PNG": {"compress_level": 1}}
"""How formats are written: JPEG well, PNG quickly."""

ELLIPSE_RADIUS: Final = UNIT
"""Radius, in standard deviations, of the ellipse that holds 68.27 % of a Gaussian: sqrt(-2 ln(1 - 0.6827))."""

WASH: Final = 0.3
"""How much of its colour an ellipse lays over the picture."""

KEYPOINT_COLOURS: Final[tuple[Colour, ...]] = (
    WRIST_COLOUR,
    *(FINGER_COLOURS[finger] for finger in FINGER_KEYPOINTS for _ in range(4)),
)
"""RGB of each keypoint: its finger's."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A finished picture.

    Attributes:
        image: (height, width, 3) uint8 RGB.
    """

    image: Image

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture; the folder is made where it is missing, the ending says the format.

        Raises:
            ValueError: the ending is none that Pillow writes.

        Example:
            >>> import tempfile
            >>> file = Drawing(np.zeros((4, 4, 3), np.uint8)).save(Path(tempfile.mkdtemp()) / "a.png")
            >>> file.name
            'a.png'
        """
        import PIL.Image

        file, data = Path(path), io.BytesIO()
        PIL.Image.preinit()  # the common formats; the others take a while to load
        kind = PIL.Image.EXTENSION.get(file.suffix.lower()) or PIL.Image.registered_extensions().get(file.suffix)
        if kind not in PIL.Image.SAVE:
            raise ValueError(f"{file}: ending {file.suffix!r} is no picture format; give .png or .jpg")
        PIL.Image.fromarray(self.image).save(data, kind, **_OPTIONS.get(kind, {}))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.getvalue())
        return file

    def _repr_png_(self) -> bytes:
        """Return the picture as PNG, which notebooks show by themselves."""
        import PIL.Image

        data = io.BytesIO()
        PIL.Image.fromarray(self.image).save(data, "PNG")
        return data.getvalue()


def draw(
    image: Image, hands: Sequence[Hand], *, ellipses: bool = True, labels: bool = True, level: float = ONE_SIGMA
) -> Drawing:
    """Draw hands on a copy of a picture.

    Args:
        image: (height, width, 3) uint8 RGB.
        hands: what was found, in the picture's pixels.
        ellipses: shows each keypoint's region, the ellipse that holds the truth with the probability `level`.
        labels: writes the side beside the wrist, and the score where it is not 1.
        level: from 0 to below 1; 68 % by default. It is honest where the model is calibrated.

    Returns:
        The drawing; `draw(...).save("out.png")` writes it.

    Raises:
        ValueError: the picture is not uint8 (height, width, 3).

    Example:
        >>> hand = Hand(points=np.full((21, 2), 8.0), scale=np.ones((21, 2)), box=np.zeros(4))
        >>> draw(np.zeros((16, 16, 3), np.uint8), [hand]).image.max() > 0
        np.True_
    """
    canvas = _checked(image).copy()
    for hand in hands:
        grown = hand.covariance * (float(hand.radial.radius(level)) / ELLIPSE_RADIUS) ** 2
        draw_keypoints(canvas, hand.points, covariance=grown if ellipses else None)
        if labels and hand.side is not None:
            score = "" if hand.score >= 1 else f" {hand.score:.2f}"
            label_hand(canvas, hand.side + score, hand.points)
    return Drawing(canvas)


def draw_keypoints(
    canvas: Image,
    points: ArrayLike,
    where: ArrayLike | None = None,
    covariance: ArrayLike | None = None,
) -> None:
    """Draw one hand's bones and keypoints into a picture, in place.

    Args:
        canvas: (height, width, 3) uint8 RGB; changed.
        points: (21, 2) pixels, corner origin.
        where: (21,) true where a keypoint is to be drawn; all finite ones by default.
        covariance: (21, 2, 2) square pixels; ellipses are drawn where it is given and not 0.

    Example:
        >>> canvas = np.zeros((16, 16, 3), np.uint8)
        >>> draw_keypoints(canvas, np.full((21, 2), 8.0), where=np.arange(21) == 0)
        >>> canvas[7, 7].min() > 180
        np.True_
    """
    array = np.asarray(points, np.float64)
    shown = np.asarray(np.isfinite(array).all(1))
    if where is not None:
        shown &= np.asarray(where).astype(bool)
    if not shown.any():
        return
    width = line_width(array[shown])
    edge = max(1, width // 2)
    keypoints, array = np.flatnonzero(shown), np.clip(array, -_FAR, _FAR)
    regions = {} if covariance is None else _regions(array, np.asarray(covariance, np.float64), keypoints)
    reach = max([2.0 * width + edge, *(float(region.radii.max()) for region in regions.values())]) + 2
    brush = paint.Brush(canvas, array[shown].min(0) - reach, array[shown].max(0) + reach)
    _draw_regions(brush, regions)
    bones = {child: (array[parent], array[child]) for parent, child in BONES if shown[parent] and shown[child]}
    brush.fill([paint.bar(*ends, width + 2 * edge) for ends in bones.values()], _HALO)
    _fill_by_colour(brush, {k: paint.bar(*ends, width) for k, ends in bones.items()})
    brush.fill([paint.oval(array[k], 1.1 * width + edge) for k in keypoints], _HALO)
    _fill_by_colour(brush, {k: paint.oval(array[k], 1.1 * width) for k in keypoints.tolist()})
    brush.done()


class _Region(NamedTuple):
    """An ellipse: (2,) centre and radii, (2, 2) directions of the axes in the columns."""

    centre: FloatArray
    radii: FloatArray
    axes: FloatArray


def _regions(points: FloatArray, covariances: FloatArray, keypoints: NDArray[np.intp]) -> dict[int, _Region]:
    """Return the regions of keypoints whose covariance is finite and not 0."""
    regions = {}
    for k in keypoints.tolist():
        if np.isfinite(covariances[k]).all() and covariances[k].any():
            variance, axes = np.linalg.eigh(covariances[k])
            radii = np.clip(ELLIPSE_RADIUS * np.sqrt(np.clip(variance, 0, None)), 0, _FAR)
            regions[k] = _Region(points[k], radii, axes)
    return regions


def _draw_regions(brush: paint.Brush, regions: Mapping[int, _Region]) -> None:
    """Draw regions below everything else: a wash of colour each, and a thin edge."""
    if not regions:
        return
    wash = brush.copy()
    _fill_by_colour(wash, {k: paint.oval(*region) for k, region in regions.items()})
    brush.blend(wash, WASH)
    for k, region in regions.items():
        brush.fill([paint.oval(*region, grow=0.5)], KEYPOINT_COLOURS[k], [paint.oval(*region, grow=-0.5)])


def _fill_by_colour(brush: paint.Brush, shapes: Mapping[int, FloatArray]) -> None:
    """Fill keypoints' shapes, those of one colour together."""
    for colour in dict.fromkeys(KEYPOINT_COLOURS[k] for k in shapes):
        brush.fill([shape for k, shape in shapes.items() if KEYPOINT_COLOURS[k] == colour], colour)


def label_hand(canvas: Image, text: str, points: ArrayLike) -> None:
    """Write a line beyond a hand's wrist, away from its fingers; in place. No finite point, no line.

    Example:
        >>> canvas = np.zeros((60, 60, 3), np.uint8)
        >>> label_hand(canvas, "left", np.stack([np.full(21, 30.0), np.linspace(30, 0, 21)], 1))
        >>> canvas[:30].max(), canvas[40:].max() > 200
        (np.uint8(0), np.True_)
    """
    array = np.asarray(points, np.float64)
    finite = array[np.isfinite(array).all(1)]
    if not len(finite):
        return
    height = max(9.0, line_width(finite) * 5.0)
    away = finite[0] - finite.mean(0)
    length = max(float(np.hypot(*away)), 1e-9)
    wide = abs(away[0]) / length * len(text) * 0.45 * height
    middle = finite[0] + away / length * (1.5 * height + wide)
    draw_text(canvas, text, middle - (0.0, 1.7 * height), height)


def line_width(points: ArrayLike) -> int:
    """Choose a line width in pixels, 1 to 64, that suits a hand of this size.

    Example:
        >>> line_width([[0, 0], [200, 100]])
        3
    """
    return int(np.clip(round(box_length(box_of_points(points)) / 70), 1, 64))


def draw_text(canvas: Image, text: str, at: ArrayLike, height: float = 12.0) -> None:
    """Write a line in white with a dark edge, its middle below `at`, within the picture; in place.

    Characters beyond ASCII show as question marks; `height` is that of a capital letter in pixels.

    Example:
        >>> canvas = np.zeros((20, 40, 3), np.uint8)
        >>> draw_text(canvas, "left", (20, 2), 8)
        >>> canvas.max() > 200
        np.True_
    """
    text = text.encode("ascii", "replace").decode()
    height = min(max(height, 7.0), 60.0)
    edge, wide = max(1, round(height / 12)), paint.text_width(text, height)
    x, y = np.clip(np.nan_to_num(np.asarray(at, np.float64)), -_FAR, _FAR)
    left = int(np.clip(x - wide / 2, 1, max(1, canvas.shape[1] - wide - 1)))
    bottom = int(np.clip(y + 2.2 * height, height + 1, max(height + 1, canvas.shape[0] - 3)))
    brush = paint.Brush(canvas, (left - edge, bottom - 2 * height), (left + wide + 2 * edge, bottom + height))
    brush.text(text, (left, bottom), height, (_HALO, WRIST_COLOUR), edge)
    brush.done()


def draw_ring(canvas: Image, centre: ArrayLike, radius: float, colour: Colour, width: float = 2.0) -> None:
    """Draw a circle around a point, radius and line's width in pixels, in place; none where it is not finite.

    Example:
        >>> canvas = np.zeros((9, 9, 3), np.uint8)
        >>> draw_ring(canvas, (4.5, 4.5), 3, (200, 0, 0))
        >>> canvas[4, [1, 4], 0]
        array([200,   0], dtype=uint8)
    """
    at = np.asarray(centre, np.float64)
    if np.isfinite(at).all():
        brush = paint.Brush(canvas, at - radius - width, at + radius + width)
        half = width / 2
        brush.fill([paint.oval(at, radius, grow=half)], colour, [paint.oval(at, radius, grow=-half)])
        brush.done()


def contact_sheet(
    images: Sequence[Image],
    columns: int = 8,
    cell: int = 192,
    captions: Sequence[str] | None = None,
) -> Image:
    """Lay pictures out on one sheet, each fitted into a square cell, its caption below.

    Args:
        images: (height, width, 3) uint8 RGB, of any sizes.
        columns: pictures in a row.
        cell: side of a cell in pixels.
        captions: one line for each picture; cut where it is too long.

    Returns:
        The sheet, uint8 RGB.

    Raises:
        ValueError: no picture, or captions of another number.

    Example:
        >>> contact_sheet([np.zeros((10, 20, 3), np.uint8)] * 3, columns=2, cell=32).shape
        (64, 64, 3)
    """
    if not images or (captions is not None and len(captions) != len(images)):
        told = "no" if captions is None else len(captions)
        raise ValueError(f"{len(images)} pictures with {told} captions; give one or more, a caption for each")
    strip = 0 if captions is None else 14
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.full((rows * (cell + strip), columns * cell, 3), 40, np.uint8)
    for i, image in enumerate(images):
        top, left = (i // columns) * (cell + strip), (i % columns) * cell
        sheet[top : top + cell, left : left + cell] = _fitted(_checked(image), cell)
        if captions is not None:
            line = sheet[top + cell : top + cell + strip, left : left + cell]
            draw_text(line, captions[i][: cell // 6], (0, 0), 8.0)
    return sheet


def _fitted(image: Image, cell: int) -> Image:
    height, width = image.shape[:2]
    scale = cell / max(height, width)
    middle = translation((cell - scale * width) / 2, (cell - scale * height) / 2)
    return warp_image(image, middle @ scaling(scale), (cell, cell), fill=(40, 40, 40))


def _checked(image: Image) -> Image:
    if not isinstance(image, np.ndarray):
        raise ValueError(f"picture is {str(image)[:60]!r}; give its pixels, as likelihand.read_image reads them")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"picture of {image.dtype} {image.shape}; give uint8 (height, width, 3) RGB")
    return np.ascontiguousarray(image)
