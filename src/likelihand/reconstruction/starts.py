"""Starting points of the search: the palm's two tilts, with the best poses of each finger.

A flat palm seen from afar looks the same tilted towards the camera and away from it, and so does each finger: the
likelihood has as many hills as there are such flips, and the search climbs only the one that it starts on.
"""

from functools import cache
from typing import Final, NamedTuple

import numpy as np

from likelihand.reconstruction.camera import State
from likelihand.reconstruction.density import Evidence
from likelihand.reconstruction.rig import SLOTS, FloatArray, pose
from likelihand.reconstruction.tables import Tables, load_tables

PALM: Final = np.array([0, 1, 5, 9, 13, 17])
"""Keypoints that hardly move against one another."""
_COARSE: Final = 0.06
"""Standard deviation, in sizes of the hand, by which poses of a coarse library miss."""
_FARTHEST: Final = 25.0
"""Squared distance from which on a keypoint is taken for an outlier."""
_SIDES: Final = np.array([1.0, 1.0, -1.0, -1.0])[:, None, None]
_TILTS: Final = np.array([1.0, -1.0, 1.0, -1.0])[:, None, None]
_NEXT, _AFTER = [1, 2, 0], [2, 0, 1]
_SMALLEST, _LARGEST = 0.2, 4.0
"""Sizes of the seen hand that a palm length may have."""


class Library(NamedTuple):
    """Poses to start from: angles (L, 21), and the points (L, 20, 3) of the mean hand in them."""

    angles: FloatArray
    points: FloatArray


@cache
def library() -> Library:
    """Pose the mean hand in each pose of the tables, once per process."""
    tables = load_tables()
    count = len(tables.poses)
    posed = pose(
        tables.rig, tables.poses, np.zeros((count, len(tables.rig.components))), np.tile(np.eye(3), (count, 1, 1))
    )
    return Library(tables.poses, posed.points.reshape(-1, 20, 3))


class Stances(NamedTuple):
    """Ways (N, O) in which a palm may stand: turns (N, O, 3, 3), scales (N, O) and middles (N, O, 2)."""

    turn: FloatArray
    scale: FloatArray
    middle: FloatArray


def starts(tables: Tables, evidence: Evidence, count: int) -> State:
    """Choose `count` (1 to 8) starts for each of N hands: N x count states, each hand's one after another."""
    variance = 2 / np.maximum(np.square(evidence.whiten).sum((2, 3)), 1e-12)
    weight = np.where(evidence.whiten[..., 0, 0] > 0, 1 / (variance + _COARSE**2), 0.0)
    points = evidence.points
    stances = _stances(points, weight)
    cost, chosen = _fingers(points, weight, stances)
    best = np.argsort(cost.reshape(len(cost), -1), axis=1, kind="stable")[:, :count]
    stance, variant = np.divmod(best, cost.shape[2])
    hand = np.arange(len(cost))[:, None]
    digits = chosen[hand, stance, variant].reshape(-1, 5)
    return State(
        stances.turn[hand, stance].reshape(-1, 3, 3),
        np.concatenate([np.log(stances.scale[hand, stance])[..., None], stances.middle[hand, stance]], -1).reshape(
            -1, 3
        ),
        _angles(digits),
        np.zeros((len(digits), len(tables.rig.components))),
    )


def _angles(digits: FloatArray) -> FloatArray:
    """Put together angles (N, 21) of the poses chosen (N, 5) for each digit."""
    out = np.zeros((len(digits), 21))
    for digit, slots in enumerate(SLOTS):
        used = slots[slots >= 0]
        out[:, used] = library().angles[digits[:, digit]][:, used]
    return out


