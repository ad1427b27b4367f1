"""From hands in a picture to the evidence of a fit, in its own units."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.reconstruction.density import Evidence, tail_of, whitening
from likelihand.reconstruction.rig import FloatArray
from likelihand.reconstruction.tables import load_tables
from likelihand.structures import Hand, Side

_FARTHEST = 1e9
"""A coordinate beyond this is taken for one that is not known."""

_SUREST = 0.005
"""Sizes of the hand: no depth is known better."""


class Frames(NamedTuple):
    """How hands' pixels become the fit's units: middle (N, 2), size and -1 for left hands (N,), scale (N, 2)."""

    middle: FloatArray
    size: FloatArray
    mirror: FloatArray
    scale: FloatArray


def evidence_of(
    pairs: Sequence[tuple[Hand, Side]], camera: FloatArray | None, error: float, distance: float
) -> tuple[Evidence, Frames]:
    """Take N hands to the units of the fit: pixels from the middle over the hand's size, all hands right ones.

    Each comes with the side that it is taken for; `error` is the model's, see `FitSettings`; without a camera the
    wrist is `distance` palm lengths away.
    """
    points, covariance, known = _told([hand for hand, _ in pairs])
    middle, size = _extent(points, known)
    focal, aspect, near = np.zeros(len(size)), 1.0, np.full(len(size), 1 / distance)
    if camera is not None:
        middle, focal, near = np.tile(camera[:2, 2], (len(size), 1)), size / camera[0, 0], np.zeros(len(size))
        aspect = float(camera[0, 0] / camera[1, 1])
    mirror = np.array([-1.0 if side == "left" else 1.0 for _, side in pairs])
    scale = np.stack([mirror / size, aspect / size], -1)
    moved = np.where(known[..., None], (points - middle[:, None]) * scale[:, None], 0.0)
    stated = _widened(covariance * scale[:, None, :, None] * scale[:, None, None], error)
    whiten = np.where(known[..., None, None], whitening(stated), 0.0)
    freedom, width = np.array([tail_of(hand.radial) for hand, _ in pairs]).T
    parts = len(load_tables().rig.components)
    form, stiffness = np.zeros((len(size), parts)), np.zeros((len(size), parts, parts))
    depth, sharp = _depths([hand for hand, _ in pairs], size)
    evidence = Evidence(moved, whiten, freedom, width, focal, near, form, stiffness, depth, sharp)
    return evidence, Frames(middle, size, mirror, scale)


def _told(hands: Sequence[Hand]) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return points (N, 21, 2), covariances (N, 21, 2, 2), and (N, 21) which of them are of use."""
    points = np.array([hand.points for hand in hands], np.float64)
    covariance = np.array([hand.covariance for hand in hands], np.float64)
    finite = np.isfinite(points).all(-1) & np.isfinite(covariance).all((-1, -2))
    known = np.asarray(finite & (np.abs(np.nan_to_num(points)).max(-1) < _FARTHEST))
    points = np.where(known[..., None], points, 0.0)
    return points, np.where(known[..., None, None], covariance, np.eye(2)), known


def _widened(covariance: FloatArray, error: float) -> FloatArray:
    """Add the model's error to covariances (..., 2, 2), and make those definite that are not."""
    variances = np.clip(covariance[..., [0, 1], [0, 1]], 0.0, 1e6) + error**2
    most = 0.999 * np.sqrt(variances.prod(-1))
    across = np.clip(covariance[..., 0, 1], -most, most)
    stated = np.stack([variances[..., 0], across, across, variances[..., 1]], -1)
    return np.asarray(stated.reshape(*variances.shape, 2))


def _extent(points: FloatArray, known: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return middles (N, 2) and sizes (N,) of the tight boxes of the known points; 1 where there is no extent."""
    some = np.asarray(known.any(1))[:, None]
    low = np.where(some, np.where(known[..., None], points, np.inf).min(1), 0.0)
    high = np.where(some, np.where(known[..., None], points, -np.inf).max(1), 0.0)
    size = (high - low).max(-1)
    return (low + high) / 2, np.where(size > 1e-6, size, 1.0)


def _depths(hands: Sequence[Hand], size: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return depths (N, 21) from their mean in sizes of the hand, and one over their deviations; 0 if unknown."""
    depth, sharp = np.zeros((len(hands), 21)), np.zeros((len(hands), 21))
    for i, hand in enumerate(hands):
        if hand.depth is not None and hand.depth_scale is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                depth[i], sharp[i] = hand.depth / size[i], size[i] / np.asarray(hand.depth_scale)
    known = (np.abs(depth) < _FARTHEST) & (sharp > 0) & np.isfinite(sharp)
    sharp = np.minimum(sharp, 1 / _SUREST)
    return np.where(known, depth, 0.0), np.where(known, sharp, 0.0)
