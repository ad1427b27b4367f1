"""Animated skeletons of fitted hands, for glTF and BVH."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from likelihand.reconstruction.mesh import MESH_PARENTS, Person, bones_of, length_of, person_of
from likelihand.reconstruction.result import ANGLE_NAMES
from likelihand.structures import Side
from likelihand.uncertainty import FloatArray
from likelihand.utils.validation import as_numbers

HAND_METRES: Final = 0.18
"""Length of a hand where nobody says it: between a man's and a woman's mean."""
_UP: Final = np.array([1.0, -1.0, -1.0])
"""From the camera's frame (y down, z away) to that of animation (y up, z to the viewer)."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A hand over time, y up, in metres.

    Attributes:
        name: of the hand.
        person: the hand at rest, whose unit is `scale` metres.
        scale: metres of a palm length.
        seconds: (F,) of each frame.
        turns: (F, 16, 3, 3) of each bone against its parent, the hand's against the world.
        places: (F, 3) of the wrist, metres.
    """

    name: str
    person: Person
    scale: float
    seconds: FloatArray
    turns: FloatArray
    places: FloatArray


def clips_of(lines: Iterable[Mapping[str, Any]], length: float = HAND_METRES) -> list[Clip]:
    """Collect the fitted hands of a film, one clip per track; a track's shape is the mean of its frames'.

    The wrist moves in the picture's plane as the picture says, from its middle; one camera does not tell depth.
    Hands are `length` metres long, from the wrist to the middle finger's tip.

    Raises:
        ValueError: no hand is fitted, or a field is missing or none.
    """
    tracks: dict[int, list[tuple[float, Mapping[str, Any], FloatArray]]] = {}
    for line in lines:
        middle = as_numbers(line.get("size"), "a frame's size", (2,))[::-1] / 2
        for hand in line["hands"]:
            if "fit" in hand:
                tracks.setdefault(int(hand["track"]), []).append((float(line["time"]), hand["fit"], middle))
    if not tracks:
        raise ValueError("there is no fitted hand to animate; predict with --fit, a film with hands in it")
    return [_clip(track, frames, length) for track, frames in sorted(tracks.items())]


def _clip(track: int, frames: list[tuple[float, Mapping[str, Any], FloatArray]], length: float) -> Clip:
    seconds, fits, middles = zip(*frames, strict=True)
    sides = [fit["side"] for fit in fits]
    side: Side = "left" if sides.count("left") > len(sides) / 2 else "right"
    shape = np.mean([as_numbers(fit["shape"], "a fit's shape") for fit in fits], axis=0)
    turns, places, lengths = [], [], []
    for fit, middle in zip(fits, middles, strict=True):
        angles = as_numbers([fit["angles"][name] for name in ANGLE_NAMES], "a fit's angles", (21,))
        rotation = as_numbers(fit["rotation"], "a fit's rotation", (3, 3))
        lengths.append(length_of(shape, angles))
        turns.append(local_turns(bones_of(shape, angles, side).turns, rotation))
        wrist = as_numbers(fit["reprojected"], "a fit's reprojected", (21, 2))[0]
        places.append(np.array([*(wrist - middle) / float(fit["length"]) * length, 0.0]) * _UP)
    return Clip(
        f"{side}_hand_{track}",
        person_of(shape, side),
        length / float(np.mean(lengths)),
        np.array(seconds),
        np.array(turns),
        np.array(places),
    )


def local_turns(turns: FloatArray, rotation: FloatArray) -> FloatArray:
    """Return turns (16, 3, 3) against each bone's parent, of turns in the hand's frame and the hand's (3, 3)."""
    parents = np.array(MESH_PARENTS[1:])
    out = turns.copy()
    out[0] = _UP[:, None] * rotation
    out[1:] = np.swapaxes(turns[parents], 1, 2) @ turns[1:]
    return out
