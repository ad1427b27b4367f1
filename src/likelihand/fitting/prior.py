"""What is known of a hand before it is seen: how its joints are bent, and how it is built."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from likelihand.fitting.rig import FloatArray


@dataclass(frozen=True, eq=False)
class Prior:
    """A mixture of Gaussians over the 21 angles; the shape's components are standard normal.

    Attributes:
        shares: (M,) weights of the parts, which sum to 1.
        means: (M, 21) radians.
        covariances: (M, 21, 21).
    """

    shares: FloatArray
    means: FloatArray
    covariances: FloatArray

    @cached_property
    def precisions(self) -> FloatArray:
        """(M, 21, 21) inverses of the covariances."""
        return np.asarray(np.linalg.inv(self.covariances), np.float64)

    @cached_property
    def _constants(self) -> FloatArray:
        return np.asarray(np.log(self.shares) - 0.5 * np.linalg.slogdet(self.covariances)[1])

    def of(self, angles: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Evaluate the negative log density, up to a constant, at angles (N, 21).

        Returns:
            The value (N,), its gradient (N, 21), and the mean precision (N, 21, 21) of the parts, weighted by how
            likely each is: the value lies below the quadratic with this curvature, as in expectation maximisation.
        """
        away = angles - self.means[:, None]
        pulled = away @ self.precisions
        logs = self._constants[:, None] - 0.5 * (away * pulled).sum(-1)
        top = logs.max(0)
        parts = np.exp(logs - top)
        total = parts.sum(0)
        parts /= total
        gradient = np.einsum("mn,mna->na", parts, pulled)
        curvature = (parts.T @ self.precisions.reshape(len(parts), -1)).reshape(-1, *self.precisions.shape[1:])
        return -top - np.log(total), gradient, curvature
