"""The prior of a hand: its joint angles and its shape."""

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

    @cached_property
    def _beside(self) -> tuple[FloatArray, FloatArray]:
        """(21, M 21) the precisions side by side, and what they make of the means, (M 21,)."""
        return np.concatenate(list(self.precisions), 1), (self.precisions @ self.means[..., None]).ravel()

    def of(self, angles: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Evaluate the negative log density, up to a constant, at angles (N, 21).

        Returns:
            The value (N,), its gradient (N, 21), and the mean precision (N, 21, 21) of the parts, weighted by how
            likely each is: the value lies below the quadratic with this curvature, as in expectation maximisation.
        """
        precisions, of_means = self._beside
        pulled = (angles @ precisions - of_means).reshape(len(angles), *self.means.shape)
        logs = self._constants - 0.5 * ((angles[:, None] - self.means) * pulled).sum(-1)
        top = logs.max(1)
        parts = np.exp(logs - top[:, None])
        total = parts.sum(1)
        parts /= total[:, None]
        curvature = (parts @ self.precisions.reshape(len(self.means), -1)).reshape(-1, *self.precisions.shape[1:])
        return -top - np.log(total), (parts[:, None] @ pulled)[:, 0], curvature
