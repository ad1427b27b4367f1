"""Two hands together: palm to palm, crossed, clasped, laced fingers, one holding the other, one in front."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from likelihand.structures import BONES, FINGER_KEYPOINTS, opposite
from likelihand.synth.compiled import compiled
from likelihand.synth.hand.asset import HandAsset
from likelihand.synth.hand.collision import (
    CAPSULE_COLUMNS,
    END,
    END_RADIUS,
    START,
    START_RADIUS,
    capsule,
    overlap,
)
from likelihand.synth.hand.hand_sampler import PosedHand, sample_hand_of
from likelihand.synth.hand.kinematics import Doubles
from likelihand.synth.hand.shape import sample_shape

TOUCHING: Final = 0.0005
"""Metres between two hands at which the second stops."""
APPROACH_FROM: Final = 0.5
"""Metres from which the second hand comes."""
TRIES: Final = 8
LACINGS: Final = 160
"""Ways of lacing fingers that are tried, of which the roomiest is taken."""
FOREARM_RADII: Final = (0.32, 0.66)
"""Palm lengths: half the breadth of the forearm at the wrist and where the mesh ends."""
FLESH: Final = 0.05
"""Palm lengths by which the middle of the palm's flesh lies before its bones."""
ARMS_APART: Final = 0.02
"""Metres between the capsules of two forearms under which arms, wider than deep, may be inside each other."""
PALM_RADIUS: Final = 0.15
"""Half thickness of the palm in palm lengths."""
_ANY: Final[tuple[str, ...]] = ()
_AROUND: Final = ("cylinder", "wide_cylinder", "sphere", "curled", "relaxed", "hook")
POSES: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "palms": (("flat", "flat", "open", "resting", "relaxed"), ("flat", "flat", "open", "resting", "relaxed")),
    "crossed": (("flat", "relaxed", "resting", "curled", "fist"), ("flat", "relaxed", "resting", "curled")),
    "interlocked": (_ANY, _ANY),
    "clasped": (("fist", "curled", "fist_side_thumb", "hook", "relaxed"), _AROUND),
    "laced": (("laced",), ("laced",)),
    "holding": (_ANY, _AROUND),
    "in_front": (_ANY, _ANY),
}
"""By arrangement, the gestures that the two hands make; any where empty."""
ARRANGEMENTS: Final = tuple(POSES)
_APPROACHED: Final = tuple(name for name in POSES if name != "laced")
SQUEEZE: Final = 0.0095
"""Metres by which the capsules of laced fingers may overlap: flesh gives way, rigid capsules do not."""
_BONES = np.array(BONES)
_STARTS, _ENDS = slice(START, START + 3), slice(END, END + 3)


@dataclass(frozen=True, slots=True)
class HandPair:
    """Two hands and where the second is.

    Attributes:
        first: in its own frame.
        second: in its own frame.
        first_from_second: (4, 4) rigid motion, metres: takes points of the second hand's frame to the first's.
        arrangement: one of `ARRANGEMENTS`.
    """

    first: PosedHand
    second: PosedHand
    first_from_second: Doubles
    arrangement: str


def capsules(hand: PosedHand, asset: HandAsset) -> Doubles:
    """Return (21, 8) tapered capsules around bones and forearm: start, end, and radius at each; metres."""
    joints, radii = hand.joints.astype(np.float64), hand.radii.copy()
    palm = np.append(_BONES[:, 0] == 0, False)
    start, end = _BONES.T
    rows = np.zeros((len(_BONES) + 1, CAPSULE_COLUMNS))
    bones, forearm = rows[:-1], rows[-1]
    bones[:, _STARTS], bones[:, _ENDS] = joints[start], joints[end]
    bones[:, START_RADIUS], bones[:, END_RADIUS] = radii[start], radii[end]
    rows[palm, START_RADIUS:] = PALM_RADIUS * hand.palm_length
    rows[palm, START + 2] += FLESH * hand.palm_length
    rows[palm, END + 2] += FLESH * hand.palm_length
    cut = asset.forearm > asset.forearm.max() - 0.2
    forearm[_STARTS], forearm[_ENDS] = joints[0], hand.vertices[cut].mean(0)
    forearm[START_RADIUS:] = np.array(FOREARM_RADII) * hand.palm_length
    return rows


def _moved(rows: Doubles, rotation: Doubles, shift: Doubles) -> Doubles:
    """Return capsules (n, 8), turned and then shifted."""
    moved = rows.copy()
    moved[:, _STARTS] = rows[:, _STARTS] @ rotation.T + shift
    moved[:, _ENDS] = rows[:, _ENDS] @ rotation.T + shift
    return moved


@compiled
def clearance(first: Doubles, second: Doubles) -> float:
    """Return the free distance in metres between capsules (n, 8) and (m, 8); negative where they overlap."""
    deepest = -1e9
    for a in range(len(first)):
        for b in range(len(second)):
            deepest = max(deepest, overlap(capsule(first, a), capsule(second, b)))
    return -deepest


