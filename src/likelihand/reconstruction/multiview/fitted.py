"""Fit one hand to the predicted densities of several calibrated cameras.

Triangulation takes every keypoint alone. The skeleton ties them together: a keypoint that one camera alone sees,
or none, is where the others leave room for it. Its mathematics is that of docs/explanation/fitting.md, with the
cameras' own projections; with two cameras the size and the tilt, which one view cannot tell, are known.
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from likelihand.reconstruction import FitSettings, HandFit, fit
from likelihand.reconstruction.camera import ANGLE, TURN, State, place, rotation_of
from likelihand.reconstruction.density import Evidence, misfit
from likelihand.reconstruction.evidence import evidence_of
from likelihand.reconstruction.multiview.camera import Camera
from likelihand.reconstruction.multiview.triangulation import triangulate
from likelihand.reconstruction.rig import ANGLE_LIMITS
from likelihand.reconstruction.tables import load_tables
from likelihand.structures import Hand, Side
from likelihand.uncertainty import GAUSSIAN, ONE_SIGMA, UNIT, FloatArray, Radial, RadialTable


@dataclass(frozen=True, slots=True)
class Regions:
    """Fitted on rendered hands by `experiments.fit_views_study`, for the default settings of a fit.

    Attributes:
        factors: of the standard deviations of joints, by the number of cameras from two on.
        angle_factors: of those of angles, alike.
        radial: distances of joints to probabilities, in space.
    """

    factors: tuple[float, ...]
    angle_factors: tuple[float, ...]
    radial: RadialTable

    def of(self, cameras: int) -> tuple[float, float]:
        """Return the factors of joints and angles; of more cameras than were measured, those of the most."""
        place = min(cameras, len(self.factors) + 1) - 2
        return self.factors[place], self.angle_factors[place]


@cache
def load_regions() -> Regions:
    """Read them out of the package, once a process."""
    content = json.loads(
        resources.files("likelihand.reconstruction.multiview").joinpath("regions.json").read_text()
    )
    radial = RadialTable(tuple(content["levels"]), tuple(content["radii"]), content["tail"])
    return Regions(tuple(content["factors"]), tuple(content["angle_factors"]), radial)


Mask: TypeAlias = NDArray[np.bool_]

LEAST: Final = 4
"""Keypoints that two cameras must see for a fit to begin."""
_ROOT: Final = slice(3, 6)
_SHAPE: Final = slice(ANGLE.stop, -1)
"""Columns of a derivative: the turn, the root, the angles, the shape, and the logarithm of the size."""
_STEPS: Final = 40
_SETTLED: Final = 1e-3
_LOST: Final = 1e3
"""Standard deviations by which a keypoint behind a camera is said to be off."""


@dataclass(frozen=True, slots=True, eq=False)
class SpaceFit:
    """The most likely hand given the predictions of several cameras.

    Attributes:
        joints: (21, 3) keypoints in the world's unit: between the skeleton's and where the cameras see them.
        covariance: (21, 3, 3) by Laplace's approximation, for exact cameras; calibrated, see `radius`.
        skeleton: (21, 3) the skeleton's keypoints.
        angles: (21,) radians, by `likelihand.reconstruction.ANGLE_NAMES`.
        angle_scale: (21,) their standard deviations.
        rotation: (3, 3) from the hand's frame to the world's, as `HandFit.rotation`.
        palm: the world's units of a palm length of the mean hand.
        shape: standard deviations of the shape's components.
        side: of the hand that was fitted.
        log_posterior: what was maximised.
        radial: how probability grows with the Mahalanobis distance of a joint under its covariance.
    """

    joints: FloatArray
    covariance: FloatArray
    skeleton: FloatArray
    angles: FloatArray
    angle_scale: FloatArray
    rotation: FloatArray
    palm: float
    shape: FloatArray
    side: Side
    log_posterior: float
    radial: Radial

    def radius(self, level: float) -> float:
        """Return the Mahalanobis distance that holds a joint with a probability from 0 to below 1."""
        return float(self.radial.radius(level))


def fit_views(
    cameras: Sequence[Camera], hands: Sequence[Hand | None], settings: FitSettings | None = None
) -> SpaceFit:
    """Fit one hand to the densities of several views.

    Args:
        cameras: V of them, in one world.
        hands: what each sees of the hand; None where it does not.
        settings: weights of the priors and the model's error; the defaults where None.

    Raises:
        ValueError: fewer than two cameras see the hand, or not as many hands as cameras are given.
    """
    if len(cameras) != len(hands):
        raise ValueError(f"{len(hands)} hands for {len(cameras)} cameras; give one, or None, a camera")
    pairs = [(camera, hand) for camera, hand in zip(cameras, hands, strict=True) if hand is not None]
    if len(pairs) < 2:
        raise ValueError(f"{len(pairs)} camera sees the hand; space needs two or more")
    chosen = settings or FitSettings()
    sides = Counter(hand.side for _, hand in pairs if hand.side is not None).most_common(1)
    problem = _Problem(pairs, sides[0][0] if sides else "right", chosen)
    return problem.answer(problem.solved(problem.starts()))


@cache
def student(freedom: float) -> Radial:
    """Return how probability grows with the distance under a t distribution in the plane, as `triangulate`'s.

    Example:
        >>> round(float(student(4.0).level(UNIT)), 3)
        0.683
    """
    if math.isinf(freedom):
        return GAUSSIAN
    levels = np.sort([*np.arange(20) / 20, ONE_SIGMA, 0.97, 0.98, 0.99, 0.995, 0.999])
    squared = freedom * np.expm1(-2 / freedom * np.log1p(-levels))
    radii = UNIT * np.sqrt(squared / squared[levels == ONE_SIGMA])
    return RadialTable(tuple(levels), tuple(radii), freedom / 2)


class _Place(NamedTuple):
    """N hands in a world in which they are right ones: a state without camera, roots (N, 3), log sizes (N,)."""

    state: State
    root: FloatArray
    size: FloatArray

    def take(self, index: NDArray[np.int64]) -> "_Place":
        return _Place(self.state.take(index), self.root[index], self.size[index])

    def moved(self, step: FloatArray) -> "_Place":
        """Return the hands after a step (N, P)."""
        low, high = ANGLE_LIMITS.T
        state = State(
            rotation_of(step[:, TURN]) @ self.state.turn,
            self.state.camera,
            np.clip(self.state.angles + step[:, ANGLE], low, high),
            np.clip(self.state.shape + step[:, _SHAPE], -5.0, 5.0),
        )
        return _Place(state, self.root + step[:, _ROOT], self.size + step[:, -1])


class _Local(NamedTuple):
    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray


class _Problem:
    """What is maximised: for N places of the hand at once."""

    def __init__(self, pairs: Sequence[tuple[Camera, Hand]], side: Side, settings: FitSettings) -> None:
        self.cameras, self.hands = zip(*pairs, strict=True)
        self.side, self.settings, self.tables = side, settings, load_tables()
        self.flip = np.array([-1.0 if side == "left" else 1.0, 1.0, 1.0])
        self.evidence = [self._evidence(hand, settings.model_error) for hand in self.hands]
        self.exact = [self._evidence(hand, 0.0) for hand in self.hands]

    @staticmethod
    def _evidence(hand: Hand, error: float) -> Evidence:
        """Return a view's evidence in its pixels."""
        found, frames = evidence_of([(hand, "right")], None, error, np.inf)
        known = found.whiten[..., 0, 0] > 0
        points = np.where(known[..., None], hand.points, 0.0)
        return found._replace(points=points, whiten=found.whiten / frames.size[0])

    def starts(self) -> _Place:
        """Return where the single views' own fits say that the hand is, one per view."""
        points, covariances = (np.array([getattr(h, n) for h in self.hands]) for n in ("points", "covariance"))
        seen = triangulate(self.cameras, points, covariances).points * self.flip
        fits = [
            fit([hand if hand.side == self.side else _sided(hand, self.side)], camera.matrix)[0]
            for camera, hand in zip(self.cameras, self.hands, strict=True)
        ]
        return _stacked([self._start(found, seen) for found in fits])

    def _start(self, found: HandFit, seen: FloatArray) -> _Place:
        """Turn, scale and shift a fit onto triangulated points."""
        shape, angles = found.shape[None], found.angles[None]
        state = State(np.eye(3)[None], np.zeros((1, 3)), angles, shape)
        mine = place(self.tables.rig, state).points[0]
        good = np.isfinite(seen).all(1)
        if good.sum() < LEAST:
            raise ValueError(f"{good.sum()} keypoints are seen by two cameras; a fit needs {LEAST} or more")
        turn, scale, root = similarity(mine[good], seen[good])
        return _Place(state._replace(turn=turn[None]), root[None], np.log([max(scale, 1e-9)]))

    def linearise(self, at: _Place) -> _Local:
        """Return the negative log posterior, its gradient and Gauss-Newton curvature."""
        points, by = self.spread(at)
        count, parameters = by.shape[0], by.shape[-1]
        total, gradient = np.zeros(count), np.zeros((count, parameters))
        curvature = np.zeros((count, parameters, parameters))
        for camera, evidence in zip(self.cameras, self.evidence, strict=True):
            residual, slope, lost = self._seen(camera, evidence, points)
            loss, weight = misfit(evidence, np.where(lost, _LOST**2, (residual * residual).sum(2)))
            root = np.sqrt(weight)[..., None]
            slopes = ((root[..., None] * slope) @ by).reshape(len(by), 42, -1)
            total += loss.sum(1)
            gradient -= (np.swapaxes(slopes, 1, 2) @ (residual * root).reshape(-1, 42, 1))[..., 0]
            curvature += np.swapaxes(slopes, 1, 2) @ slopes
        weights, shape = self.settings.weights, at.state.shape
        value, pull, stiffness = self.tables.prior.of(at.state.angles)
        gradient[:, ANGLE] += weights.pose * pull
        curvature[:, ANGLE, ANGLE] += weights.pose * stiffness
        gradient[:, _SHAPE] += weights.shape * shape
        curvature[:, _SHAPE, _SHAPE] += weights.shape * np.eye(shape.shape[1])
        return _Local(
            total + weights.pose * value + 0.5 * weights.shape * np.square(shape).sum(1), gradient, curvature
        )

    def spread(self, at: _Place) -> tuple[FloatArray, FloatArray]:
        """Return keypoints (N, 21, 3), and their derivative (N, 21, 3, P)."""
        placed, size = place(self.tables.rig, at.state), np.exp(at.size)[:, None, None]
        by = np.concatenate([placed.by, placed.points[..., None]], -1) * size[..., None]
        by[..., _ROOT] = np.eye(3)
        return at.root[:, None] + size * placed.points, by

    def _seen(self, camera: Camera, evidence: Evidence, points: FloatArray) -> tuple[FloatArray, FloatArray, Mask]:
        """Return whitened residuals (N, 21, 2), minus their derivatives by points (N, 21, 2, 3), who is behind."""
        seen, by = camera.projection(points * self.flip)
        lost: Mask = np.isnan(seen).any(-1) & (evidence.whiten[..., 0, 0] > 0)
        residual = (evidence.whiten @ np.nan_to_num(evidence.points - seen)[..., None])[..., 0]
        return residual, evidence.whiten @ (np.nan_to_num(by) * self.flip), lost

    def solved(self, at: _Place) -> tuple[_Place, _Local]:
        """Descend from every start (Levenberg and Marquardt), and return the best end."""
        local, damping = self.linearise(at), np.full(len(at.size), 1e-2)
        for _ in range(_STEPS):
            trial = at.moved(_step(at.state.angles, local, damping))
            there = self.linearise(trial)
            gain = local.value - there.value
            better = gain > 0
            at = _chosen(better, trial, at)
            local = _Local(
                *(np.where(_wide(better, new), new, old) for new, old in zip(there, local, strict=True))
            )
            damping = np.clip(damping * np.where(better, 0.2, 8.0), 1e-8, 1e8)
            if not ((gain > _SETTLED) | (~better & (damping < 1e4))).any():
                break
        best = np.array([local.value.argmin()])
        return at.take(best), _Local(*(part[best] for part in local))

    def answer(self, found: tuple[_Place, _Local]) -> SpaceFit:
        """State the best hand, and how sure it is."""
        at, local = found
        skeleton, by = (part[0] for part in self.spread(at))
        own = 1 / np.sqrt(np.maximum(np.diagonal(local.curvature[0]), 1e-12))
        scaled = local.curvature[0] * own * own[:, None] + 1e-9 * np.eye(len(own))
        spread = np.linalg.inv(scaled) * own * own[:, None]
        joints, covariance = self._between(
            skeleton, by @ spread @ np.swapaxes(by, 1, 2), float(np.exp(at.size[0]))
        )
        flip, regions = self.flip, load_regions()
        wider, angles_wider = regions.of(len(self.cameras))
        return SpaceFit(
            joints=joints * flip,
            covariance=wider**2 * covariance * flip * flip[:, None],
            skeleton=skeleton * flip,
            angles=at.state.angles[0],
            angle_scale=angles_wider * np.sqrt(np.diagonal(spread)[ANGLE]),
            rotation=at.state.turn[0] * flip * flip[:, None],
            palm=float(np.exp(at.size[0])),
            shape=at.state.shape[0],
            side=self.side,
            log_posterior=-float(local.value[0]),
            radial=regions.radial,
        )

    def _between(self, skeleton: FloatArray, spread: FloatArray, palm: float) -> tuple[FloatArray, FloatArray]:
        """Weigh the skeleton's keypoints, (21, 3) with covariances, against what the cameras see of them.

        A keypoint is the skeleton's plus a deviation, whose standard deviation is the model's error of two palm
        lengths, which is a hand.
        """
        loose = 1 / (2 * palm * self.settings.model_error) ** 2
        points = skeleton
        for _ in range(4):
            normal, pull = np.tile(loose * np.eye(3), (21, 1, 1)), loose * (skeleton - points)
            for camera, evidence in zip(self.cameras, self.exact, strict=True):
                residual, slope, _ = (part[0] for part in self._seen(camera, evidence, points[None]))
                weight = misfit(evidence, np.square(residual).sum(1)[None])[1][0]
                weighted = np.minimum(weight, 1.0)[:, None, None] * np.swapaxes(slope, 1, 2)
                normal, pull = normal + weighted @ slope, pull + (weighted @ residual[..., None])[..., 0]
            points = points + np.linalg.solve(normal, pull[..., None])[..., 0]
        inverse: FloatArray = np.asarray(np.linalg.inv(normal), np.float64)
        return points, np.asarray(inverse + loose**2 * inverse @ spread @ inverse)


