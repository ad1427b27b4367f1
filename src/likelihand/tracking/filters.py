"""Smooth moving points with a Kalman filter that uses the predicted covariances.

Every point moves with a nearly constant velocity: its acceleration is white noise of density q (Bar-Shalom, Li and
Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001, section 6.2.2). Over a time T

    F = [[1, T], [0, 1]],   Q = q [[T^3 / 3, T^2 / 2], [T^2 / 2, T]],   along x and along y alike,

so that two short steps do what one long step does, whatever the frame times are. An observation's noise is what
the network says of it, R = noise^2 C, C the point's covariance: a hidden fingertip is followed slowly, a clear
one at once. All lengths are relative to the hand's own spread: the filter turns, grows and moves with the hand.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.geometry import FloatArray
from likelihand.utils.validation import check_least

_UNIT: Final = np.eye(2)


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How a filter weights prediction against observation.

    Lengths are in spreads of the hand, the root mean square distance of its points from their middle: about a
    third of the longer side of the box of an open hand. The density of the acceleration is
    q = (still * spread + moving * speed)^2.

    Attributes:
        still: unrest of a point at rest, spreads / s^(3/2).
        moving: more unrest for a point that moves, a share of its speed, s^(-1/2).
        noise: standard deviation of what changes between frames over the predicted scale, which also holds what
            stays the same between frames.
        floor: least standard deviation of an observation, spreads.
        speed: standard deviation of an unknown velocity, spreads / s.
        gate: squared Mahalanobis distance beyond which an observation is an outlier and pulls no harder than one
            at the gate (Huber's weight). 13.8 holds 99.9 % of a Gaussian.
        patience: how many outliers in a row a point withstands before it starts anew where it is seen.

    Raises:
        ValueError: a number is not positive (`moving` and `patience` may be 0).

    Example:
        >>> Smoothing(noise=0)
        Traceback (most recent call last):
        ValueError: smoothing's noise is 0; give a number above 0
    """

    still: float = 1.0
    moving: float = 4.0
    noise: float = 0.5
    floor: float = 0.004
    speed: float = 8.0
    gate: float = 13.8
    patience: int = 2

    def __post_init__(self) -> None:
        for name in ("still", "noise", "floor", "speed", "gate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"smoothing's {name} is {getattr(self, name)}; give a number above 0")
        check_least("smoothing's moving", self.moving, 0)
        check_least("smoothing's patience", self.patience, 0)


class Smoothed(NamedTuple):
    """The result of a filter for one frame.

    Attributes:
        points: (K, 2) pixels.
        covariance: (K, 2, 2) square pixels: the observation's own, or, where none was used, the last one used and
            what motion has added since. Averaging frames does not shrink it, for the network's errors last longer
            than a frame.
        velocity: (K, 2) pixels / s.
        used: (K,) whether the point's observation was used.
    """

    points: FloatArray
    covariance: FloatArray
    velocity: FloatArray
    used: NDArray[np.bool_]


class PointFilter:
    """Tracks K points through frames at arbitrary times; some may be missing or wrong.

    Two tests keep what is wrong apart from what is fast. If the points in their majority are further away than
    expected, the hand as a whole moves in a new way: what is known of all points is made as uncertain as that asks
    for (the median of squared Mahalanobis distances). A single point that is still beyond the gate is an outlier:
    its gain is that of a covariance (H P H^T + R) / w with w = sqrt(gate / distance).

    Args:
        smoothing: the weights.

    Example:
        >>> follow = PointFilter()
        >>> square = np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]])
        >>> for frame in range(30):                        # moves by 3 pixels per frame
        ...     seen = follow.step(square + [3.0 * frame, 0.0], np.tile(np.eye(2), (4, 1, 1)), seconds=0.04)
        >>> seen.velocity[0].round(1)
        array([75.,  0.])
        >>> follow.expected(0.04)[0].round(1)              # where the next frame will see the first corner
        array([90.,  0.])
    """

    def __init__(self, smoothing: Smoothing | None = None) -> None:
        self.smoothing = smoothing or Smoothing()
        self._state: _State | None = None

    def expected(self, seconds: float) -> FloatArray:
        """Return where the points will be, (K, 2) pixels; the filter stays as it is.

        Args:
            seconds: from the last step on, 0 or more.

        Raises:
            ValueError: nothing was seen yet.
        """
        state = self._started()
        return np.asarray(state.points + _checked(seconds) * state.velocity)

    def step(
        self, points: ArrayLike | None, covariance: ArrayLike | None = None, seconds: float = 0.0
    ) -> Smoothed:
        """Advance to the next frame.

        Args:
            points: (K, 2) what is seen, pixels; NaN for a point that is not; None where nothing is seen.
            covariance: (K, 2, 2) of the points, square pixels; zeros where None.
            seconds: since the last step, 0 or more; ignored in the first.

        Raises:
            ValueError: shapes differ, a point is missing from the first frame, or time runs backwards.
        """
        if points is None:
            points = np.full_like(self._started().points, np.nan)
        seen, noise = _observation(points, covariance)
        if self._state is None:
            return self._start(seen, noise)
        if seen.shape != self._state.points.shape:
            raise ValueError(
                f"{len(seen)} points after {len(self._state.points)}; give the same ones in each frame"
            )
        state = self._state.moved(_checked(seconds), self._unrest(self._state))
        self._state, used = self._corrected(state, seen, noise)
        covariances = np.where(used[:, None, None], noise, self._state.observed + self._state.place)
        return Smoothed(self._state.points.copy(), covariances, self._state.velocity.copy(), used)

    def _started(self) -> "_State":
        if self._state is None:
            raise ValueError("the filter has seen nothing yet; call step with points first")
        return self._state

    def _start(self, seen: FloatArray, noise: FloatArray) -> Smoothed:
        if not np.isfinite(seen).all():
            raise ValueError("a filter's first frame must show every point; give finite points")
        size, count = spread(seen), len(seen)
        self._state = _State(
            points=seen.copy(),
            velocity=np.zeros_like(seen),
            place=self._noise(noise, size),
            mixed=np.zeros((count, 2, 2)),
            drift=np.tile((self.smoothing.speed * size) ** 2 * _UNIT, (count, 1, 1)),
            observed=noise,
            away=np.zeros(count, np.intp),
        )
        return Smoothed(seen.copy(), noise, self._state.velocity.copy(), np.ones(count, np.bool_))

    def _noise(self, covariance: FloatArray, size: float) -> FloatArray:
        s = self.smoothing
        return np.asarray(s.noise**2 * covariance + max(s.floor * size, 1e-9) ** 2 * _UNIT)

    def _unrest(self, state: "_State") -> FloatArray:
        speed = np.sqrt((state.velocity**2).sum(1))
        return np.asarray((self.smoothing.still * spread(state.points) + self.smoothing.moving * speed) ** 2)

    def _corrected(
        self, state: "_State", seen: FloatArray, covariance: FloatArray
    ) -> tuple["_State", NDArray[np.bool_]]:
        """Apply the observations; return the new state and which observations were used."""
        here = np.asarray(np.isfinite(seen).all(1))
        if not here.any():
            return state, here
        size = spread(state.points)
        noise = self._noise(np.where(here[:, None, None], covariance, 0.0), size)
        innovation = np.where(here[:, None], seen - state.points, 0.0)
        precision = _inverse(state.place + noise)
        distance = _squared_length(innovation, precision)
        if (typical := median(distance[here])) > _TYPICAL:
            state = state.loosened(typical / _TYPICAL)
            precision = _inverse(state.place + noise)
            distance = _squared_length(innovation, precision)
        outlier = np.asarray(here & (distance > self.smoothing.gate))
        weight = np.sqrt(self.smoothing.gate / np.maximum(distance, self.smoothing.gate))
        away = np.where(outlier, state.away + 1, np.where(here, 0, state.away))
        anew = np.asarray(away > self.smoothing.patience)
        new = state.corrected(innovation, weight[:, None, None] * precision, covariance, here)
        return new.restarted(anew, seen, noise, covariance, self.smoothing.speed * size, away), here


_TYPICAL: Final = 4.0
"""Median squared distance of a hand's points above which the hand moves in a new way; of two normal numbers it is
2 ln 2 = 1.39."""


class _State(NamedTuple):
    """Mean and covariance of place and velocity, and what is kept of the observations."""

    points: FloatArray
    velocity: FloatArray
    place: FloatArray
    mixed: FloatArray
    drift: FloatArray
    observed: FloatArray
    away: NDArray[np.intp]

    def moved(self, seconds: float, unrest: FloatArray) -> "_State":
        """Predict: x + T v, and F P F^T + Q."""
        t, q = seconds, unrest[:, None, None] * _UNIT
        return self._replace(
            points=self.points + t * self.velocity,
            place=self.place + t * (self.mixed + _transposed(self.mixed)) + t**2 * self.drift + q * t**3 / 3,
            mixed=self.mixed + t * self.drift + q * t**2 / 2,
            drift=self.drift + q * t,
        )

    def loosened(self, factor: float) -> "_State":
        return self._replace(place=factor * self.place, mixed=factor * self.mixed, drift=factor * self.drift)

    def corrected(
        self, innovation: FloatArray, precision: FloatArray, covariance: FloatArray, used: NDArray[np.bool_]
    ) -> "_State":
        """Update: K = P H^T (H P H^T + R)^-1, x + K (z - H x), (I - K H) P; no gain where unused."""
        inverse = np.where(used[:, None, None], precision, 0.0)
        gain, gain_velocity = self.place @ inverse, _transposed(self.mixed) @ inverse
        place = self.place - gain @ self.place
        drift = self.drift - gain_velocity @ self.mixed
        return self._replace(
            points=self.points + (gain @ innovation[:, :, None])[:, :, 0],
            velocity=self.velocity + (gain_velocity @ innovation[:, :, None])[:, :, 0],
            place=(place + _transposed(place)) / 2,
            mixed=self.mixed - gain @ self.mixed,
            drift=(drift + _transposed(drift)) / 2,
            observed=np.where(used[:, None, None], covariance, self.observed),
        )

    def restarted(
        self,
        anew: NDArray[np.bool_],
        seen: FloatArray,
        noise: FloatArray,
        covariance: FloatArray,
        speed: float,
        away: NDArray[np.intp],
    ) -> "_State":
        """Forget the points `anew` and put them where they are seen."""
        if not anew.any():
            return self._replace(away=away)
        one, two = anew[:, None], anew[:, None, None]
        return self._replace(
            points=np.where(one, seen, self.points),
            velocity=np.where(one, 0.0, self.velocity),
            place=np.where(two, noise, self.place),
            mixed=np.where(two, 0.0, self.mixed),
            drift=np.where(two, speed**2 * _UNIT, self.drift),
            observed=np.where(two, covariance, self.observed),
            away=np.where(anew, 0, away),
        )


def spread(points: ArrayLike) -> float:
    """Return the root mean square distance of points (K, 2) from their middle: a size that no rotation changes.

    Example:
        >>> spread([[0.0, 0.0], [6.0, 8.0]])
        5.0
    """
    array = np.asarray(points, np.float64)
    away = array - array.sum(0) / len(array)
    return math.sqrt(float(np.vdot(away, away)) / len(array))


def median(values: FloatArray) -> float:
    """Return the median of finite numbers of any shape, faster than NumPy for few of them.

    Example:
        >>> median(np.array([[3.0, 1.0], [2.0, 9.0]]))
        2.5
    """
    ordered = np.sort(values, axis=None)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def steady_gain(index: float) -> tuple[float, float]:
    """Return the gain of a settled filter: place += alpha * r, velocity += beta * r / T, r the innovation.

    With a constant T, density q and variance R along an axis only the index L = q T^3 / R counts. The spectrum of
    the innovations factors::

        R |(z - 1)^2|^2 + q T^3 (2/3 + (z + 1/z) / 6) = R / a |z^2 + (alpha + beta - 2) z + a|^2

    with a = 1 - alpha. Equal powers of z give a + 1/a = 2 + L/3 + sqrt(4 L + L^2 / 12) and
    alpha + beta - 2 = a (L/6 - 4) / (1 + a).

    Args:
        index: L, 0 or more. Near 0 the filter smooths much, far above 1 it follows at once.

    Returns:
        alpha in 0..1 and beta in 0..2.

    Raises:
        ValueError: the index is negative.

    Example:
        >>> alpha, beta = steady_gain(1.0)
        >>> round(alpha, 3), round(beta, 3)
        (0.757, 0.493)
    """
    check_least("tracking index", index, 0)
    u = 2 + index / 3 + math.sqrt(4 * index + index**2 / 12)
    a = 2 / (u + math.sqrt(u**2 - 4))
    alpha = 1 - a
    return alpha, a * (index / 6 - 4) / (1 + a) + 2 - alpha


def _observation(points: ArrayLike, covariance: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
    seen = np.array(points, np.float64)
    if seen.ndim != 2 or seen.shape[1] != 2 or not len(seen):
        raise ValueError(f"points have shape {seen.shape}; give (K, 2), x and y in pixels")
    noise = np.zeros((len(seen), 2, 2)) if covariance is None else np.array(covariance, np.float64)
    if noise.shape != (len(seen), 2, 2):
        raise ValueError(f"covariance has shape {noise.shape}; give ({len(seen)}, 2, 2), one per point")
    seen[~np.isfinite(noise).all((1, 2))] = np.nan
    return seen, noise


def _checked(seconds: float) -> float:
    if not (seconds >= 0 and math.isfinite(seconds)):
        raise ValueError(f"{seconds} seconds since the last frame; give frames in the order of their times")
    return seconds


def _transposed(matrices: FloatArray) -> FloatArray:
    return np.swapaxes(matrices, -1, -2)


def _inverse(matrices: FloatArray) -> FloatArray:
    """Invert symmetric (K, 2, 2)."""
    a, b, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 1]
    rows = np.stack([d, -b, -b, a], axis=1).reshape(-1, 2, 2)
    return np.asarray(rows / (a * d - b * b)[:, None, None])


def _squared_length(innovation: FloatArray, precision: FloatArray) -> FloatArray:
    """Return the squared Mahalanobis distances (K,) of (K, 2) under inverse covariances (K, 2, 2)."""
    return np.asarray(np.einsum("ki,kij,kj->k", innovation, precision, innovation))