def _turn(axis: Doubles, angle: float) -> Doubles:
    x, y, z = axis / sqrt(float(axis @ axis))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _relation(rng: np.random.Generator, arrangement: str) -> tuple[Doubles, Doubles, float]:
    """Return how the second hand is turned (3, 3), where it comes from (3,), and how many metres it stays away."""
    x, y, z = np.eye(3)
    sway = _turn(rng.normal(0, 1, 3), rng.normal(0, 0.2))
    if arrangement == "palms":
        return sway @ _turn(y, np.pi), z, 0.0
    if arrangement == "crossed":
        facing = _turn(y, np.pi) if rng.random() < 0.5 else np.eye(3)
        across = _turn(z, rng.choice((-1, 1)) * rng.uniform(0.6, 2.2))
        return sway @ across @ facing, z * rng.choice((-1, 1)), 0.0
    if arrangement == "interlocked":
        return sway @ _turn(z, rng.uniform(1.2, 2.6)) @ _turn(y, np.pi), y + rng.normal(0, 0.25, 3), 0.0
    if arrangement == "clasped":
        grip = _turn(z, rng.normal(0, 0.7)) @ _turn(y, np.pi)
        return sway @ grip, z * rng.choice((1, 1, -1)) + y * rng.uniform(0, 1) + rng.normal(0, 0.3, 3), 0.0
    if arrangement == "holding":
        upright = _turn(x, np.pi / 2 * rng.choice((-1, 1)))
        return sway @ upright @ _turn(y, np.pi), z + rng.normal(0, 0.2, 3), 0.0
    return _turn(rng.normal(0, 1, 3), rng.uniform(0, np.pi)), rng.normal(0, 1, 3), float(rng.exponential(0.03))


def sample_pair(rng: np.random.Generator, asset: HandAsset) -> HandPair:
    """Draw two hands that touch or nearly do: left and right of one person in three of four; pure in `rng`.

    The second hand comes from far off and stops where the capsules around the two hands' bones first meet; where
    that brings the forearms too near, it comes again, another way.
    """
    shape = sample_shape(rng, asset)
    arrangement = ARRANGEMENTS[rng.integers(len(ARRANGEMENTS))]
    here, there = POSES[arrangement]
    first = sample_hand_of(shape, rng, asset, None, here)
    other = opposite(first.side) if rng.random() < 0.85 else first.side
    person = shape if arrangement == "laced" or rng.random() < 0.75 else sample_shape(rng, asset)
    second = sample_hand_of(person, rng, asset, other, there)
    if arrangement == "laced" and (laced := _laced(rng, first, second, asset)) is not None:
        return laced
    for attempt in range(TRIES):
        if arrangement == "laced" or 2 * attempt >= TRIES:
            arrangement = _APPROACHED[rng.integers(len(_APPROACHED))]
        pair, apart = _meet(rng, first, second, asset, arrangement)
        if apart > ARMS_APART:
            break
    return pair


def _laced(rng: np.random.Generator, first: PosedHand, second: PosedHand, asset: HandAsset) -> HandPair | None:
    """Push the fingers of one hand between those of the other, palms facing; None where they find no room."""
    x, y, _ = np.eye(3)
    knuckles = [finger[0] for finger in list(FINGER_KEYPOINTS.values())[1:]]
    aim, at = first.joints[knuckles].mean(0).astype(np.float64), second.joints[knuckles].mean(0)
    still, apart, free = capsules(first, asset), capsules(second, asset), -1.0
    best = np.eye(4)
    for _ in range(LACINGS):
        sway = _turn(rng.normal(0, 1, 3), rng.normal(0, 0.12))
        rotation = sway @ _turn(x, -rng.uniform(0, 1.5)) @ _turn(y, np.pi)
        off = np.array([rng.choice((-0.11, 0.11)), 0, 0.45]) + rng.normal(0, 1, 3) * (0.05, 0.15, 0.12)
        shift = aim + off * first.palm_length - rotation @ at
        room = float(clearance(still, _moved(apart, rotation, shift)))
        if room > free:
            free, best = room, np.eye(4)
            best[:3, :3], best[:3, 3] = rotation, shift
    return HandPair(first, second, best, "laced") if free > -SQUEEZE else None


def _meet(
    rng: np.random.Generator, first: PosedHand, second: PosedHand, asset: HandAsset, arrangement: str
) -> tuple[HandPair, float]:
    """Bring two hands together; return them, and how many metres lie between the capsules of their forearms."""
    rotation, direction, distance = _relation(rng, arrangement)
    direction = direction / np.linalg.norm(direction)
    aim, at = first.joints[5:].mean(0).astype(np.float64), rotation @ second.joints[5:].mean(0)
    sideways = rng.normal(0, 0.25 * first.palm_length, 3)
    start = aim - at + sideways - sideways @ direction * direction
    still, moving = capsules(first, asset), capsules(second, asset)
    along, turned = APPROACH_FROM, _moved(moving, rotation, np.zeros(3))
    for _ in range(60):
        free = clearance(still, _moved(turned, np.eye(3), start + along * direction))
        if free < TOUCHING or along < -0.1:
            break
        along -= free  # no point of the hand moves further than this, so nothing is passed through
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = rotation, start + (along + distance) * direction
    arm = _moved(turned[-1:], np.eye(3), motion[:3, 3])
    return HandPair(first, second, motion, arrangement), float(clearance(still[-1:], arm))
