"""Levenberg-Marquardt over a batch of hands: what maximises likelihood times prior, from where each starts."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.fitting.camera import ANGLE, FORM, Lens, State, moved, place, view
from likelihand.fitting.density import Evidence, misfit, whitened
from likelihand.fitting.rig import ANGLE_LIMITS, FloatArray
from likelihand.fitting.tables import Tables

FIRST_DAMPING: Final = 1e-2
TOLERANCE: Final = 1e-2
"""Gain of the log posterior, in nats, that is not worth another step."""
_LEAST, _MOST = 1e-6, 1e4
_LONGEST: Final = 0.6
"""Most that an angle, a turn (radians) or the logarithm of the scale changes in a step."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much the priors count against the densities.

    Attributes:
        pose: exponent of the prior of angles.
        shape: exponent of the prior of shapes.
    """

    pose: float = 0.2
    shape: float = 0.5


class Local(NamedTuple):
    """The objective about a state: value (N,), gradient (N, P) and curvature (N, P, P)."""

    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray


class Solved(NamedTuple):
    """Where the search ended: the state, and the objective about it."""

    state: State
    local: Local


def linearise(tables: Tables, evidence: Evidence, state: State, weights: Weights) -> Local:
    """Evaluate the negative log posterior, up to a constant, with its gradient and Gauss-Newton curvature."""
    placed = place(tables.rig, state)
    seen, by = view(state, placed, Lens(evidence.focal, evidence.distance))
    residual = whitened(evidence, evidence.points - seen)
    loss, weight = misfit(evidence, (residual * residual).sum(1))
    root = np.sqrt(weight)
    slopes = np.ascontiguousarray(np.moveaxis(whitened(evidence, by) * root[:, None, None], -1, 0))
    slopes = slopes.reshape(len(slopes), 42, -1)
    errors = np.moveaxis(residual * root[:, None], -1, 0).reshape(-1, 42, 1)
    transposed = np.swapaxes(slopes, 1, 2)
    curvature = transposed @ slopes
    gradient = -(transposed @ errors)[..., 0]
    value, pull, stiffness = tables.prior.of(state.angles.T)
    gradient[:, ANGLE] += weights.pose * pull
    curvature[:, ANGLE, ANGLE] += weights.pose * stiffness
    gradient[:, FORM] += weights.shape * state.shape.T
    diagonal = np.arange(FORM.start, curvature.shape[1])
    curvature[:, diagonal, diagonal] += weights.shape
    total = loss.sum(0) + weights.pose * value + 0.5 * weights.shape * np.square(state.shape).sum(0)
    return Local(total, gradient, curvature)


def solve(
    tables: Tables, evidence: Evidence, start: State, weights: Weights, steps: int, tolerance: float = TOLERANCE
) -> Solved:
    """Descend from a start, every hand with its own damping; angles stay within their limits.

    Args:
        tables: skeleton and prior.
        evidence: of N hands.
        start: of the same.
        weights: of the priors.
        steps: most steps.
        tolerance: least gain of a hand's log posterior for which it makes another step.

    Returns:
        The best state of each hand that was found; never worse than its start.
    """
    state, local = State(*(part.copy() for part in start)), linearise(tables, evidence, start, weights)
    damping, moving = np.full(len(local.value), FIRST_DAMPING), np.arange(len(local.value))
    for _ in range(steps):
        here, slope = _part(state, moving), Local(*(part[moving] for part in local))
        trial = _within(moved(here, _step(here, slope, damping[moving]).T))
        there = linearise(tables, evidence.take(moving), trial, weights)
        gain = slope.value - there.value
        better = gain > 0
        _write(state, local, moving[better], _part(trial, better), Local(*(part[better] for part in there)))
        factor = np.where(better, 0.2, 8.0)
        damping[moving] = np.maximum(damping[moving] * factor, _LEAST)
        moving = moving[~(better & (gain < tolerance)) & (damping[moving] < _MOST)]
        if not len(moving):
            break
    return Solved(state, local)


def _part(state: State, index: NDArray[np.int64] | NDArray[np.bool_]) -> State:
    return State(*(part[..., index] for part in state))


def _write(state: State, local: Local, index: NDArray[np.int64], new: State, there: Local) -> None:
    for old, part in zip(state, new, strict=True):
        old[..., index] = part
    for before, after in zip(local, there, strict=True):
        before[index] = after


def _step(state: State, local: Local, damping: FloatArray) -> FloatArray:
    """Return the damped Gauss-Newton step (N, P); an angle that would leave its limits is held there."""
    gradient, curvature = local.gradient.copy(), local.curvature.copy()
    held = np.zeros(gradient.shape, bool)
    angles, pull = state.angles.T, gradient[:, ANGLE]
    low, high = ANGLE_LIMITS.T
    held[:, ANGLE] = ((angles <= low) & (pull > 0)) | ((angles >= high) & (pull < 0))
    gradient[held] = 0.0
    curvature[held] = 0.0
    np.swapaxes(curvature, 1, 2)[held] = 0.0
    diagonal = np.arange(gradient.shape[1])
    own = curvature[:, diagonal, diagonal]
    curvature[:, diagonal, diagonal] = np.where(held, 1.0, own * (1 + damping[:, None]) + 1e-9)
    step = -np.linalg.solve(curvature, gradient[..., None])[..., 0]
    longest = np.abs(step[:, [0, 1, 2, 3, *range(ANGLE.start, ANGLE.stop)]]).max(1)
    return np.asarray(step * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-12))[:, None])


def _within(state: State) -> State:
    low, high = ANGLE_LIMITS.T[..., None]
    return state._replace(angles=np.clip(state.angles, low, high), shape=np.clip(state.shape, -5.0, 5.0))
