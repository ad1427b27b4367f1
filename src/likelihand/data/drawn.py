"""Drawn hands: an articulated hand of capsules before clutter, with exact labels; needs no file.

Meant for tests, demonstrations and first steps of a training run, not for learning real hands.
"""

import functools
import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np

from likelihand.data.dataset import check_index
from likelihand.geometry import FloatArray, Image, box_of_points, pixel_index_from_corner
from likelihand.structures import FINGER_KEYPOINTS, FINGERS, TIPS, Record, Side, Visibility
from likelihand.utils import opencv as cv2

_SHIFT: Final = 6
"""Binary places of a pixel in which OpenCV is told where to draw."""

_BASES: Final = np.array([[-0.22, 0.12], [-0.20, 0.95], [0.0, 1.0], [0.18, 0.95], [0.35, 0.82]])
"""Where fingers leave the palm of a right hand seen from its palm side's back, in lengths of the palm."""

_SPREAD: Final = np.radians([-48.0, -9.0, 0.0, 8.0, 17.0])
_LENGTHS: Final = np.array(
    [[0.38, 0.33, 0.28], [0.45, 0.27, 0.22], [0.50, 0.31, 0.23], [0.46, 0.29, 0.23], [0.36, 0.21, 0.20]]
)
_WIDTHS: Final = np.array([0.20, 0.17, 0.175, 0.165, 0.145])


@dataclass(frozen=True, slots=True)
class _Scene:
    points: FloatArray
    depth: FloatArray
    width: FloatArray
    side: Side
    skin: FloatArray


class DrawnHands:
    """Pictures of one drawn hand each, left and right, a pure function of (seed, index).

    Every keypoint is labelled and exact; whether another finger covers it is not told.

    Args:
        count: how many.
        seed: another seed, other hands.
        size: width and height of the pictures in pixels, 16 or more.

    Raises:
        ValueError: the count is negative or the size below 16.

    Example:
        >>> record = DrawnHands(10).record(0)
        >>> record.read().shape, record.points.shape, record.side in ("left", "right")
        ((128, 128, 3), (21, 2), True)
    """

    def __init__(self, count: int, seed: int = 0, size: int = 128) -> None:
        if count < 0 or size < 16:
            raise ValueError(f"count {count} and size {size}: give a count of 0 or more and a size of 16 or more")
        self.count, self.seed, self.size = count, seed, size

    def __len__(self) -> int:
        """Count the pictures."""
        return self.count

    def about(self) -> dict[str, str | int]:
        """Return the settings that identify the data in a run's description."""
        return {"seed": self.seed, "size": self.size}

    def groups(self) -> list[str]:
        """List every record's group: each picture is its own."""
        return [f"drawn {self.seed}/{i}" for i in range(self.count)]

    def record(self, index: int) -> Record:
        """Return the record at `index`."""
        index = check_index(index, self.count, "the drawn data set")
        scene = _scene(_rng(self.seed, index, 0), self.size)
        return Record(
            points=scene.points,
            visibility=np.full(21, Visibility.VISIBLE, np.int8),
            box=box_of_points(scene.points),
            side=scene.side,
            dataset="drawn",
            key=f"drawn {self.seed}/{index}",
            read=functools.partial(_picture, self.seed, index, self.size),
        )


def _rng(seed: int, index: int, part: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, part])))


def _hand(rng: np.random.Generator) -> FloatArray:
    """Make the (21, 3) joints of a right hand: x to the little finger, y to the tips, z to the viewer."""
    joints = np.zeros((21, 3))
    curl = rng.uniform(0.0, 1.0) ** 2
    for finger, (name, spread) in enumerate(zip(FINGERS, _SPREAD, strict=True)):
        own = np.clip(curl + rng.normal(0.0, 0.25), 0.0, 1.0)
        limit = np.radians([35.0, 45.0, 40.0] if name == "thumb" else [75.0, 95.0, 60.0])
        pitch = np.cumsum(limit * own + rng.normal(0.0, 0.06, 3))
        angle = spread * (1.0 - 0.5 * own) + rng.normal(0.0, 0.05)
        across = np.array([np.sin(angle), np.cos(angle), 0.0])
        steps = np.cos(pitch)[:, None] * across + np.sin(pitch)[:, None] * np.array([0.35 * (finger == 0), 0, 1])
        chain = np.vstack([[*_BASES[finger], 0.0], _LENGTHS[finger][:, None] * steps])
        joints[list(FINGER_KEYPOINTS[name])] = np.cumsum(chain, axis=0)
    return joints


def _scene(rng: np.random.Generator, size: int) -> _Scene:
    """Place a hand in the picture: turned, tilted, mirrored or not, scaled and shifted."""
    joints = _hand(rng) * (1.0, -1.0, 1.0)
    side: Side = "left" if rng.random() < 0.5 else "right"
    if side == "left":
        joints[:, 0] *= -1.0
    roll, pitch, yaw = rng.uniform(-1.0, 1.0, 3) * np.radians([70.0, 35.0, 45.0])
    turned = joints @ (_turn(yaw, 2, 0) @ _turn(pitch, 1, 2) @ _turn(roll, 0, 1)).T
    low, high = turned[:, :2].min(0), turned[:, :2].max(0)
    scale = size * rng.uniform(0.45, 0.72) / float((high - low).max())
    room = size - scale * (high - low) - 0.16 * size
    corner = 0.08 * size + rng.uniform(0.0, 1.0, 2) * room
    tone = np.array([225.0, 180.0, 150.0]) * rng.uniform(0.35, 1.1) + rng.uniform(-18.0, 18.0, 3)
    return _Scene(
        points=corner + scale * (turned[:, :2] - low),
        depth=turned[:, 2],
        width=scale * _WIDTHS * rng.uniform(0.85, 1.15),
        side=side,
        skin=np.clip(tone, 20.0, 250.0),
    )


