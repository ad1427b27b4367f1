"""Levenberg-Marquardt over a batch of hands: maximise likelihood times prior from given starts."""

from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from likelihand.reconstruction.camera import ANGLE, CAMERA, FORM, Lens, Placed, State, along, moved, place, see
from likelihand.reconstruction.density import Evidence, depth_misfit, misfit
from likelihand.reconstruction.rig import ANGLE_LIMITS, FloatArray
from likelihand.reconstruction.tables import Tables

FIRST_DAMPING: Final = 1e-2
TOLERANCE: Final = 1e-2
"""Gain of the log posterior, in nats, that is not worth another step."""
_LEAST, _MOST = 1e-6, 1e4
_LONGEST: Final = 0.6
"""Most that an angle, a turn (radians) or the logarithm of the scale changes in a step."""
STRANGEST: Final = 5.0
"""Most standard deviations of a component of the shape."""
_LOW, _HIGH = ANGLE_LIMITS.T.copy()


@dataclass(frozen=True, slots=True)
class Weights:
    """How much the priors count against the densities.

    Attributes:
        pose: exponent of the prior of angles.
        shape: exponent of the prior of shapes.
        depth: exponent of the likelihood of depths, whose errors go together.
    """

    pose: float = 0.2
    shape: float = 0.5
    depth: float = 0.1


@dataclass(frozen=True, slots=True)
class FitSettings:
    """Settings of a fit: its search, and its trust in the skeleton.

    Attributes:
        weights: of the priors against the densities.
        model_error: standard deviation, in sizes of the hand, by which real keypoints differ from any hand that
            the skeleton can make: added to every covariance.
        starts: places the search starts from, 1 to 8.
        kept: of which so many are followed to the end.
        first: steps from every start.
        last: most steps from those that are kept.
        follow: most steps from the frame before.
        distance: palm lengths (of 0.09 m, about) between camera and wrist, where no camera matrix is given;
            infinite is weak perspective.
        temper: what differences of log posteriors of different solutions are divided by, before they are weighed.
    """

    weights: Weights = field(default_factory=Weights)
    model_error: float = 0.05
    starts: int = 4
    kept: int = 2
    first: int = 4
    last: int = 14
    follow: int = 6
    temper: float = 4.0
    distance: float = 5.0


class Local(NamedTuple):
    """The objective about a state: value (N,), gradient (N, P) and curvature (N, P, P)."""

    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray

    def take(self, index: NDArray[np.int64]) -> "Local":
        """Return the hands of these numbers."""
        return Local(*(part[index] for part in self))


_Parts = TypeVar("_Parts", State, Local)


class Solved(NamedTuple):
    """The end of a search: the state, and the objective about it."""

    state: State
    local: Local


def linearise(tables: Tables, evidence: Evidence, state: State, weights: Weights) -> Local:
    """Evaluate the negative log posterior, up to a constant, with its gradient and Gauss-Newton curvature."""
    placed, lens = place(tables.rig, state), Lens(evidence.focal, evidence.distance)
    seen = see(state, placed.points, lens)
    residual = (evidence.whiten @ (evidence.points - seen.points)[..., None])[..., 0]
    loss, weight = misfit(evidence, (residual * residual).sum(2))
    root = np.sqrt(weight)[..., None]
    slopes = along(state, placed, lens, (root[..., None] * evidence.whiten) @ seen.by_point)
    slopes = slopes.reshape(len(slopes), 42, -1)
    transposed = np.swapaxes(slopes, 1, 2)
    curvature = transposed @ slopes
    gradient = -(transposed @ (residual * root).reshape(-1, 42, 1))[..., 0]
    total = loss.sum(1) + _add_depth(evidence, state, placed, weights.depth, gradient, curvature)
    value, pull, stiffness = tables.prior.of(state.angles)
    gradient[:, ANGLE] += weights.pose * pull
    curvature[:, ANGLE, ANGLE] += weights.pose * stiffness
    away = state.shape - evidence.form
    held = (evidence.stiffness @ away[..., None])[..., 0]
    gradient[:, FORM] += weights.shape * state.shape + held
    curvature[:, FORM, FORM] += evidence.stiffness
    _diagonal(curvature)[:, FORM] += weights.shape
    total = total + weights.pose * value + 0.5 * weights.shape * (state.shape * state.shape).sum(1)
    return Local(total + 0.5 * (held * away).sum(1), gradient, curvature)


