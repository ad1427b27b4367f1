r"""Points in space from several cameras' points and covariances.

Each view says where a keypoint is, u, and how sure it is, C. The point X that makes all of it likeliest minimises

.. math:: \sum_v \rho\big(e_v^T C_v^{-1} e_v\big),\quad e_v = u_v - \pi_v(X)

with :math:`\rho(d^2) = (\nu + 2) \log(1 + d^2 / (\nu s^2))`: the deviation follows a bivariate Student t of
:math:`\nu` degrees of freedom, whose scale s is set so that the region that holds 68 % of the truth is the one
that the covariance states. Its heavy tail is what makes a wrong view count for little: the view's weight in the
equations falls as :math:`(\nu + 2) / (\nu + d^2 / s^2)` (Lange, Little and Taylor, "Robust statistical modeling
using the t distribution", 1989). The minimum is found by reweighted Gauss-Newton steps from the likeliest of the
linear solutions of every two views and of all (Hartley and Sturm, "Triangulation", 1997), so that one wrong view
in three cannot spoil the start.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.reconstruction.multiview.camera import Camera
from likelihand.uncertainty import ONE_SIGMA, UNIT, FloatArray, determinant

_Seen: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
"""Residuals (V, N, 2), Jacobians (V, N, 2, 3) and square distances (V, N) of points."""

FREEDOM: Final = 4.0
"""Degrees of freedom of the deviations: the bundled model's, whose regions of 68 and 95 % are this t
distribution's."""
_ROUNDS: Final = 40
_STEPS: Final = 2000
_SETTLED: Final = 1e-3
"""A point is found where the next step is shorter than so many standard deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class Triangulated:
    """Points in space.

    Attributes:
        points: (N, 3) in the world's unit; NaN where fewer than two views see a point, or they meet nowhere.
        covariance: (N, 3, 3) in its square; NaN as the points. It states the views' covariances and their
            agreement, and takes their deviations for independent and the cameras for exact.
        residual: (V, N, 2) what was seen less the point's projection, pixels; NaN where a view does not see it.
        distance: (V, N) the same in units of the view's covariance.
        weight: (V, N) in 0..1: how much of its information a view was believed; 0 where it sees nothing.
        freedom: degrees of freedom of the deviations that were assumed.
    """

    points: FloatArray
    covariance: FloatArray
    residual: FloatArray
    distance: FloatArray
    weight: FloatArray
    freedom: float = FREEDOM

    @property
    def scale(self) -> FloatArray:
        """(N, 3) standard deviation along each axis of the world."""
        return np.sqrt(np.diagonal(self.covariance, axis1=-2, axis2=-1))

    def level(self, places: ArrayLike) -> FloatArray:
        """Return the probability (N,) of the region about each point whose surface holds a place (N, 3).

        A region is an ellipsoid with the covariance's axes; it holds the truth with its probability where the
        views' covariances do and their errors are independent.
        """
        away = np.asarray(places, np.float64) - self.points
        good: NDArray[np.bool_] = np.asarray(np.isfinite(self.covariance).all((-2, -1)))
        inverse = np.linalg.inv(np.where(good[:, None, None], self.covariance, np.eye(3)))
        return np.where(
            good, level_in_space(np.sqrt(np.einsum("ni,nij,nj->n", away, inverse, away)), self.freedom), np.nan
        )

    def radius(self, level: float) -> float:
        """Return the distance, in units of the covariance, within which a region holds a probability.

        Example:
            >>> nothing = np.zeros((0, 0))
            >>> round(Triangulated(nothing, nothing, nothing, nothing, nothing, math.inf).radius(0.9), 3)
            2.5
        """
        if not 0 <= level < 1:
            raise ValueError(f"level {level!r} is not a probability from 0 to below 1; give say 0.9")
        low, high = 0.0, 1.0
        while level_in_space(high, self.freedom) < level:
            high *= 2
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if level_in_space(middle, self.freedom) < level else (low, middle)
        return high


def level_in_space(distance: ArrayLike, freedom: float = FREEDOM) -> FloatArray:
    r"""Return the probability that a deviation in space is shorter than a distance, in units of the covariance.

    That of a Student t in three dimensions, with the scale of the plane: with
    :math:`r = s \sqrt\nu \tan\theta` the density of :math:`\theta` is proportional to
    :math:`\sin^2\theta \cos^{\nu-1}\theta`. Of infinite freedom it is Maxwell's.

    Example:
        >>> level_in_space([0.0, 1.0, 2.5, 3.368], math.inf).round(3), level_in_space(2.5).round(3)
        (array([0.   , 0.199, 0.9  , 0.99 ]), np.float64(0.828))
    """
    d = np.asarray(distance, np.float64)
    if math.isinf(freedom):
        erf = np.vectorize(math.erf, otypes=[np.float64])
        return np.asarray(erf(d / math.sqrt(2)) - math.sqrt(2 / math.pi) * d * np.exp(-0.5 * d * d))
    angles, levels = _angles(freedom)
    return np.asarray(np.interp(np.arctan(d / math.sqrt(_square_scale(freedom) * freedom)), angles, levels))


@lru_cache
def _angles(freedom: float) -> tuple[FloatArray, FloatArray]:
    """Return angles from 0 to a right one and the probability of smaller ones, by Simpson's rule."""
    fine = np.linspace(0.0, math.pi / 2, 2 * _STEPS + 1)
    density = np.sin(fine) ** 2 * np.cos(fine) ** (freedom - 1)
    parts = density[:-2:2] + 4 * density[1:-1:2] + density[2::2]
    levels = np.concatenate([[0.0], np.cumsum(parts)])
    return fine[::2], levels / levels[-1]


