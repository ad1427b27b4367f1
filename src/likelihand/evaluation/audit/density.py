"""The joint density of the errors of a hand: a Student's t over all its keypoints."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

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
        """Return the log-density (H,) of whitened residuals (H, K, 2): H versions of one hand's labels."""
        part = np.repeat(labelled, 2)
        flat = (z - self.centre).reshape(len(z), -1)[:, part]
        scatter = self.scatter[np.ix_(part, part)]
        q = np.einsum("hi,hi->h", flat, np.linalg.solve(scatter, flat.T).T)
        return self._of_form(q, int(part.sum()), float(np.linalg.slogdet(scatter)[1]))

    def of_each(self, z: FloatArray, labelled: NDArray[np.bool_]) -> "Densities":
        """Return the density of each labelled keypoint (K,) given the hand's others, from whitened `z` (K, 2)."""
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

    def of_groups(
        self, z: FloatArray, labelled: NDArray[np.bool_], groups: Sequence[Sequence[int]]
    ) -> Iterator["Densities"]:
        """Yield the joint density, over 2 x len(group) numbers, of groups of keypoints given the hand's others.

        `z` (K, 2) is one hand, whitened; groups are in ascending order, of fewer than are labelled (K,).
        """
        part = np.repeat(labelled, 2)
        flat = (z - self.centre).reshape(-1)[part]
        precision = np.linalg.inv(self.scatter[np.ix_(part, part)])
        pull = precision @ flat
        place = 2 * (np.cumsum(labelled) - 1)
        for group in groups:
            rows = (place[list(group), None] + [0, 1]).ravel()
            covariance = np.linalg.inv(precision[np.ix_(rows, rows)])
            away = covariance @ pull[rows]
            freedom = self.freedom + len(flat) - len(rows)
            wider = (self.freedom + max(float(flat @ pull - pull[rows] @ away), 0.0)) / freedom
            yield Densities(z[list(group)].reshape(1, -1) - away, (covariance * wider)[None], freedom)

    def _of_form(self, q: FloatArray, p: int, log_det: FloatArray | float) -> FloatArray:
        return student(q, p, log_det, self.freedom)


@dataclass(frozen=True, eq=False)
class Densities:
    """A Student's t for each of some keypoints, or groups of them, over D numbers: 2 of a keypoint.

    Attributes:
        mean: (P, D).
        scatter: (P, D, D).
        freedom: of all.
    """

    mean: FloatArray
    scatter: FloatArray
    freedom: float

    def moved(self, matrix: FloatArray, offset: FloatArray) -> "Densities":
        """Return the densities of A x + b, for A (P, D, D) and b (P, D)."""
        mean = np.einsum("kij,kj->ki", matrix, self.mean) + offset
        return Densities(mean, matrix @ self.scatter @ np.swapaxes(matrix, -1, -2), self.freedom)

    def log_prob(self, points: FloatArray) -> FloatArray:
        """Return the log-density (P,) of points (P, D), each under its own."""
        return student(
            self.distance(points), self.mean.shape[-1], np.linalg.slogdet(self.scatter)[1], self.freedom
        )

    def distance(self, points: FloatArray) -> FloatArray:
        """Return the quadratic form (P,) of points (P, D) about their means."""
        away = points - self.mean
        return np.asarray(np.einsum("ki,ki->k", away, np.linalg.solve(self.scatter, away[..., None])[..., 0]))

    def spread(self, tails: "Tails") -> "Densities":
        """Return the same means with the tails that data have shown."""
        return Densities(self.mean, tails.scale * self.scatter, tails.freedom)


class Tails(NamedTuple):
    """The distribution of the distances of truths from their predictions.

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
    """Return the log-density of Student's t in p dimensions from its quadratic form q.

    Example:
        >>> float(student(np.array(0.0), 1, 0.0, 1.0).round(4))                # Cauchy's: 1 / pi
        -1.1447
    """
    constant = math.lgamma((freedom + p) / 2) - math.lgamma(freedom / 2) - 0.5 * p * math.log(freedom * math.pi)
    return np.asarray(constant - 0.5 * np.asarray(log_det) - 0.5 * (freedom + p) * np.log1p(q / freedom))


def fit_density(z: FloatArray, labelled: NDArray[np.bool_]) -> HandDensity:
    """Fit a `HandDensity` to whitened residuals (N, K, 2) by EM; wrong labels get small weights.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> density = fit_density(rng.standard_normal((500, 3, 2)), np.ones((500, 3), bool))
        >>> bool(np.abs(density.scatter - np.eye(6)).max() < 0.25)
        True
    """
    return _likeliest(z, labelled, _fit)


def fit_shape(points: FloatArray, labelled: NDArray[np.bool_]) -> HandDensity:
    r"""Fit the joint distribution of a hand's keypoints by expectation-maximisation.

    A hand turned or mirrored is a hand as well, so the coordinates have no correlation across the axes and the
    same along both: the scatter is :math:`R \otimes 1_2` with R (K, K), and few hands tell it. `points` (N, K, 2)
    are labels about the middle of the box, in shares of its side.

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
    if not np.isfinite(values[labelled]).all():
        raise ValueError("the labels hold impossible values; see `likelihand data check`")
    best: tuple[float, HandDensity] | None = None
    for freedom in FREEDOMS:
        density = fit(values, labelled, freedom)
        total = sum(float(density.log_prob(values[n : n + 1], labelled[n])[0]) for n in range(0, len(values), 4))
        if not math.isfinite(total):
            raise ValueError(
                f"the density of {len(values)} hands gives a likelihood of {total}, a fault of this library; "
                "audit fewer hands, or those with more labels"
            )
        if best is None or total > best[0]:
            best = total, density
    assert best is not None
    return best[1]


