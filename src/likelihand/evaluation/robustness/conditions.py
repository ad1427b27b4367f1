"""The conditions of a robustness test: name, level, and the change to the picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import numpy as np

from likelihand.data import corruptions
from likelihand.geometry import FloatArray, Image, box_length, box_of_points
from likelihand.structures import Record

Rng: TypeAlias = np.random.Generator
Change: TypeAlias = Callable[[Image, Record, int, Rng], tuple[Image, FloatArray]]
"""From a picture, one of its hands, the turn among four edges and random numbers to the changed picture and
changed_from_image (3, 3)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A way to make a picture worse.

    Attributes:
        name: short, one or two words.
        level: how much, in words; it is printed below the table.
        change: see `Change`.
    """

    name: str
    level: str
    change: Change

    def apply(self, image: Image, record: Record, index: int, seed: int) -> tuple[Image, FloatArray]:
        """Change the picture of the hand at `index`; return it and changed_from_image (3, 3).

        The result is the same for a name, a seed and an index, whatever was done before.

        Example:
            >>> from likelihand.data.drawn import DrawnHands
            >>> record = DrawnHands(1).record(0)
            >>> changed, _ = CONDITIONS[1].apply(record.read(), record, 0, seed=0)
            >>> CONDITIONS[1].name, bool((changed == changed[..., :1]).all())
            ('grey', True)
        """
        rng = np.random.default_rng([seed, index, *self.name.encode()])
        return self.change(image, record, index + seed, rng)


def _pixels(change: Callable[[Image, Record, Rng], Image]) -> Change:
    """Make a change that moves nothing."""
    return lambda image, record, turn, rng: (change(image, record, rng), np.eye(3))


def _darker_skin(image: Image, record: Record, rng: Rng) -> Image:
    region = corruptions.hand_region(record.points, record.visibility, image.shape[:2])
    return corruptions.darker_skin(image, region)


def _blur(image: Image, record: Record, rng: Rng) -> Image:
    return corruptions.blur(image, sigma=0.025 * box_length(box_of_points(record.points, record.visibility)))


def _cut(share: float, image: Image, record: Record, turn: int, rng: Rng) -> tuple[Image, FloatArray]:
    edge = corruptions.EDGES[turn % len(corruptions.EDGES)]
    return corruptions.cut(image, box_of_points(record.points, record.visibility), edge, share)


def _cuts(share: float) -> Condition:
    percent = f"{100 * share:g} %"
    text = f"the picture's edge leaves {percent} of the hand's box outside; left, top, right and bottom in turn"
    return Condition(f"{percent} cut off", text, partial(_cut, share))


CONDITIONS: Final = (
    Condition("as it is", "the picture as it is", _pixels(lambda i, r, g: i)),
    Condition("grey", "luminance alone", _pixels(lambda i, r, g: corruptions.grey(i))),
    Condition(
        "infrared",
        "simulated: channels weighted 1.1, 0.1, -0.2 in linear light, a lamp that leaves a quarter of its light "
        "in the corners, noise of 8 levels",
        _pixels(lambda i, r, g: corruptions.infrared(i, g)),
    ),
    Condition(
        "dark",
        "1/8 of the light; shot noise of 1000 electrons at the old white, 2 electrons of reading noise",
        _pixels(lambda i, r, g: corruptions.dark(i, g)),
    ),
    Condition("noise", "normal, 46 levels of 255", _pixels(lambda i, r, g: corruptions.gaussian_noise(i, g))),
    Condition(
        "tint",
        "a lamp of any hue and a saturation of 0.85; the mean of the channels stays",
        _pixels(lambda i, r, g: corruptions.tint(i, hue=g.random())),
    ),
    Condition("darker skin", "lightness of the skin x 0.55 in CIELAB", _pixels(_darker_skin)),
    Condition("JPEG 20", "quality 20", _pixels(lambda i, r, g: corruptions.jpeg(i, quality=20))),
    Condition("JPEG 8", "quality 8", _pixels(lambda i, r, g: corruptions.jpeg(i, quality=8))),
    Condition("blur", "Gaussian, sigma 2.5 % of the hand's size", _pixels(_blur)),
    Condition(
        "thermal palette",
        "luminance in the palette inferno; no simulation of warmth",
        _pixels(lambda i, r, g: corruptions.thermal(i)),
    ),
    _cuts(0.15),
    _cuts(0.3),
    _cuts(0.5),
)
"""What `likelihand robustness` measures; the first is the reference."""


def chosen(names: Sequence[str]) -> tuple[Condition, ...]:
    """Return the conditions of these names, in the order of `CONDITIONS`; all where none is named.

    Raises:
        ValueError: a name is unknown.

    Example:
        >>> [condition.name for condition in chosen(["dark", "grey"])]
        ['grey', 'dark']
        >>> chosen(["fog"])
        Traceback (most recent call last):
        ValueError: condition 'fog' is unknown; give some of as it is, grey, infrared, dark, ...
    """
    known = [condition.name for condition in CONDITIONS]
    for name in names:
        if name not in known:
            raise ValueError(f"condition {name!r} is unknown; give some of {', '.join(known)}")
    return tuple(condition for condition in CONDITIONS if not names or condition.name in names)
