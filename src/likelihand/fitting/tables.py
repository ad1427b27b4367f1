"""The committed tables of the fit, learnt from the renderer's own hands by `experiments.fit_tables`."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from likelihand.fitting.prior import Prior
from likelihand.fitting.rig import FloatArray, Rig
from likelihand.uncertainty import RadialTable


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
    """Read the tables out of the package, once per process.

    Example:
        >>> load_tables().poses.shape[1]
        21
    """
    content = json.loads(resources.files("likelihand.fitting").joinpath("tables.json").read_text())
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