def triangulate(
    cameras: Sequence[Camera],
    points: ArrayLike,
    covariances: ArrayLike | None = None,
    *,
    freedom: float = FREEDOM,
) -> Triangulated:
    """Triangulate points from the predictions of two or more cameras.

    Args:
        cameras: V of them.
        points: (V, N, 2) pixels, corner origin; NaN where a camera does not see a point.
        covariances: (V, N, 2, 2) square pixels, as `Hand.covariance`; one square pixel for all where None, which
            is the plain method.
        freedom: degrees of freedom of the deviations; infinity believes every view as much as it says: least
            squares.

    Returns:
        The points with their covariances, and what each view had to say.

    Raises:
        ValueError: shapes do not go together, or there are fewer than two cameras.

    Example:
        >>> matrix = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
        >>> pair = [Camera(matrix), Camera(matrix, translation=np.array([-0.2, 0.0, 0.0]))]
        >>> seen = [camera.project([[0.1, 0.0, 2.0]]) for camera in pair]
        >>> found = triangulate(pair, seen)
        >>> found.points.round(6), found.scale.round(4)
        (array([[0.1, 0. , 2. ]]), array([[0.0028, 0.0028, 0.0566]]))
    """
    seen = np.asarray(points, np.float64)
    if len(cameras) < 2 or seen.ndim != 3 or seen.shape[::2] != (len(cameras), 2):
        raise ValueError(
            f"{len(cameras)} cameras and points of shape {seen.shape}; give two or more, (cameras, N, 2)"
        )
    stated = (
        np.broadcast_to(np.eye(2), (*seen.shape, 2))
        if covariances is None
        else np.asarray(covariances, np.float64)
    )
    if stated.shape != (*seen.shape, 2):
        raise ValueError(
            f"covariances of shape {stated.shape} for points of shape {seen.shape}; give one 2x2 per point"
        )
    if not freedom > 0:
        raise ValueError(f"freedom {freedom} is none; give a number above 0, infinity for least squares")
    problem = _Problem(cameras, seen, stated, freedom)
    return problem.answer(problem.refined(problem.start()))


