"""The committed tables of the fit, learnt from the renderer's own hands by `experiments.fit_tables`."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import numpy as np

from likelihand.reconstruction.rig import FloatArray, Rig
from likelihand.uncertainty import RadialTable


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


@dataclass(frozen=True, slots=True)
class Regions:
    """What makes Laplace's covariances hold what they say, fitted on rendered hands by `experiments.fit_regions`.

    The stated covariance of a joint is factor^2 C + added^2 I; `radial` has the chance of a smaller Mahalanobis
    distance under it.

    Attributes:
        factor: of the root of the covariances of joints.
        added: hand lengths.
        angle_factor: of the standard deviations of angles.
        radial: distances to probabilities, in space.
    """

    factor: float
    added: float
    angle_factor: float
    radial: RadialTable


@dataclass(frozen=True, eq=False)
class Tables:
    """What the fit knows of hands.

    Attributes:
        rig: the skeleton and its shapes.
        prior: of its poses.
        poses: (L, 21) poses to start from, radians.
        regions: what covariances are worth.
    """

    rig: Rig
    prior: Prior
    poses: FloatArray
    regions: Regions


@cache
def load_tables() -> Tables:
    """Read the tables out of the package, once per process."""
    content = json.loads(resources.files("likelihand.reconstruction").joinpath("tables.json").read_text())
    factor, added, angle_factor, levels, radii, tail = content.pop("regions").values()
    regions = Regions(factor, added, angle_factor, RadialTable(tuple(levels), tuple(radii), tail))
    data = {name: np.array(values) for name, values in content.items() if name != "source"}
    along = _unit(data["directions"])
    across = _unit(data["axes"] - (data["axes"] * along).sum(-1, keepdims=True) * along)
    rig = Rig(along, across, data["rest"], data["mean"], data["components"])
    factors = np.zeros((len(data["shares"]), 21, 21))
    factors[:, *np.tril_indices(21)] = data["factors"]
    prior = Prior(data["shares"], data["means"], factors @ np.swapaxes(factors, -1, -2))
    return Tables(rig, prior, data["poses"], regions)


def _unit(vectors: FloatArray) -> FloatArray:
    """Undo the file's rounding: derivatives rely on unit vectors."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
