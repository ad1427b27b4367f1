"""How the errors of a whole hand go together: a Student's t over all its keypoints."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import FloatArray

ROUNDS: Final = 12
FREEDOMS: Final = (2.5, 4.0, 7.0, 12.0, 25.0)
SHRINKAGE: Final = 20.0
"""Hands' worth of independence that is mixed into what the data say of dependence."""

SHAPE_SHRINKAGE: Final = 0.5
"""The same for the shapes of hands, where dependence is the rule."""
SHAPE_FLOOR: Final = 1e-4
"""Least variance along any direction, over the mean one: a label misses its place anyway."""
SMALLEST: Final = 1e-6
"""Least scale of tails, where labels lie just where the others put them."""


@dataclass(frozen=True, eq=False)
class HandDensity:
    r"""A multivariate Student's t of the whitened residuals of a hand.

    The errors of neighbouring keypoints go together, and a hand that is hard is hard all over: a t, which is a
    Gaussian of a common unknown width, knows both. With q = (z - m)^T M^-1 (z - m) over the p labelled numbers of
    a hand,

    .. math:: \log p(z) = -\tfrac12 \log\det M - \tfrac{\nu + p}{2} \log(1 + q / \nu) + \text{const}

    and what some of the numbers say of the others is a t again.

    Attributes:
        centre: (K, 2) m, where a data set's labels lie beside the estimates on the whole.
        scatter: (2 K, 2 K) M.
        freedom: nu; the smaller, the heavier the tails.
    """

    centre: FloatArray
    scatter: FloatArray
    freedom: float

    def log_prob(self, z: FloatArray, labelled: NDArray[np.bool_]) -> FloatArray:
        """Give the log-density of whitened residuals.

        Args:
            z: (H, K, 2), H versions of one hand's labels.
            labelled: (K,).

        Returns:
            (H,) nats.
        """
        part = np.repeat(labelled, 2)
        flat = (z - self.centre).reshape(len(z), -1)[:, part]
        scatter = self.scatter[np.ix_(part, part)]
        q = np.einsum("hi,hi->h", flat, np.linalg.solve(scatter, flat.T).T)
        return self._of_form(q, int(part.sum()), float(np.linalg.slogdet(scatter)[1]))

    def of_each(self, z: FloatArray, labelled: NDArray[np.bool_]) -> "Densities":
        """Give the density of each labelled keypoint given the hand's others.

        Args:
            z: (K, 2), one hand.
            labelled: (K,), at least two.
        """
        part = np.repeat(labelled, 2)
        flat, p = (z - self.centre).reshape(-1)[part], int(part.sum())
        precision = np.linalg.inv(self.scatter[np.ix_(part, part)])
        pull = (precision @ flat).reshape(-1, 2)
        own = np.einsum("kikj->kij", precision.reshape(p // 2, 2, p // 2, 2))
        covariance = np.linalg.inv(own)
        away = np.einsum("kij,kj->ki", covariance, pull)
        q_others = np.maximum(flat @ pull.reshape(-1) - np.einsum("ki,ki->k", pull, away), 0.0)
        freedom = self.freedom + p - 2
        wider = (self.freedom + q_others) / freedom
        return Densities(z[labelled] - away, covariance * wider[:, None, None], freedom)

    def _of_form(self, q: FloatArray, p: int, log_det: FloatArray | float) -> FloatArray:
        return student(q, p, log_det, self.freedom)


@dataclass(frozen=True, eq=False)
class Densities:
    """A Student's t over the plane for each of some keypoints.

    Attributes:
        mean: (P, 2).
        scatter: (P, 2, 2).
        freedom: of all.
    """

    mean: FloatArray
    scatter: FloatArray
    freedom: float

    def moved(self, matrix: FloatArray, offset: FloatArray) -> "Densities":
        """Give the densities of A x + b, for A (P, 2, 2) and b (P, 2)."""
        mean = np.einsum("kij,kj->ki", matrix, self.mean) + offset
        return Densities(mean, matrix @ self.scatter @ np.swapaxes(matrix, -1, -2), self.freedom)

    def log_prob(self, points: FloatArray) -> FloatArray:
        """Give the log-density (P,) of points (P, 2), each under its own."""
        return student(self.distance(points), 2, np.linalg.slogdet(self.scatter)[1], self.freedom)

    def distance(self, points: FloatArray) -> FloatArray:
        """Give the quadratic form (P,) of points (P, 2) about their means."""
        away = points - self.mean
        return np.asarray(np.einsum("ki,ki->k", away, np.linalg.solve(self.scatter, away[..., None])[..., 0]))

    def spread(self, tails: "Tails") -> "Densities":
        """Give the same means with the tails that data have shown."""
        return Densities(self.mean, tails.scale * self.scatter, tails.freedom)


class Tails(NamedTuple):
    """How far truths lie from what was foretold of them.

    Attributes:
        scale: of their scatter.
        freedom: of their Student's t in the plane.
    """

    scale: float
    freedom: float


def fit_tails(q: FloatArray) -> Tails:
    """Fit tails to quadratic forms (N,) by maximum likelihood.

    Example:
        >>> gauss = np.random.default_rng(0).chisquare(2, 4000)
        >>> scale, freedom = fit_tails(4 * gauss)
        >>> 3.5 < scale < 4.1, freedom                    # the freest of the tails that are tried
        (True, 25.0)
    """
    found = []
    for freedom in (1.0, 1.5, *FREEDOMS):
        scale = max(float(np.median(q)), SMALLEST)
        for _ in range(3 * ROUNDS):
            scale = max(float((q * (freedom + 2) / (freedom + q / scale)).mean()) / 2, SMALLEST)
        found.append((float((student(q / scale, 2, 0.0, freedom) - math.log(scale)).sum()), scale, freedom))
    _, scale, freedom = max(found)
    return Tails(scale, freedom)


def student(q: FloatArray, p: int, log_det: FloatArray | float, freedom: float) -> FloatArray:
    """Give the log-density of Student's t in p dimensions from its quadratic form q.

    Example:
        >>> float(student(np.array(0.0), 1, 0.0, 1.0).round(4))                # Cauchy's: 1 / pi
        -1.1447
    """
    constant = math.lgamma((freedom + p) / 2) - math.lgamma(freedom / 2) - 0.5 * p * math.log(freedom * math.pi)
    return np.asarray(constant - 0.5 * np.asarray(log_det) - 0.5 * (freedom + p) * np.log1p(q / freedom))


def fit_density(z: FloatArray, labelled: NDArray[np.bool_]) -> HandDensity:
    """Fit a `HandDensity` by expectation-maximisation; wrong labels count little, by their small weight.

    Args:
        z: (N, K, 2) whitened residuals, anything where not labelled.
        labelled: (N, K).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> density = fit_density(rng.standard_normal((500, 3, 2)), np.ones((500, 3), bool))
        >>> bool(np.abs(density.scatter - np.eye(6)).max() < 0.25)
        True
    """
    return _likeliest(z, labelled, _fit)


def fit_shape(points: FloatArray, labelled: NDArray[np.bool_]) -> HandDensity:
    r"""Fit how the keypoints of hands lie to each other, by expectation-maximisation.

    A hand turned or mirrored is a hand as well, so the coordinates have no correlation across the axes and the
    same along both: the scatter is :math:`R \otimes 1_2` with R (K, K), and few hands tell it.

    Args:
        points: (N, K, 2) labels about the middle of the box, in shares of its side; anything where not labelled.
        labelled: (N, K).

    Example:
        >>> fan = np.random.default_rng(0).standard_normal((99, 3, 2)) * [[[1.0], [2.0], [3.0]]]
        >>> shape = fit_shape(fan, np.ones((99, 3), bool))
        >>> shape.scatter.shape, bool(shape.scatter[0, 1] == 0.0)
        ((6, 6), True)
    """
    return _likeliest(points, labelled, _fit_shape)


def _likeliest(
    values: FloatArray,
    labelled: NDArray[np.bool_],
    fit: Callable[[FloatArray, NDArray[np.bool_], float], HandDensity],
) -> HandDensity:
    """Choose between tails."""
    best: tuple[float, HandDensity] | None = None
    for freedom in FREEDOMS:
        density = fit(values, labelled, freedom)
        total = sum(float(density.log_prob(values[n : n + 1], labelled[n])[0]) for n in range(0, len(values), 4))
        if best is None or total > best[0]:
            best = total, density
    assert best is not None
    return best[1]


def _fit(z: FloatArray, labelled: NDArray[np.bool_], freedom: float) -> HandDensity:
    part = np.repeat(labelled, 2, axis=1).astype(np.float64)
    values = np.where(part > 0, z.reshape(len(z), -1), 0.0)
    centre, scatter = np.zeros(values.shape[1]), np.eye(values.shape[1])
    for _ in range(ROUNDS):
        flat = (values - centre) * part
        # unlabelled numbers are 0 and count as lying where they should, which keeps the form a little small
        q = np.einsum("ni,ni->n", flat, np.linalg.solve(scatter, flat.T).T)
        weight = (freedom + part.sum(1)) / (freedom + q)
        pairs = part.T @ part
        centre = centre + (flat * weight[:, None]).sum(0) / np.maximum((part * weight[:, None]).sum(0), 1.0)
        moments = (flat * weight[:, None]).T @ flat
        spread = np.diag(moments) / np.maximum(np.diag(pairs), 1.0)
        scatter = (moments + SHRINKAGE * np.diag(spread)) / (pairs + SHRINKAGE)
        scatter += 1e-6 * np.diag(np.diag(scatter)) + SMALLEST * np.eye(len(scatter))
    return HandDensity(centre.reshape(-1, 2), scatter, freedom)


def _fit_shape(points: FloatArray, labelled: NDArray[np.bool_], freedom: float) -> HandDensity:
    part = labelled.astype(np.float64)
    values = np.where(labelled[..., None], points, 0.0)
    pairs = 2 * part.T @ part
    keypoints = values.shape[1]
    scatter = np.eye(keypoints)
    for _ in range(ROUNDS):
        q = np.einsum("nki,nki->n", values, np.linalg.solve(scatter, values))
        weight = (freedom + 2 * part.sum(1)) / (freedom + q)
        moments = np.einsum("n,nki,nli->kl", weight, values, values)
        spread = np.diag(np.diag(moments) / np.maximum(np.diag(pairs), 1.0))
        scatter = (moments + SHAPE_SHRINKAGE * spread) / (pairs + SHAPE_SHRINKAGE)
        # where labels are missing, pairs of different hands need not make a covariance
        lengths, axes = np.linalg.eigh(scatter)
        scatter = (axes * np.maximum(lengths, SHAPE_FLOOR * lengths.mean())) @ axes.T
    return HandDensity(np.zeros((keypoints, 2)), np.asarray(np.kron(scatter, np.eye(2)), np.float64), freedom)
