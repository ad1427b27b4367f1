"""How the errors of a whole hand go together: a Student's t over all its keypoints."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import FloatArray

ROUNDS: Final = 12
FREEDOMS: Final = (2.5, 4.0, 7.0, 12.0, 25.0)
SHRINKAGE: Final = 20.0
"""Hands' worth of independence that is mixed into what the data say of dependence."""


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

    def log_prob_of_each(self, z: FloatArray, labelled: NDArray[np.bool_]) -> FloatArray:
        """Give the log-density (K,) of each keypoint's residual given the hand's others; 0 where not labelled.

        Args:
            z: (K, 2), one hand.
            labelled: (K,).
        """
        part = np.repeat(labelled, 2)
        flat, p = (z - self.centre).reshape(-1)[part], int(part.sum())
        precision = np.linalg.inv(self.scatter[np.ix_(part, part)])
        pull = precision @ flat
        q = float(flat @ pull)
        blocks = precision.reshape(p // 2, 2, p // 2, 2)
        own = np.stack([blocks[i, :, i] for i in range(p // 2)])
        lost = np.einsum("ki,kij,kj->k", pull.reshape(-1, 2), np.linalg.inv(own), pull.reshape(-1, 2))
        whole = self._of_form(np.array(q), p, -float(np.linalg.slogdet(precision)[1]))
        # the determinant of the others is that of all times the determinant of the precision's own block
        others = -float(np.linalg.slogdet(precision)[1]) + np.linalg.slogdet(own)[1]
        result = np.zeros(len(labelled))
        result[labelled] = whole - self._of_form(np.maximum(q - lost, 0.0), p - 2, others)
        return result

    def _of_form(self, q: FloatArray, p: int, log_det: FloatArray | float) -> FloatArray:
        nu = self.freedom
        constant = math.lgamma((nu + p) / 2) - math.lgamma(nu / 2) - 0.5 * p * math.log(nu * math.pi)
        return np.asarray(constant - 0.5 * np.asarray(log_det) - 0.5 * (nu + p) * np.log1p(q / nu))


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
    best: tuple[float, HandDensity] | None = None
    for freedom in FREEDOMS:
        density = _fit(z, labelled, freedom)
        total = sum(float(density.log_prob(z[n : n + 1], labelled[n])[0]) for n in range(0, len(z), 4))
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
        scatter += 1e-6 * np.diag(np.diag(scatter))
    return HandDensity(centre.reshape(-1, 2), scatter, freedom)