def _turn(radians: float, first: int, second: int) -> FloatArray:
    """Make the rotation in the plane of two axes."""
    matrix = np.eye(3)
    c, s = np.cos(radians), np.sin(radians)
    matrix[[first, second, first, second], [first, second, second, first]] = c, c, -s, s
    return matrix


def _picture(seed: int, index: int, size: int) -> Image:
    """Draw the picture of one record."""
    scene, rng = _scene(_rng(seed, index, 0), size), _rng(seed, index, 1)
    image = _clutter(rng, size)
    _palm(image, scene)
    bones = [(f, *pair) for f, k in enumerate(FINGER_KEYPOINTS.values()) for pair in itertools.pairwise(k)]
    for finger, parent, child in sorted(bones, key=lambda bone: scene.depth[bone[2]]):
        light = 0.92 + 0.16 * np.tanh(scene.depth[child])
        thin = 1.0 - 0.1 * (child - FINGER_KEYPOINTS[FINGERS[finger]][0])
        _capsule(image, scene, (parent, child), scene.width[finger] * thin, scene.skin * light)
    shade = np.linspace(rng.uniform(0.75, 1.1), rng.uniform(0.75, 1.1), size)[None, :, None]
    noise = rng.normal(0.0, rng.uniform(1.0, 6.0), image.shape)
    return np.asarray(np.clip(image * shade + noise, 0, 255), np.uint8)


def _clutter(rng: np.random.Generator, size: int) -> Image:
    """Make a background: a gradient with shapes of all kinds, some of the colour of skin."""
    corners = rng.integers(0, 256, (2, 2, 3)).astype(np.float32)
    image = np.clip(cv2.resize(corners, (size, size), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
    for _ in range(rng.integers(4, 14)):
        colour = tuple(float(v) for v in rng.integers(0, 256, 3))
        first, second = (tuple(int(v) for v in rng.integers(-size // 4, size * 5 // 4, 2)) for _ in range(2))
        kind, thickness = rng.integers(3), int(rng.integers(1, max(2, size // 8)))
        if kind == 0:
            cv2.line(image, first, second, colour, thickness, cv2.LINE_AA)
        elif kind == 1:
            cv2.circle(image, first, int(rng.integers(2, size // 4)), colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(image, first, second, colour, int(rng.choice([-1, 2])), cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.5))), np.uint8)


def _fixed(points: FloatArray) -> np.ndarray:
    return np.round(pixel_index_from_corner(points) * 2**_SHIFT).astype(np.int32)


def _disc(image: Image, centre: FloatArray, radius: float, colour: FloatArray) -> None:
    x, y = _fixed(centre).tolist()
    cv2.circle(image, (x, y), max(1, round(radius * 2**_SHIFT)), colour.tolist(), -1, cv2.LINE_AA, _SHIFT)


def _capsule(image: Image, scene: _Scene, bone: tuple[int, int], width: float, colour: FloatArray) -> None:
    """Draw a bone with flesh around it: a dark outline first, so that crossing fingers stay apart."""
    first, second = scene.points[bone[0]], scene.points[bone[1]]
    along = second - first
    normal = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
    for radius, paint in ((width / 2 + 0.012 * len(image), 0.55 * colour), (width / 2, colour)):
        corners = np.array([first, first, second, second]) + radius * normal * [[1], [-1], [-1], [1]]
        cv2.fillConvexPoly(image, _fixed(corners), paint.tolist(), cv2.LINE_AA, _SHIFT)
        _disc(image, second, radius, paint)
        _disc(image, first, radius, paint)
    if bone[1] in TIPS:
        _disc(image, second, 0.28 * width, np.clip(1.15 * colour + 12, 0, 255))


def _palm(image: Image, scene: _Scene) -> None:
    """Draw the palm with rounded corners and the arm's stump."""
    bases = [keypoints[0] for keypoints in FINGER_KEYPOINTS.values()]
    outline = cv2.convexHull(scene.points[[0, *bases]].astype(np.float32))[:, 0].astype(np.float64)
    radius = float(scene.width[1]) * 0.55
    for grown, paint in ((radius + 0.012 * len(image), 0.55 * scene.skin), (radius, scene.skin)):
        cv2.fillConvexPoly(image, _fixed(outline), paint.tolist(), cv2.LINE_AA, _SHIFT)
        for start, end in zip(outline, np.roll(outline, -1, 0), strict=True):
            thickness = max(1, round(2 * grown))
            a, b = _fixed(start).tolist(), _fixed(end).tolist()
            cv2.line(image, a, b, paint.tolist(), thickness, cv2.LINE_AA, _SHIFT)