def _add_depth(
    evidence: Evidence, state: State, placed: Placed, power: float, gradient: FloatArray, curvature: FloatArray
) -> FloatArray:
    """Add what is known of depths to gradient and curvature; return its misfit (N,)."""
    if not evidence.sharp.any():
        return np.zeros(len(gradient))
    scale = np.exp(state.camera[:, :1])
    depth, by = scale * placed.points[..., 2], scale[..., None] * placed.by[:, :, 2]
    by[..., CAMERA.start] += depth
    depth, by = depth - depth.mean(1, keepdims=True), by - by.mean(1, keepdims=True)
    residual = (evidence.depth - depth) * evidence.sharp
    loss, weight = depth_misfit(residual * residual)
    root = np.sqrt(power * weight)
    slopes = by * (evidence.sharp * root)[..., None]
    transposed = np.swapaxes(slopes, 1, 2)
    curvature += transposed @ slopes
    gradient -= (transposed @ (residual * root)[..., None])[..., 0]
    return np.asarray(power * loss.sum(1))


def _diagonal(matrices: FloatArray) -> FloatArray:
    """Return the diagonals (N, P) of matrices (N, P, P), to be written to."""
    return matrices.reshape(len(matrices), -1)[:, :: matrices.shape[1] + 1]


def solve(
    tables: Tables, evidence: Evidence, start: State, weights: Weights, steps: int, tolerance: float = TOLERANCE
) -> Solved:
    """Descend from a start, every hand with its own damping; angles stay within their limits.

    A hand whose log posterior gains less than `tolerance` makes no further step. Returns the best state of each
    hand, never worse than its start.
    """
    state, local = start, linearise(tables, evidence, start, weights)
    damping, moving = np.full(len(local.value), FIRST_DAMPING), np.arange(len(local.value))
    for _ in range(steps):
        here, slope, seen = state, local, evidence
        if len(moving) < len(damping):
            here, slope, seen = state.take(moving), local.take(moving), evidence.take(moving)
        trial = _within(moved(here, _step(here, slope, damping[moving])))
        there = linearise(tables, seen, trial, weights)
        gain = slope.value - there.value
        better = gain > 0
        if better.all() and len(moving) == len(damping):
            state, local = trial, there
        elif better.any():
            state = _written(state, trial, moving[better], better)
            local = _written(local, there, moving[better], better)
        damping[moving] = np.maximum(damping[moving] * np.where(better, 0.2, 8.0), _LEAST)
        moving = moving[~(better & (gain < tolerance)) & (damping[moving] < _MOST)]
        if not len(moving):
            break
    return Solved(state, local)


def _written(old: _Parts, new: _Parts, index: NDArray[np.int64], which: NDArray[np.bool_]) -> _Parts:
    """Return the old parts with some hands of the new ones in the places of an index."""
    parts = [part.copy() for part in old]
    for part, fresh in zip(parts, new, strict=True):
        part[index] = fresh[which]
    return type(old)(*parts)


def _step(state: State, local: Local, damping: FloatArray) -> FloatArray:
    """Return the damped Gauss-Newton step (N, P); an angle that would leave its limits is held there."""
    free = np.ones(local.gradient.shape)
    angles, pull = state.angles, local.gradient[:, ANGLE]
    free[:, ANGLE] -= ((angles <= _LOW) & (pull > 0)) | ((angles >= _HIGH) & (pull < 0))
    curvature = local.curvature * free[:, :, None]
    curvature *= free[:, None]
    own = _diagonal(curvature)
    own += own * damping[:, None] + (1e-9 + 1 - free)
    step = -np.linalg.solve(curvature, (local.gradient * free)[..., None])[..., 0]
    longest = (np.abs(step) * _measured(step.shape[1])).max(1)
    return np.asarray(step * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-12))[:, None])


@cache
def _measured(parameters: int) -> FloatArray:
    """Return 1 for the turn, the scale and the angles, 0 for the other parameters."""
    out = np.zeros(parameters)
    out[[0, 1, 2, 3, *range(ANGLE.start, ANGLE.stop)]] = 1.0
    return out


def _within(state: State) -> State:
    angles, shape = np.clip(state.angles, _LOW, _HIGH), np.clip(state.shape, -STRANGEST, STRANGEST)
    return State(state.turn, state.camera, angles, shape)