def similarity(points: FloatArray, target: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Find how points are turned, scaled and shifted to lie nearest to others, without mirroring (Umeyama, 1991).

    Args:
        points: (N, 3).
        target: (N, 3).

    Returns:
        Rotation (3, 3), scale and shift (3,): `scale * points @ rotation.T + shift` lies nearest to the target.
    """
    a, b = points - points.mean(0), target - target.mean(0)
    left, spread, right = np.linalg.svd(b.T @ a)
    sign = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    turn, scale = (left * sign) @ right, float((spread * sign).sum() / np.square(a).sum())
    return turn, scale, target.mean(0) - scale * turn @ points.mean(0)


def _sided(hand: Hand, side: Side) -> Hand:
    return Hand(hand.points, hand.scale, hand.box, hand.covariance, side)


def _stacked(places: Sequence[_Place]) -> _Place:
    state = State(*(np.concatenate(parts) for parts in zip(*(p.state for p in places), strict=True)))
    return _Place(state, np.concatenate([p.root for p in places]), np.concatenate([p.size for p in places]))


def _wide(which: Mask, like: FloatArray) -> Mask:
    return which.reshape(-1, *[1] * (like.ndim - 1))


def _chosen(better: Mask, new: _Place, old: _Place) -> _Place:
    state = State(*(np.where(_wide(better, a), a, b) for a, b in zip(new.state, old.state, strict=True)))
    return _Place(state, np.where(better[:, None], new.root, old.root), np.where(better, new.size, old.size))


def _step(angles: FloatArray, local: _Local, damping: FloatArray) -> FloatArray:
    """Return the damped Gauss-Newton step (N, P); an angle that would leave its limits is held there."""
    low, high = ANGLE_LIMITS.T
    free: FloatArray = np.ones_like(local.gradient)
    pull = local.gradient[:, ANGLE]
    free[:, ANGLE] -= ((angles <= low) & (pull > 0)) | ((angles >= high) & (pull < 0))
    curvature = local.curvature * free[:, :, None] * free[:, None]
    own = np.diagonal(curvature, axis1=1, axis2=2)
    extra: FloatArray = own * damping[:, None] + 1e-12 + 1 - free
    damped: FloatArray = curvature + extra[:, :, None] * np.eye(local.gradient.shape[1])
    pulled: FloatArray = (local.gradient * free)[..., None]
    step = -np.linalg.solve(damped, pulled)
    turned = np.abs(step[:, [0, 1, 2, *range(ANGLE.start, ANGLE.stop), -1], 0]).max(1)
    return np.asarray(step[..., 0] * np.minimum(1.0, 0.6 / np.maximum(turned, 1e-12))[:, None])
