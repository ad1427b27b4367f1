"""What is behind the hand: a part of a photo, or clutter painted from occluding shapes."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from likelihand.synth.render.paint import (
    B2,
    BLOB,
    BOX,
    CHEQUERS,
    COSINE,
    ELLIPSE,
    GRAIN,
    GRAIN_SIZE,
    HALF,
    HEIGHT,
    R2,
    SCALE,
    SHAPE,
    SHAPE_COLUMNS,
    SHIFT,
    SINE,
    SLOPE_X,
    SLOPE_Y,
    SOFT,
    STRIPES,
    WIDTH,
    B,
    R,
    X,
    Y,
    paint,
)
from likelihand.synth.render.texture import linear_of_lab, noise_volume
from likelihand.synth.scene.materials import skin_tone
from likelihand.utils import opencv as cv2
from likelihand.utils.arrays import Floats, Generator, Image

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_CACHED: Final = 256
"""Decoded photos that are kept."""
_LONGEST: Final = 640
"""Pixels of the longer side to which photos are shrunk: twice the side of a rendered scene."""
_NAMED: Final = {"x": X, "y": Y, "width": WIDTH, "height": HEIGHT, "scale": SCALE, "soft": SOFT}


class Photos:
    """The photos of a folder as backgrounds: listed once in the order of their names, decoded when needed.

    Args:
        folder: searched with its subfolders for .jpg, .jpeg, .png, .bmp and .webp.

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
    """

    def __init__(self, folder: str | Path) -> None:
        root = Path(folder)
        self.files: Sequence[Path] = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not self.files:
            raise FileNotFoundError(f"no photo in {root}; give a folder of .jpg or .png files as backgrounds")
        self._kept: OrderedDict[int, Image] = OrderedDict()

    def __getstate__(self) -> dict[str, object]:
        return {"files": self.files, "_kept": OrderedDict()}

    def read(self, index: int) -> Image:
        """Decode photo `index`, its longer side at most 640 px; the last 256 are kept."""
        if index not in self._kept:
            image = cv2.imread(str(self.files[index]), cv2.IMREAD_COLOR)
            if image is None:
                raise ValueError(f"{self.files[index]} cannot be decoded; take it out of the backgrounds")
            scale = _LONGEST / max(image.shape[:2])
            if scale < 1.0:
                image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            self._kept[index] = np.asarray(image[:, :, ::-1], np.uint8)
            if len(self._kept) > _CACHED:
                self._kept.popitem(last=False)
        self._kept.move_to_end(index)
        return self._kept[index]

    def crop(self, rng: Generator, size: tuple[int, int]) -> Floats:
        """Draw a part of a photo, (height, width, 3) linear RGB; a quarter to all of it, mirrored at times."""
        image = self.read(int(rng.integers(len(self.files))))
        height, width = size
        most = min(image.shape[0] / height, image.shape[1] / width)
        scale = most * rng.uniform(0.35, 1.0)
        h, w = max(1, int(height * scale)), max(1, int(width * scale))
        top, left = int(rng.integers(image.shape[0] - h + 1)), int(rng.integers(image.shape[1] - w + 1))
        part = image[top : top + h, left : left + w]
        part = part[:, ::-1] if rng.random() < 0.5 else part
        method = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
        return linear_of_srgb(np.asarray(cv2.resize(part, (width, height), interpolation=method), np.uint8))


_LINEAR: Final = np.where(
    (t := np.arange(256) / 255.0) <= 0.04045, t / 12.92, ((t + 0.055) / 1.055) ** 2.4
).astype(np.float32)


def linear_of_srgb(image: Image) -> Floats:
    """Convert 8-bit sRGB to linear light, 0..1 (IEC 61966-2-1)."""
    return np.asarray(_LINEAR[image], np.float32)


def clutter(rng: Generator, size: tuple[int, int]) -> Floats:
    """Paint a background in linear RGB: a wall, a table or a field of shapes, things, text, people.

    Shapes of power-law sizes that cover each other ("dead leaves") have the statistics of photographs (Lee,
    Mumford and Huang, "Occlusion models for natural images", 2001).
    """
    colours = _palette(rng)
    shapes = [_planes(rng, colours)]
    if rng.random() < 0.75:
        shapes.append(_leaves(rng, colours))
    if rng.random() < 0.3:
        shapes.append(_text(rng, colours))
    if rng.random() < 0.3:
        tone = np.array(linear_of_lab(*skin_tone(rng)), np.float32)
        shapes.append(_person(rng, colours, tone, math.exp(rng.uniform(math.log(0.06), math.log(0.4)))))
    blur = math.exp(rng.uniform(math.log(0.3), math.log(max(size) / 24))) if rng.random() < 0.6 else 0.0
    shrink = 2 if blur > 1.0 else 1
    canvas = np.zeros((-(-size[0] // shrink), -(-size[1] // shrink), 3), np.float32)
    paint(np.concatenate(shapes).astype(np.float32), canvas, noise_volume())
    if blur > 0.0:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), blur / shrink), np.float32)
    if shrink > 1:
        canvas = np.asarray(cv2.resize(canvas, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.float32)
    return canvas


def _palette(rng: Generator) -> Floats:
    """Draw two to eight linear colours that go together: a few hues, mostly muted."""
    count = int(rng.integers(2, 9))
    hue, saturation = rng.random(count), 0.55 * rng.random(count) ** 1.5
    value = rng.random(count) ** 1.3
    phase = (hue[:, None] + np.array([0.0, 1 / 3, 2 / 3])) * 2 * math.pi
    colours = value[:, None] * (1 - saturation[:, None] * (0.5 + 0.5 * np.cos(phase)))
    return np.asarray(colours**2.2 + 0.004, np.float32)


def _shape(rng: Generator, kind: float, colours: Floats, **values: float) -> list[float]:
    """Make one row: a shape with a colour of the palette, an even slope of brightness and some grain."""
    row = [0.0] * SHAPE_COLUMNS
    row[SHAPE], row[SHIFT], row[SOFT] = kind, rng.uniform(0, 10), 0.002
    row[R : B + 1] = (colours[rng.integers(len(colours))] * math.exp(rng.normal(0, 0.35))).tolist()
    row[R2 : B2 + 1] = (colours[rng.integers(len(colours))] * math.exp(rng.normal(0, 0.35))).tolist()
    row[SLOPE_X : SLOPE_Y + 1] = rng.normal(0, 0.35, 2).tolist()
    row[GRAIN], row[GRAIN_SIZE] = 0.5 * rng.random() ** 3, math.exp(rng.uniform(math.log(0.1), math.log(4.0)))
    turn = values.pop("turn", 0.0)
    row[COSINE], row[SINE] = math.cos(turn), math.sin(turn)
    for name, value in values.items():
        row[_NAMED[name]] = value
    return row


def _planes(rng: Generator, colours: Floats) -> Floats:
    """Paint the base: a wall, and often a floor or table and a second wall."""
    rows = [_shape(rng, HALF, colours, y=-9.0)]
    if rng.random() < 0.35:
        kind = STRIPES if rng.random() < 0.6 else CHEQUERS
        rows.append(
            _shape(rng, kind, colours, width=9.0, height=9.0, turn=rng.uniform(0, math.pi),
                   scale=math.exp(rng.uniform(math.log(4), math.log(60))))
        )  # fmt: skip
    for _ in range(int(rng.integers(0, 3))):
        rows.append(
            _shape(rng, HALF, colours, x=rng.random(), y=rng.uniform(0.1, 1.1), turn=rng.normal(0, 0.5),
                   soft=0.15 * rng.random() ** 5 + 0.002)
        )  # fmt: skip
    return np.array(rows, np.float32)


def _leaves(rng: Generator, colours: Floats) -> Floats:
    """Scatter 4 to 240 shapes of power-law sizes, large ones mostly behind small ones."""
    count = int(math.exp(rng.uniform(math.log(4), math.log(240))))
    radii = np.exp(rng.uniform(math.log(0.012 if rng.random() < 0.6 else 0.05), math.log(0.5), count))
    radii = np.sort(radii)[::-1] if rng.random() < 0.75 else radii
    share, common = rng.dirichlet([0.7] * 4), rng.uniform(0, math.pi)
    rows = np.zeros((count, SHAPE_COLUMNS), np.float32)
    rows[:, SHAPE] = np.array([ELLIPSE, BOX, BOX, BLOB])[rng.choice(4, count, p=share)]
    rows[:, X], rows[:, Y] = rng.uniform(-0.05, 1.05, (2, count))
    rows[:, WIDTH] = np.minimum(radii, 1.6 / math.sqrt(count) + 0.08)
    flat = np.where(rng.random(count) < share[2], rng.uniform(0.02, 0.15, count), rng.uniform(0.3, 1.0, count))
    rows[:, HEIGHT] = rows[:, WIDTH] * flat
    free = rng.random(count) < 0.4
    turn = np.where(free, rng.uniform(0, math.pi, count), common + rng.normal(0, 0.08, count))
    rows[:, COSINE], rows[:, SINE] = np.cos(turn), np.sin(turn)
    bright = np.exp(rng.normal(0, 0.35, (count, 1)))
    rows[:, R : B + 1] = colours[rng.integers(len(colours), size=count)] * bright
    rows[:, SOFT], rows[:, SHIFT] = 0.002, rng.uniform(0, 10, count)
    rows[:, SLOPE_X : SLOPE_Y + 1] = rng.normal(0, 0.35, (count, 2))
    rows[:, GRAIN] = 0.5 * rng.random(count) ** 3
    rows[:, GRAIN_SIZE] = np.exp(rng.uniform(math.log(0.1), math.log(4.0), count))
    return rows


def _text(rng: Generator, colours: Floats) -> Floats:
    """Paint rows of boxes that look like print from a distance."""
    rows = []
    height, turn = rng.uniform(0.01, 0.04), rng.normal(0, 0.25)
    x0, y0, ink = rng.uniform(-0.1, 0.7), rng.uniform(0, 0.9), colours[int(rng.integers(len(colours)))]
    for line in range(int(rng.integers(1, 5))):
        for letter in range(int(rng.integers(4, 22))):
            along, down = letter * 0.9 * height, line * 2.4 * height + rng.uniform(-0.2, 0.2) * height
            rows.append(
                _shape(rng, BOX, ink[None], x=x0 + along * math.cos(turn) - down * math.sin(turn),
                       y=y0 + along * math.sin(turn) + down * math.cos(turn),
                       width=height * rng.uniform(0.1, 0.35), height=height * rng.uniform(0.4, 0.9), turn=turn)
            )  # fmt: skip
    return np.array(rows, np.float32)


def _person(rng: Generator, colours: Floats, tone: Floats, s: float) -> Floats:
    """Paint a person behind the hand, `s` picture widths to a head's half: shoulders, neck, face, hair, eyes."""
    skin = tone[None] * np.float32(rng.uniform(0.4, 1.0))
    hair, dark = skin * rng.uniform(0.03, 0.5), skin * 0.25
    x, y = rng.uniform(0, 1), rng.uniform(0.05, 0.7)
    turn = rng.normal(0, 0.15)

    def part(
        kind: float, colour: Floats, dx: float, dy: float, w: float, h: float, soft: float = 0.03
    ) -> list[float]:
        right, down = dx * math.cos(turn) - dy * math.sin(turn), dx * math.sin(turn) + dy * math.cos(turn)
        places = {"x": x + s * right, "y": y + s * down, "width": s * w, "height": s * h, "soft": soft * s}
        return _shape(rng, kind, colour, turn=turn, **places)

    rows = [part(ELLIPSE, colours, 0, 3.4, 2.1, 2.2), part(BOX, skin * 0.8, 0, 1.2, 0.42, 0.6)]
    rows += [part(ELLIPSE, hair, 0, -0.2, 0.88, 1.05), part(ELLIPSE, skin, 0, 0.12, 0.74, 0.98, 0.06)]
    rows += [part(ELLIPSE, dark, side * 0.3, 0.0, 0.13, 0.06) for side in (-1, 1)]
    rows += [part(ELLIPSE, hair, side * 0.3, -0.17, 0.19, 0.04) for side in (-1, 1)]
    rows += [part(ELLIPSE, skin * 0.75, 0, 0.3, 0.1, 0.06, 0.08)]
    rows += [part(ELLIPSE, skin * np.array([0.8, 0.45, 0.45], np.float32), 0, 0.6, 0.25, 0.06)]
    if rng.random() < 0.4:
        rows += [part(BOX, skin, side * 2.0, 3.2, 0.33, 1.3, 0.05) for side in (-1, 1)]
    return np.array(rows, np.float32)


