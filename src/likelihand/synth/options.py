"""Which ingredients a rendered picture has."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SynthOptions:
    """Switch ingredients of rendered pictures off, to learn what each is worth.

    Every ingredient draws from its own random stream: switching one off leaves the others as they were.

    Attributes:
        backgrounds: a cluttered or photographed background; without, one flat colour.
        light: coloured lamps, shadows and highlights; without, even white light.
        objects: things held in the hand and things in front of it.
        second_hand: another hand in a share of the pictures.
        effects: blur, noise, low resolution, JPEG, colour casts and exposure errors.
        skin: the full range of skin, sleeves, rings, watches, polish; without, one skin tone.
        viewpoints: "full" sphere of views, or "upright" hands alone.

    Example:
        >>> SynthOptions(objects=False).effects
        True
    """

    backgrounds: bool = True
    light: bool = True
    objects: bool = True
    second_hand: bool = True
    effects: bool = True
    skin: bool = True
    viewpoints: Literal["full", "upright"] = "full"

    def __post_init__(self) -> None:
        if self.viewpoints not in ("full", "upright"):
            raise ValueError(f'viewpoints {self.viewpoints!r} is unknown; give "full" or "upright"')
