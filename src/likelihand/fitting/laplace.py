"""How sure a fit is: Laplace's approximation about each solution, and what tells the solutions apart.

About a solution the posterior is taken for a Gaussian, whose covariance is the inverse of the curvature. Where a
hand has several solutions, such as a finger bent to the camera or away from it, each is weighed by its posterior,
and how far it lies from the best one is added to the covariance about the best one.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from likelihand.fitting.camera import ANGLE, Lens, Placed, State, place, view
from likelihand.fitting.density import Evidence, misfit, whitened
from likelihand.fitting.result import hand_length
from likelihand.fitting.rig import FloatArray
from likelihand.fitting.solver import Solved
from likelihand.fitting.tables import Tables

if TYPE_CHECKING:
    from likelihand.fitting.fit import FitSettings

_CHAIN: Final = ((0, 9), (9, 10), (10, 11), (11, 12))


class Estimates(NamedTuple):
    """The best solutions of N hands, right hands all, in the units of the fit; N is the first axis.

    Attributes:
        joints: (N, 21, 3) hand lengths from the wrist.
        covariance: (N, 21, 3, 3).
        angles: (N, 21) radians.
        angle_scale: (N, 21) radians.
        seen: (N, 21, 2) the skeleton's keypoints in the picture.
        points: (N, 21, 2) between them and what was predicted.
        point_covariance: (N, 21, 2, 2).
        length: (N,) of a hand in the picture.
        middle: (N, 2) the wrist in the picture.
        turn: (N, 3, 3).
        shape: (N, K).
        log_likelihood: (N,) a keypoint.
        log_posterior: (N,).
    """

    joints: FloatArray
    covariance: FloatArray
    angles: FloatArray
    angle_scale: FloatArray
    seen: FloatArray
    points: FloatArray
    point_covariance: FloatArray
    length: FloatArray
    middle: FloatArray
    turn: FloatArray
    shape: FloatArray
    log_likelihood: FloatArray
    log_posterior: FloatArray


def estimate(
    tables: Tables, evidence: Evidence, solved: Solved, values: FloatArray, settings: "FitSettings"
) -> Estimates:
    """State the best solutions and how sure they are.

    Args:
        tables: skeleton and prior.
        evidence: of N hands.
        solved: N x M solutions, each hand's one after another.
        values: (N, M) their negative log posteriors.
        settings: of the fit.
    """
    count, many = values.shape
    best = values.argmin(1)
    chosen = np.arange(count) * many + best
    state = State(*(part[..., chosen] for part in solved.state))
    spread = _inverse(solved.local.curvature[chosen])
    everywhere = place(tables.rig, solved.state)
    placed = Placed(everywhere.points[..., chosen], everywhere.by[..., chosen])
    joints, by, size = _relative(placed)
    covariance = _carried(by, spread)
    other = _first(everywhere.points)
    other /= hand_length(other)[:, None, None]
    share = np.exp(-(values - values.min(1, keepdims=True)) / settings.temper)
    share /= share.sum(1, keepdims=True)
    away = other.reshape(count, many, 21, 3) - joints[:, None]
    covariance += np.einsum("nm,nmki,nmkj->nkij", share, away, away)
    turned = solved.state.angles.T.reshape(count, many, 21) - state.angles.T[:, None]
    variance = spread[:, range(ANGLE.start, ANGLE.stop), range(ANGLE.start, ANGLE.stop)]
    variance = variance + np.einsum("nm,nma->na", share, turned**2)
    regions = tables.regions
    covariance = regions.factor**2 * covariance + regions.added**2 * np.eye(3)
    covariance[:, 0] = 0.0
    seen, moves = view(state, placed, Lens(evidence.focal, evidence.distance))
    points, point_covariance, loss = _between(
        evidence, seen, _carried(_first(moves), spread), settings.model_error
    )
    return Estimates(
        joints=joints,
        covariance=covariance,
        angles=state.angles.T,
        angle_scale=regions.angle_factor * np.sqrt(variance),
        seen=_first(seen),
        points=points,
        point_covariance=point_covariance,
        length=np.exp(state.camera[0]) * size,
        middle=state.camera[1:].T,
        turn=_first(state.turn),
        shape=state.shape.T,
        log_likelihood=-loss.mean(0),
        log_posterior=-values.min(1),
    )


def _first(array: FloatArray) -> FloatArray:
    return np.ascontiguousarray(np.moveaxis(array, -1, 0))


def _inverse(curvature: FloatArray) -> FloatArray:
    """Invert curvatures (N, P, P), scaled to a unit diagonal so that no unit rules."""
    own = 1 / np.sqrt(np.maximum(np.diagonal(curvature, axis1=1, axis2=2), 1e-9))
    scaled = curvature * own[:, :, None] * own[:, None] + 1e-7 * np.eye(curvature.shape[1])
    return np.asarray(np.linalg.inv(scaled) * own[:, :, None] * own[:, None])


def _relative(placed: Placed) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return joints (N, 21, 3) in hand lengths, their derivative (N, 21, 3, P), and the lengths (N,)."""
    points, by = _first(placed.points), _first(placed.by)
    size = hand_length(points)
    growth = np.zeros((len(points), by.shape[-1]))
    for i, j in _CHAIN:
        bone = points[:, j] - points[:, i]
        unit = bone / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-12)
        growth += np.einsum("nc,ncp->np", unit, by[:, j] - by[:, i])
    joints = points / size[:, None, None]
    by = (by - joints[..., None] * growth[:, None, None]) / size[:, None, None, None]
    return joints, by, size


def _carried(by: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the covariances (N, 21, d, d) of what depends on the parameters by (N, 21, d, P)."""
    count, keypoints, sides, _ = by.shape
    carried = (by.reshape(count, keypoints * sides, -1) @ spread).reshape(by.shape)
    return carried @ np.swapaxes(by, -1, -2)


def _between(
    evidence: Evidence, seen: FloatArray, spread: FloatArray, error: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weigh the skeleton's keypoints against the predicted ones.

    A keypoint is the skeleton's plus a deviation of standard deviation t, the model's error; the prediction is the
    keypoint plus an error of covariance C / w, with w the weight that the heavy tail leaves it.

    Returns:
        Points (N, 21, 2), their covariance (N, 21, 2, 2), and the negative log density (21, N) of the skeleton's.
    """
    residual = evidence.points - seen
    loss, weight = misfit(evidence, np.square(whitened(evidence, residual)).sum(1))
    a, b, c = np.moveaxis(evidence.whiten, 1, 0).swapaxes(1, 2)
    precision = np.stack([a * a + b * b, b * c, b * c, c * c], -1).reshape(*a.shape, 2, 2)
    gain = error**2 * _reduced(precision, weight.T, error)
    points = _first(seen) + np.einsum("nkij,nkj->nki", gain, _first(residual))
    rest = np.eye(2) - gain
    covariance = rest @ spread @ np.swapaxes(rest, -1, -2) + error**2 * rest
    return points, covariance, loss


def _reduced(precision: FloatArray, weight: FloatArray, error: float) -> FloatArray:
    """Return (t^2 + C / w)^-1 where `precision` is (t^2 + C)^-1; 0 of what is not known."""
    unknown = precision[..., 0, 0] <= 0
    total = np.linalg.inv(np.where(unknown[..., None, None], np.eye(2), precision))
    noise = total - error**2 * np.eye(2)
    heavier = np.clip(1 / np.maximum(weight, 1e-9), 1.0, 1e9)[..., None, None]
    inverse = np.linalg.inv(noise * heavier + error**2 * np.eye(2))
    return np.where(unknown[..., None, None], 0.0, inverse)
