"""Draw a pose inside the limits of anatomy: gestures and their blends, random fingers, correlated bends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from likelihand.synth.hand.anatomy import (
    ABDUCTION,
    ANGLES,
    DIP,
    LIMITS,
    MCP,
    PIP,
    THUMB,
    THUMB_AZIMUTH,
    THUMB_ELEVATION,
    THUMB_IP,
    THUMB_MCP,
    WRIST,
)
from likelihand.synth.hand.gestures import ACROSS, CLOSED, GESTURES, OUT, STRAIGHT, Gesture
from likelihand.synth.hand.kinematics import Doubles

TOGETHER: Final = np.array([3.0, -1.0, -5.0, -9.0])
"""Abductions in degrees of four straight fingers side by side."""
FAN: Final = np.array([11.0, 0.0, -10.0, -18.0])
"""Degrees added to them where the fingers are fanned out."""
_THUMB: Final = [THUMB_AZIMUTH, THUMB_ELEVATION, THUMB_MCP, THUMB_IP]
"""The thumb's angles that a gesture gives; its pronation follows from its elevation."""
_NAMES = tuple(GESTURES)
_CUMULATIVE = np.cumsum([GESTURES[name].share for name in _NAMES])


@dataclass(frozen=True, slots=True)
class Pose:
    """Joint angles (24,) in radians, and the contact they want: see `Gesture`."""

    angles: Doubles
    pinch: int = 0
    rest: int = 0


def _fingers(angles: Doubles) -> Doubles:
    """Return a view (4, 4, ...) of the angles (24, ...) of index to little finger, four each."""
    return angles[:THUMB].reshape(4, 4, *angles.shape[1:])


def limit(angles: Doubles) -> Doubles:
    """Return the nearest angles (24,) that anatomy allows.

    Besides each joint's range: a DIP joint bends no further than 0.9 PIP + 12 degrees, fingers spread less the
    more they bend at the knuckle, and neighbours do not cross.

    Example:
        >>> np.degrees(limit(np.full(24, 9.0)))[:4].round().tolist()
        [92.0, 108.0, 72.0, 5.0]
    """
    angles = np.clip(angles, LIMITS[:, 0], LIMITS[:, 1])
    fingers = _fingers(angles)
    fingers[:, DIP] = np.minimum(fingers[:, DIP], 0.9 * fingers[:, PIP] + np.radians(12))
    room, neutral = np.cos(np.clip(fingers[:, MCP], 0, np.pi / 2)), np.radians(TOGETHER)
    low, high = _fingers(LIMITS)[:, ABDUCTION].T
    spread = np.clip(fingers[:, ABDUCTION] - neutral, low - neutral, high - neutral)
    fingers[:, ABDUCTION] = neutral + np.clip(spread, -0.6 * room - 0.03, 0.6 * room + 0.03)
    fingers[:, ABDUCTION] = np.minimum.accumulate(fingers[:, ABDUCTION])
    return angles


def gesture_angles(gesture: Gesture) -> Doubles:
    """Return the angles (24,) in radians of a named pose, with the wrist straight."""
    angles = np.zeros(ANGLES)
    fingers = _fingers(angles)
    fingers[:, :ABDUCTION] = gesture.fingers
    fingers[:, ABDUCTION] = TOGETHER + gesture.spread * FAN
    angles[_THUMB] = gesture.thumb
    return np.asarray(np.radians(angles))


def _gesture(rng: np.random.Generator, contacts: Mapping[str, Doubles], names: Sequence[str] = ()) -> Pose:
    name = _NAMES[int(np.searchsorted(_CUMULATIVE, rng.random() * _CUMULATIVE[-1], side="right"))]
    name = names[int(rng.integers(len(names)))] if names else name
    chosen, angles = GESTURES[name], gesture_angles(GESTURES[name])
    other = gesture_angles(GESTURES[_NAMES[rng.integers(len(_NAMES))]])
    share = 0.8 * rng.random() ** 2 if rng.random() < 0.4 else 0.0
    if (chosen.pinch or chosen.rest) and (share < 0.25 and name in contacts):
        known = contacts[name]
        return Pose(known[rng.integers(len(known))], chosen.pinch, chosen.rest)
    return Pose((1 - share) * angles + share * other)


def _some_fingers(rng: np.random.Generator) -> Pose:
    """Stretch any subset of the fingers and close the rest, fully or halfway."""
    closing = 1 - 0.35 * rng.random() * (rng.random() < 0.4)
    stretched = rng.random(4) < 0.5
    closed = (closing * CLOSED[0], closing * CLOSED[1], closing * CLOSED[2])
    index, middle, ring, little = (STRAIGHT if is_straight else closed for is_straight in stretched)
    thumb = OUT if rng.random() < 0.45 else ACROSS
    return Pose(gesture_angles(Gesture((index, middle, ring, little), 1.1 * rng.random(), thumb)))


def _continuous(rng: np.random.Generator) -> Pose:
    """Bend all fingers by correlated random amounts."""
    common = rng.random()
    bend = np.clip(common + rng.normal(0, 0.2, 4), 0, 1)
    knuckle = np.clip(bend + rng.normal(0, 0.22, 4), 0, 1)
    angles = np.zeros(ANGLES)
    fingers = _fingers(angles)
    fingers[:, MCP], fingers[:, PIP], fingers[:, DIP] = 88 * knuckle, 100 * bend, 62 * bend
    fingers[:, ABDUCTION] = TOGETHER + rng.random() * FAN
    angles[_THUMB] = rng.uniform((-12, -8, -8, -12), (58, 58, 50, 70))
    return Pose(np.radians(angles), pinch=int(rng.random() < 0.06))


def sample_pose(rng: np.random.Generator, contacts: Mapping[str, Doubles], names: Sequence[str] = ()) -> Pose:
    """Draw joint angles: 60 % gestures and blends, 16 % subsets of fingers, 24 % continuous; all jittered.

    Gestures in `contacts` (`HandAsset.contacts`) are jittered less; `names`, where there are any, are chosen from
    alone.
    """
    kind = rng.random()
    if names or kind < 0.60:
        pose = _gesture(rng, contacts, names)
    else:
        pose = _some_fingers(rng) if kind < 0.76 else _continuous(rng)
    angles = np.degrees(pose.angles)
    fingers = _fingers(angles)
    calm = 0.3 if pose.pinch or pose.rest else 1.0
    fingers += calm * (rng.normal(0, 1, (4, 4)) * (5, 6, 4, 1.8) + rng.normal(0, 1, 4) * (5, 5, 3, 0))
    if rng.random() < 0.12:
        fingers[:, MCP] -= calm * 18 * rng.random() * (fingers[:, MCP] < 25)
    angles[THUMB:WRIST] += calm * rng.normal(0, 1, 5) * (6, 6, 5, 6, 8)
    angles[WRIST:] = rng.normal(0, 1, 3) * (22, 9, 18) + (-4, -3, 0)
    return Pose(limit(np.radians(angles)), pose.pinch, pose.rest)
