"""Uncertainty of a fit: Laplace's approximation about each solution.

About a solution the posterior is taken for a Gaussian, whose covariance is the inverse of the curvature. Where a
hand has several solutions, such as a finger bent to the camera or away from it, each is weighed by its posterior,
and how far it lies from the best one is added to the covariance about the best one.
"""

from typing import Final, NamedTuple

import numpy as np

from likelihand.reconstruction.camera import ANGLE, FORM, Lens, Placed, place, view
from likelihand.reconstruction.density import Evidence, misfit
from likelihand.reconstruction.result import CHAIN, hand_length
from likelihand.reconstruction.rig import FloatArray
from likelihand.reconstruction.solver import STRANGEST, FitSettings, Solved
from likelihand.reconstruction.tables import Tables

SHARE: Final = 0.1
"""Of a frame's information about the shape, what the next frames count, since frames err together."""
KEPT: Final = 0.98
"""Share of that which is left a frame later: at most five frames' worth is known."""


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
        form: (N, K) the shape that this frame and those before it say, and
        stiffness: (N, K, K) their information about it.
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
    form: FloatArray
    stiffness: FloatArray
    log_likelihood: FloatArray
    log_posterior: FloatArray


def estimate(
    tables: Tables, evidence: Evidence, solved: Solved, values: FloatArray, settings: FitSettings
) -> Estimates:
    """Compute the best solutions and their covariances of N hands, from N x M solutions, hand by hand.

    `values` (N, M) are their negative log posteriors.
    """
    count, many = values.shape
    best = values.argmin(1)
    chosen = np.arange(count) * many + best
    state = solved.state.take(chosen)
    spread = _inverse(solved.local.curvature[chosen])
    everywhere = place(tables.rig, solved.state)
    placed = Placed(everywhere.points[chosen], everywhere.by[chosen])
    joints, by, size = _relative(placed)
    covariance = _carried(by, spread)
    other = everywhere.points / hand_length(everywhere.points)[:, None, None]
    share = np.exp(-(values - values.min(1, keepdims=True)) / settings.temper)
    share /= share.sum(1, keepdims=True)
    away = other.reshape(count, many, 21, 3) - joints[:, None]
    covariance += np.einsum("nm,nmki,nmkj->nkij", share, away, away)
    turned = solved.state.angles.reshape(count, many, 21) - state.angles[:, None]
    variance = spread[:, range(ANGLE.start, ANGLE.stop), range(ANGLE.start, ANGLE.stop)]
    variance = variance + np.einsum("nm,nma->na", share, turned**2)
    regions = tables.regions
    covariance = regions.factor**2 * covariance + regions.added**2 * np.eye(3)
    covariance[:, 0] = 0.0
    seen, moves = view(state, placed, Lens(evidence.focal, evidence.distance))
    points, point_covariance, loss = _between(evidence, seen, _carried(moves, spread), settings.model_error)
    form, stiffness = learnt(evidence, state.shape, spread[:, FORM, FORM], settings.weights.shape)
    return Estimates(
        joints=joints,
        covariance=covariance,
        angles=state.angles,
        angle_scale=regions.angle_factor * np.sqrt(variance),
        seen=seen,
        points=points,
        point_covariance=point_covariance,
        length=np.exp(state.camera[:, 0]) * size,
        middle=state.camera[:, 1:],
        turn=state.turn,
        shape=state.shape,
        form=form,
        stiffness=stiffness,
        log_likelihood=-loss.mean(1),
        log_posterior=-values.min(1),
    )


def learnt(
    evidence: Evidence, shape: FloatArray, spread: FloatArray, weight: float
) -> tuple[FloatArray, FloatArray]:
    """Add what a frame says of the shape to what those before it said, with its information (N, K, K).

    A frame's own information is the posterior's less the priors'. Frames err together, so that each counts for a
    share, and earlier ones are forgotten. `shape` (N, K) and its covariances `spread` are the solutions', `weight`
    is that of the prior of shapes.
    """
    total, eye = np.linalg.inv(spread), np.eye(shape.shape[1])
    own = total - evidence.stiffness - weight * eye
    values, vectors = np.linalg.eigh(0.5 * (own + np.swapaxes(own, 1, 2)))
    own = (vectors * np.maximum(values, 0.0)[:, None]) @ np.swapaxes(vectors, 1, 2)
    before = (evidence.stiffness @ evidence.form[..., None])[..., 0]
    pull = (total @ shape[..., None])[..., 0] - before
    information = KEPT * evidence.stiffness + SHARE * own
    form = np.linalg.solve(information + 1e-6 * eye, (KEPT * before + SHARE * pull)[..., None])[..., 0]
    return np.clip(form, -STRANGEST, STRANGEST), information


def _inverse(curvature: FloatArray) -> FloatArray:
    """Invert curvatures (N, P, P), scaled to a unit diagonal so that no unit rules."""
    own = 1 / np.sqrt(np.maximum(np.diagonal(curvature, axis1=1, axis2=2), 1e-9))
    scaled = curvature * own[:, :, None] * own[:, None] + 1e-7 * np.eye(curvature.shape[1])
    return np.asarray(np.linalg.inv(scaled) * own[:, :, None] * own[:, None])


def _relative(placed: Placed) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return joints (N, 21, 3) in hand lengths, their derivative (N, 21, 3, P), and the lengths (N,)."""
    points, by = placed
    size = hand_length(points)
    bones = points[:, CHAIN[1]] - points[:, CHAIN[0]]
    unit = bones / np.maximum(np.sqrt((bones * bones).sum(-1, keepdims=True)), 1e-12)
    change = by[:, CHAIN[1]] - by[:, CHAIN[0]]
    growth = (unit.reshape(len(points), 1, -1) @ change.reshape(len(points), 12, -1))[:, 0]
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
        Points (N, 21, 2), their covariance (N, 21, 2, 2), and the negative log density (N, 21) of the skeleton's.
    """
    residual = evidence.points - seen
    loss, weight = misfit(evidence, np.square(evidence.whiten @ residual[..., None]).sum((2, 3)))
    precision = np.swapaxes(evidence.whiten, -1, -2) @ evidence.whiten
    gain = error**2 * _reduced(precision, weight, error)
    points = seen + (gain @ residual[..., None])[..., 0]
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