def _fit(z: FloatArray, labelled: NDArray[np.bool_], freedom: float) -> HandDensity:
    part = np.repeat(labelled, 2, axis=1)
    values = np.where(part, z.reshape(len(z), -1), 0.0)[:, None]
    patterns, centre = _patterns(part), np.zeros(values.shape[2])
    scatter = np.diag((values[:, 0] ** 2).sum(0) + 1.0) / np.maximum(part.sum(0) + 1.0, 1.0)
    for _ in range(ROUNDS):
        moments = _expected(values - centre, patterns, scatter, freedom)
        centre = centre + moments.first / max(moments.weight, 1.0)
        spread = np.diag(moments.second) / len(values)
        scatter = (moments.second + SHRINKAGE * np.diag(spread)) / (len(values) + SHRINKAGE)
        scatter += 1e-6 * np.diag(np.diag(scatter)) + SMALLEST * np.eye(len(scatter))
    return HandDensity(centre.reshape(-1, 2), scatter, freedom)


def _fit_shape(points: FloatArray, labelled: NDArray[np.bool_], freedom: float) -> HandDensity:
    values = np.swapaxes(np.where(labelled[..., None], points, 0.0), 1, 2)
    keypoints, count = values.shape[2], 2 * len(values)
    patterns, scatter = _patterns(labelled), np.eye(keypoints)
    for _ in range(ROUNDS):
        moments = _expected(values, patterns, scatter, freedom)
        spread = np.diag(np.diag(moments.second)) / count
        scatter = (moments.second + SHAPE_SHRINKAGE * spread) / (count + SHAPE_SHRINKAGE)
        lengths, axes = np.linalg.eigh(scatter)
        scatter = (axes * np.maximum(lengths, SHAPE_FLOOR * lengths.mean())) @ axes.T
    return HandDensity(np.zeros((keypoints, 2)), np.asarray(np.kron(scatter, np.eye(2)), np.float64), freedom)


Patterns: TypeAlias = list[tuple[NDArray[np.bool_], NDArray[np.intp]]]
"""Which numbers are labelled together, (p,), with the hands in which they are."""


class Moments(NamedTuple):
    """Weighted sums over hands, what is not labelled standing at what the rest of its hand says of it.

    Attributes:
        weight: sum of the hands' weights.
        first: (p,) of the numbers.
        second: (p, p) of their products, with the conditional covariance of what is not labelled.
    """

    weight: float
    first: FloatArray
    second: FloatArray


def _expected(values: FloatArray, patterns: Patterns, scatter: FloatArray, freedom: float) -> Moments:
    """Take the expectations of the EM algorithm for a Student's t with missing numbers.

    Source: Liu and Rubin, "ML estimation of the t distribution using EM and its extensions, ECM and ECME",
    Statistica Sinica 5 (1995), section 3. Hands with the same labels share their matrices. `values` (N, A, p) are
    about the centre, 0 where not labelled; A draws share a hand's width.
    """
    weight, first, second = 0.0, np.zeros(len(scatter)), np.zeros_like(scatter)
    draws = values.shape[1]
    for known, hands in patterns:
        told = values[hands][:, :, known]
        own = scatter[np.ix_(known, known)]
        regression = np.linalg.solve(own, scatter[known])
        form = ((told @ np.linalg.inv(own)) * told).sum((1, 2))
        weights = (freedom + draws * known.sum()) / (freedom + form)
        whole = (told @ regression).reshape(-1, len(scatter))
        each = np.repeat(weights, draws)[:, None]
        weight += float(each.sum())
        first += (each * whole).sum(0)
        second += (each * whole).T @ whole + len(whole) * (scatter - scatter[:, known] @ regression)
    return Moments(weight, first, second)


def _patterns(labelled: NDArray[np.bool_]) -> Patterns:
    """List what is labelled together, with the hands in which it is; hands without any label are left out."""
    patterns, which = np.unique(labelled, axis=0, return_inverse=True)
    which = which.reshape(-1)
    return [(known, np.flatnonzero(which == i)) for i, known in enumerate(patterns) if known.any()]