def peopled(rng: Generator, picture: Floats, skin: Floats) -> Floats:
    """Paint a person on a background, near or far: a face and shoulders, or bare skin that fills much of it.

    `skin` (3,) linear RGB is the hand's, which that body shares more often than not.
    """
    own = skin * np.float32(rng.uniform(0.6, 1.1))
    tone = own if rng.random() < 0.6 else np.array(linear_of_lab(*skin_tone(rng)), np.float32)
    nearest = math.exp(rng.uniform(math.log(0.15), math.log(0.9)))
    shapes = _person(rng, _palette(rng), tone, nearest) if rng.random() < 0.5 else _flesh(rng, tone)
    height, width = picture.shape[:2]
    canvas = np.zeros((-(-height // 2), -(-width // 2), 3), np.float32)
    clear = paint(shapes, canvas, noise_volume())
    layers = cv2.resize(np.dstack([canvas, clear]), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(layers[..., :3] + layers[..., 3:] * picture, np.float32)


def _flesh(rng: Generator, tone: Floats) -> Floats:
    """Lay one to three large soft shapes of one skin across the picture: an arm, a leg, a cheek, another hand."""
    rows = []
    for _ in range(int(rng.integers(1, 4))):
        kind = BOX if rng.random() < 0.4 else BLOB if rng.random() < 0.5 else ELLIPSE
        wide = math.exp(rng.uniform(math.log(0.1), math.log(1.0)))
        places = {"x": rng.random(), "y": rng.random(), "width": wide, "height": wide * rng.uniform(0.25, 1.0)}
        rows.append(
            _shape(rng, kind, tone[None], turn=rng.uniform(0, math.pi), soft=rng.uniform(0.005, 0.12), **places)
        )
    return np.array(rows, np.float32)
