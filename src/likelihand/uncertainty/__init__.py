"""Calibrated uncertainty: covariances, regions and probabilities.

NumPy alone. The deviation of a keypoint from its estimate is modelled as elliptical: a covariance C gives shape
and size, and a monotone map, the same for every keypoint, takes the distance d = sqrt(e^T C^-1 e) of a deviation e
to the probability of a smaller one. `likelihand.evaluation.calibration` fits both; the model's file carries them
as JSON.
"""

from likelihand.uncertainty.calibration import (
    NARROWEST,
    PHOTOS,
    RENDERED,
    Calibration,
    Calibrations,
    look_covariance,
)
from likelihand.uncertainty.plane import (
    EDGE,
    REACH,
    Ellipses,
    FloatArray,
    determinant,
    diagonal,
    edge_nearness,
    ellipses,
    mahalanobis,
    principal_variances,
    size_of_hand,
)
from likelihand.uncertainty.radial import (
    GAUSSIAN,
    LONGEST_TABLE,
    ONE_SIGMA,
    UNIT,
    Gaussian,
    Radial,
    RadialTable,
    chance_within,
    log_density,
)

__all__ = [
    "EDGE",
    "GAUSSIAN",
    "LONGEST_TABLE",
    "NARROWEST",
    "ONE_SIGMA",
    "PHOTOS",
    "REACH",
    "RENDERED",
    "UNIT",
    "Calibration",
    "Calibrations",
    "Ellipses",
    "FloatArray",
    "Gaussian",
    "Radial",
    "RadialTable",
    "chance_within",
    "determinant",
    "diagonal",
    "edge_nearness",
    "ellipses",
    "log_density",
    "look_covariance",
    "mahalanobis",
    "principal_variances",
    "size_of_hand",
]