def _stances(points: FloatArray, weight: FloatArray) -> Stances:
    """Fit an affine picture of the flat palm, and find the four turns that could have made it.

    Its singular values are the scale and the scale times the cosine of the tilt, whose sign is not known, nor,
    where the palm is seen from its edge, which of its sides is.
    """
    flat = _palm()
    design = np.concatenate([flat, np.ones((len(flat), 1))], 1)
    w, seen = weight[:, PALM], points[:, PALM]
    weighted = (w[..., None] * design).swapaxes(1, 2)
    fitted = np.linalg.solve(weighted @ design + 1e-6 * np.eye(3), weighted @ seen)
    left, spread, right = np.linalg.svd(np.swapaxes(fitted[:, :2], 1, 2))
    scale = np.clip(spread[:, 0], _SMALLEST, _LARGEST)
    cosine = np.clip(spread[:, 1] / np.maximum(spread[:, 0], 1e-9), 0.0, 1.0)
    turns = _turns(left, cosine, right)
    many = turns.shape[1]
    return Stances(turns, np.repeat(scale[:, None], many, 1), np.repeat(fitted[:, 2][:, None], many, 1))


@cache
def _palm() -> FloatArray:
    """Return (6, 2) the flat palm: the mean of the keypoints of `PALM` in the hand's frame."""
    points = np.concatenate([np.zeros((1, 3)), library().points.mean(0)])
    return np.asarray(points[PALM][:, :2])


def _turns(left: FloatArray, cosine: FloatArray, right: FloatArray) -> FloatArray:
    """Complete the first two columns of two rows of a turn, U diag(1, +-cosine) V^T, to turns (N, 4, 3, 3)."""
    sine, out = np.sqrt(np.maximum(1 - cosine**2, 0.0)), np.empty((len(left), 4, 3, 3))
    first, second = left[:, None, :, :1], left[:, None, :, 1:]
    out[:, :, :2, :2] = (
        first * right[:, None, :1] + _SIDES * cosine[:, None, None, None] * second * right[:, None, 1:]
    )
    out[:, :, :2, 2:] = _TILTS * sine[:, None, None, None] * second
    a, b = out[:, :, 0], out[:, :, 1]
    out[:, :, 2] = a[..., _NEXT] * b[..., _AFTER] - a[..., _AFTER] * b[..., _NEXT]
    return out


def _fingers(points: FloatArray, weight: FloatArray, stances: Stances) -> tuple[FloatArray, FloatArray]:
    """Choose poses for each finger and stance.

    Returns:
        Costs (N, O, 2) of the poses that fit best and of those that fit best bent the other way in depth, and the
        numbers of the poses (N, O, 2, 5).
    """
    known = library().points
    flat = known.reshape(-1, 3).T
    shape = (*stances.scale.shape, len(known), 20)
    seen = (stances.scale[..., None, None] * stances.turn[:, :, :2]) @ flat + stances.middle[..., None]
    away = seen.reshape(*shape[:2], 2, *shape[2:]) - np.moveaxis(points[:, 1:], 1, 2)[:, None, :, None]
    squared = np.square(away).sum(2) * weight[:, None, None, 1:]
    cost = np.minimum(squared, _FARTHEST).reshape(*shape[:3], 5, 4).sum(-1)
    depth = (stances.turn[:, :, 2] @ (known[:, 3::4] - known[:, ::4]).reshape(-1, 3).T).reshape(*shape[:3], 5)
    first = cost.argmin(2)
    least = np.take_along_axis(cost, first[:, :, None], 2)
    same = np.sign(depth) == np.sign(np.take_along_axis(depth, first[:, :, None], 2))
    second = np.where(same, np.inf, cost)
    other = second.argmin(2)
    flipped = np.take_along_axis(second, other[:, :, None], 2)
    plausible = flipped < least + _FARTHEST
    other = np.where(plausible[:, :, 0], other, first)
    palm = _palm_cost(points, weight, stances)
    total = np.stack([least[:, :, 0].sum(-1), np.where(plausible, flipped, least)[:, :, 0].sum(-1)], -1)
    return total + palm[..., None], np.stack([first, other], 2)


def _palm_cost(points: FloatArray, weight: FloatArray, stances: Stances) -> FloatArray:
    """Return (N, O) how badly each stance fits the palm."""
    flat = np.concatenate([_palm(), np.zeros((len(PALM), 1))], 1)
    seen = flat @ np.swapaxes(stances.turn[:, :, :2], 2, 3) * stances.scale[..., None, None]
    away = seen + stances.middle[:, :, None] - points[:, None, PALM]
    return np.asarray(np.minimum(np.square(away).sum(-1) * weight[:, None, PALM], _FARTHEST).sum(-1))
