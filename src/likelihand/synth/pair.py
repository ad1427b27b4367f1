"""Two hands together: palm to palm, crossed, interlocked, one holding the other, one in front."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from likelihand.hand import BONES, opposite
from likelihand.synth.asset import HandAsset
from likelihand.synth.collision import row_overlap
from likelihand.synth.compiled import compiled
from likelihand.synth.kinematics import Doubles
from likelihand.synth.posed import PosedHand, sample_hand, sample_hand_of
from likelihand.synth.shape import sample_shape

GAP: Final = 0.0005
FAR: Final = 0.5
TRIES: Final = 8
ARMS_APART: Final = 0.02
"""Metres between the capsules of two forearms under which arms, wider than deep, may be inside each other."""
PALM_RADIUS: Final = 0.15
"""Half thickness of the palm in palm lengths."""
ARRANGEMENTS: Final = ("palms", "crossed", "interlocked", "holding", "in_front")
_BONES = np.array(BONES)


@dataclass(frozen=True, slots=True)
class HandPair:
    """Hold two hands and where the second is.

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
    rows = np.zeros((21, 8))
    rows[:20, :3], rows[:20, 3:6] = joints[start], joints[end]
    rows[:20, 6], rows[:20, 7] = radii[start], radii[end]
    rows[palm, 6:] = PALM_RADIUS * hand.palm_length
    rows[palm, 2] += 0.05 * hand.palm_length  # the palm's flesh is in front of its bones
    rows[palm, 5] += 0.05 * hand.palm_length
    cut = asset.forearm > asset.forearm.max() - 0.2
    rows[20, :3], rows[20, 3:6] = joints[0], hand.vertices[cut].mean(0)
    rows[20, 6], rows[20, 7] = 0.32 * hand.palm_length, 0.66 * hand.palm_length
    return rows


@compiled
def clearance(first: Doubles, second: Doubles) -> float:
    """Return the free distance in metres between capsules (n, 8) and (m, 8); negative where they overlap."""
    deepest = -1e9
    for a in range(len(first)):
        for b in range(len(second)):
            deepest = max(deepest, row_overlap(first, a, second, b))
    return -deepest


def _turn(axis: Doubles, angle: float) -> Doubles:
    x, y, z = axis / sqrt(float(axis @ axis))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _relation(rng: np.random.Generator, arrangement: str) -> tuple[Doubles, Doubles, float]:
    """Return how the second hand is turned (3, 3), whence it comes (3,), and how many metres it stays away."""
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
    if arrangement == "holding":
        upright = _turn(x, np.pi / 2 * rng.choice((-1, 1)))
        return sway @ upright @ _turn(y, np.pi), z + rng.normal(0, 0.2, 3), 0.0
    return _turn(rng.normal(0, 1, 3), rng.uniform(0, np.pi)), rng.normal(0, 1, 3), float(rng.exponential(0.03))


def sample_pair(rng: np.random.Generator, asset: HandAsset) -> HandPair:
    """Draw two hands that touch or nearly do: left and right of one person in three of four.

    A pure function of `rng`.

    The second hand comes from far off and stops where the capsules around the two hands' bones first meet; where
    that brings the forearms too near, it comes again, another way.

    Example:
        >>> from likelihand.synth.asset import load_asset
        >>> pair = sample_pair(np.random.default_rng(0), load_asset())
        >>> pair.first_from_second.shape
        (4, 4)
    """
    shape = sample_shape(rng, asset)
    first = sample_hand_of(shape, rng, asset, None)
    other = opposite(first.side) if rng.random() < 0.85 else first.side
    second = sample_hand_of(shape, rng, asset, other) if rng.random() < 0.75 else sample_hand(rng, asset, other)
    for _ in range(TRIES):
        pair, apart = _meet(rng, first, second, asset)
        if apart > ARMS_APART:
            break
    return pair


def _meet(
    rng: np.random.Generator, first: PosedHand, second: PosedHand, asset: HandAsset
) -> tuple[HandPair, float]:
    """Bring two hands together; return them, and how many metres lie between the capsules of their forearms."""
    arrangement = ARRANGEMENTS[rng.integers(len(ARRANGEMENTS))]
    rotation, direction, distance = _relation(rng, arrangement)
    direction = direction / np.linalg.norm(direction)
    aim, at = first.joints[5:].mean(0).astype(np.float64), rotation @ second.joints[5:].mean(0)
    sideways = rng.normal(0, 0.25 * first.palm_length, 3)
    start = aim - at + sideways - sideways @ direction * direction
    still, moving = capsules(first, asset), capsules(second, asset)
    moving[:, :3], moving[:, 3:6] = moving[:, :3] @ rotation.T, moving[:, 3:6] @ rotation.T
    along = FAR
    for _ in range(60):
        placed = moving.copy()
        placed[:, :6] += np.tile(start + along * direction, 2)
        free = clearance(still, placed)
        if free < GAP or along < -0.1:
            break
        along -= free  # no point of the hand moves further than this, so nothing is passed through
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = rotation, start + (along + distance) * direction
    placed = moving[20:].copy()
    placed[:, :6] += np.tile(motion[:3, 3], 2)
    return HandPair(first, second, motion, arrangement), float(clearance(still[20:], placed))
