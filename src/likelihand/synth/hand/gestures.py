"""Named hand poses: what each finger does, where the thumb is, and what it touches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

Flexion = tuple[float, float, float]

STRAIGHT: Final[Flexion] = (0, 4, 2)
CLOSED: Final[Flexion] = (86, 100, 62)

OUT: Final = (50.0, 8.0, 0.0, 0.0)
"""The thumb as azimuth, elevation, MCP and IP flexion, in degrees: stretched to the side."""
BESIDE: Final = (33.0, 14.0, 3.0, 2.0)
ACROSS: Final = (18.0, 44.0, 36.0, 44.0)
OPPOSED: Final = (28.0, 48.0, 14.0, 22.0)
UP: Final = (60.0, -2.0, -6.0, -8.0)


@dataclass(frozen=True, slots=True)
class Gesture:
    """One pose in degrees.

    Attributes:
        fingers: flexion (MCP, PIP, DIP) of index, middle, ring and little finger.
        spread: 0 fingers together to 1 fanned out.
        thumb: azimuth, elevation, MCP and IP flexion.
        pinch: the finger whose pad the thumb's pad touches, 1 index to 4 little; 0 for none.
        rest: the spot the thumb's pad rests on, 1 + index into `HandAsset.thumb_rests`; 0 for none.
        share: how often it is drawn, relative to the others.
    """

    fingers: tuple[Flexion, Flexion, Flexion, Flexion]
    spread: float
    thumb: tuple[float, float, float, float]
    pinch: int = 0
    rest: int = 0
    share: float = 1.0


def _extended(which: str, spread: float, thumb: tuple[float, float, float, float], rest: int = 0) -> Gesture:
    """Stretch the fingers whose letters (i, m, r, l) are in `which`; close the others."""
    i, m, r, k = (STRAIGHT if letter in which else CLOSED for letter in "imrl")
    return Gesture((i, m, r, k), spread, thumb, rest=rest)


def _alike(
    flexion: Flexion, spread: float, thumb: tuple[float, float, float, float], share: float = 1.0
) -> Gesture:
    return Gesture((flexion, flexion, flexion, flexion), spread, thumb, share=share)


GESTURES: Final[dict[str, Gesture]] = {
    "open": _alike(STRAIGHT, 1.0, OUT, 1.8),
    "flat": _alike(STRAIGHT, 0.05, BESIDE, 1.4),
    "fist": Gesture((CLOSED, CLOSED, CLOSED, CLOSED), 0, ACROSS, rest=1, share=3.8),
    "fist_side_thumb": Gesture((CLOSED, CLOSED, CLOSED, CLOSED), 0, ACROSS, rest=4, share=0.8),
    "thumbs_up": _alike(CLOSED, 0, UP, 1.2),
    "one": replace(_extended("i", 0, ACROSS, rest=2), share=2.0),
    "two": _extended("im", 0.7, ACROSS, rest=3),
    "victory": _extended("im", 1.0, ACROSS, rest=3),
    "three": _extended("imr", 0.6, ACROSS),
    "three_with_thumb": _extended("im", 0.6, OUT),
    "four": _extended("imrl", 0.7, (20, 40, 30, 40)),
    "gun": _extended("i", 0, (52, 4, -4, -6)),
    "horns": _extended("il", 0.6, ACROSS, rest=2),
    "i_love_you": _extended("il", 0.7, OUT),
    "call": _extended("l", 0.8, UP),
    "little_finger": _extended("l", 0.5, ACROSS, rest=1),
    "relaxed": Gesture(
        ((16, 26, 12), (21, 32, 15), (25, 36, 17), (29, 36, 18)), 0.25, (36, 24, 10, 14), share=2.5
    ),
    "claw": _alike((4, 70, 46), 0.7, (42, 25, 10, 32), 1.5),
    "curled": _alike((38, 86, 50), 0.3, (34, 34, 14, 22), 1.8),
    "resting": Gesture(((22, 20, 10), (26, 22, 11), (28, 24, 12), (28, 24, 12)), 0.45, (40, 22, 8, 10), share=1.4),
    "laced": _alike((64, 60, 28), 0.6, (34, 40, 12, 24), 0.4),
    "hook": _alike((2, 94, 62), 0.1, (34, 16, 6, 8), 1.0),
    "duck": _alike((70, 8, 5), 0.05, (30, 46, 6, 6), 0.8),
    "cylinder": Gesture(
        ((56, 56, 36), (58, 60, 38), (62, 64, 40), (66, 64, 40)), 0.15, (22, 54, 18, 24), share=2.2
    ),
    "wide_cylinder": Gesture(
        ((34, 40, 24), (36, 42, 26), (38, 44, 26), (40, 44, 26)), 0.25, (30, 54, 8, 12), share=1.8
    ),
    "sphere": Gesture(((26, 40, 26), (28, 42, 28), (30, 42, 28), (32, 42, 26)), 0.9, (36, 52, 6, 16), share=1.4),
    "phone": Gesture(((30, 26, 14), (42, 38, 20), (48, 44, 24), (52, 44, 26)), 0.2, (26, 40, 4, 6), share=1.4),
    "ok": Gesture(((50, 54, 30), (16, 24, 12), (10, 18, 9), (6, 12, 7)), 0.6, OPPOSED, pinch=1, share=1.4),
    "pinch_index": Gesture(((52, 44, 22), (58, 62, 36), (66, 76, 46), (70, 80, 48)), 0.05, OPPOSED, pinch=1),
    "pinch_loose": Gesture(
        ((48, 46, 24), (40, 46, 24), (40, 48, 24), (40, 46, 22)), 0.2, OPPOSED, pinch=1, share=1.4
    ),
    "tripod": Gesture(((52, 46, 22), (56, 52, 26), (64, 74, 44), (68, 78, 46)), 0, OPPOSED, pinch=2),
    "pinch_middle": Gesture(((14, 20, 10), (56, 54, 28), (22, 26, 13), (16, 20, 10)), 0.4, OPPOSED, pinch=2),
    "pinch_little": Gesture(
        ((6, 10, 5), (10, 14, 7), (22, 24, 12), (60, 56, 28)), 0.3, (24, 56, 18, 26), pinch=4, share=0.5
    ),
    "purse": Gesture(((56, 36, 16), (58, 38, 18), (60, 38, 18), (60, 36, 18)), 0, OPPOSED, pinch=2, share=1.1),
    "key": Gesture(((58, 62, 34), (68, 80, 46), (74, 86, 50), (78, 88, 50)), 0, (20, 26, 10, 26), rest=4),
}
"""Poses by name."""