class _Problem:
    """What is minimised: for N points at once, each on its own."""

    def __init__(
        self, cameras: Sequence[Camera], seen: FloatArray, covariance: FloatArray, freedom: float
    ) -> None:
        self.cameras, self.seen, self.freedom = cameras, seen, freedom
        self.rays = np.stack([camera.rays(pixels)[0] for camera, pixels in zip(cameras, seen, strict=True)])
        sound = np.isfinite(covariance).all((-2, -1)) & (determinant(covariance) > 0)
        self.visible: NDArray[np.bool_] = np.isfinite(self.rays).all(-1) & sound
        self.information = np.linalg.inv(np.where(self.visible[..., None, None], covariance, np.eye(2)))
        self.square_scale = _square_scale(freedom)

    def start(self) -> FloatArray:
        """Return the likeliest (N, 3) of the linear solutions of every pair of views and of all."""
        views = range(len(self.cameras))
        groups = [*combinations(views, 2), *([tuple(views)] if len(views) > 2 else [])]
        starts = np.stack([self._linear(group) for group in groups])
        costs = np.stack([self._cost(self._seen_from(start)[2]) for start in starts])
        return np.asarray(starts[costs.argmin(0), np.arange(starts.shape[1])])

    def _linear(self, views: Sequence[int]) -> FloatArray:
        """Intersect the rays of some views: the least squares of x (R3 X + t3) = R1 X + t1 and its like."""
        left, right = [], []
        for view in views:
            camera, rays, visible = self.cameras[view], self.rays[view], self.visible[view]
            rays = np.where(visible[:, None], rays, 0.0)
            rows = rays[:, :, None] * camera.rotation[2] - camera.rotation[:2]
            left.append(rows * visible[:, None, None])
            right.append((camera.translation[:2] - rays * camera.translation[2]) * visible[:, None])
        a, b = np.concatenate(left, 1), np.concatenate(right, 1)
        return np.asarray((np.linalg.pinv(a) @ b[..., None])[..., 0])

    def _seen_from(self, points: FloatArray) -> _Seen:
        """Return residuals (V, N, 2), Jacobians (V, N, 2, 3), square distances (V, N): infinite behind."""
        projected, jacobians = zip(*(camera.projection(points) for camera in self.cameras), strict=True)
        visible = self.visible[..., None]
        residual = np.where(visible, self.seen - np.stack(projected), 0.0)
        square = np.einsum("vni,vnij,vnj->vn", residual, self.information, residual)
        square = np.where(np.isnan(square), np.inf, square)
        jacobian = np.where(visible[..., None], np.stack(jacobians), 0.0)
        return np.nan_to_num(residual), np.nan_to_num(jacobian), square

    def _cost(self, square: FloatArray) -> FloatArray:
        """Return (N,) the negative logarithm of the likelihood of distances, but for a constant."""
        if math.isinf(self.freedom):
            return np.asarray(0.5 * square.sum(0))
        return np.asarray(0.5 * (self.freedom + 2) * np.log1p(square / (self.freedom * self.square_scale)).sum(0))

    def weights(self, square: FloatArray) -> FloatArray:
        """Return the views' factors (V, N) in the equations."""
        if math.isinf(self.freedom):
            return np.ones_like(square)
        return np.asarray((self.freedom + 2) / (self.freedom + square / self.square_scale))

    def refined(self, points: FloatArray) -> FloatArray:
        """Take Gauss-Newton steps to the minimum, each as long as lowers the cost."""
        seen, length = self._seen_from(points), np.ones(len(points))
        cost = self._cost(seen[2])
        for _ in range(_ROUNDS):
            residual, jacobian, square = seen
            information = self.information * self.weights(square)[..., None, None]
            weighted = np.swapaxes(jacobian, -1, -2) @ information
            normal = (weighted @ jacobian).sum(0)
            step = (np.linalg.pinv(normal, hermitian=True) @ (weighted @ residual[..., None]).sum(0))[..., 0]
            step *= length[:, None]
            if not ((np.einsum("ni,nij,nj->n", step, normal, step) > _SETTLED**2) & np.isfinite(cost)).any():
                break
            trial = self._seen_from(points + step)
            new = self._cost(trial[2])
            better = new <= cost
            points, cost = points + step * better[:, None], np.where(better, new, cost)
            seen = _chosen(better, trial, seen)
            length = np.where(better, np.minimum(1.0, 2 * length), length / 4)
        return points

    def answer(self, points: FloatArray) -> Triangulated:
        """State the points, their covariances, and what each view had to say."""
        residual, jacobian, square = self._seen_from(points)
        weight = np.where(self.visible, np.minimum(self.weights(square), 1.0), 0.0)
        information = self.information * weight[..., None, None]
        normal = np.einsum("vnki,vnkl,vnlj->nij", jacobian, information, jacobian)
        good = (self.visible.sum(0) >= 2) & np.isfinite(square).all(0)
        good &= np.linalg.cond(np.where(good[:, None, None], normal, np.eye(3))) < 1e14
        covariance = np.linalg.inv(np.where(good[:, None, None], normal, np.eye(3)))
        return Triangulated(
            points=np.where(good[:, None], points, np.nan),
            covariance=np.where(good[:, None, None], covariance, np.nan),
            residual=np.where((self.visible & good)[..., None], residual, np.nan),
            distance=np.where(self.visible & good, np.sqrt(square), np.nan),
            weight=np.where(good, weight, 0.0),
            freedom=self.freedom,
        )


def _chosen(better: NDArray[np.bool_], new: _Seen, old: _Seen) -> _Seen:
    """Return what is seen of the new points where they are better, else of the old ones."""
    residual, jacobian, square = (
        np.where(better.reshape(-1, *[1] * (a.ndim - 2)), a, b) for a, b in zip(new, old, strict=True)
    )
    return residual, jacobian, square


def _square_scale(freedom: float) -> float:
    r"""Return s^2 with which the t distribution holds `ONE_SIGMA` within the distance `UNIT`.

    In the plane it holds :math:`1 - (1 + d^2 / (\nu s^2))^{-\nu/2}` within d.
    """
    if math.isinf(freedom):
        return 1.0
    return float(UNIT**2 / (freedom * ((1 - ONE_SIGMA) ** (-2 / freedom) - 1)))
