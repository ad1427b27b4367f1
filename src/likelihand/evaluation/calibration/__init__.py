"""Fit the calibration of a model's uncertainty, store it in the model file, and score it.

All of it takes `likelihand.evaluation.Predictions`. `join` combines several views of the same hands; `fit`
makes the model's base `likelihand.uncertainty.Calibration` of what was seen, `adjust` one for other pictures or
several looks, `fit_edge` what the picture's edge adds; `calibrate` does all of it. `compare` scores a calibration
beside other statements of uncertainty, `leave_one_out` on sources that it was not fitted on; `store` writes
calibrations into the file.
"""

from likelihand.evaluation.calibration.adjust import adjust
from likelihand.evaluation.calibration.compare import Comparison, compare
from likelihand.evaluation.calibration.edge import at_edge, fit_edge
from likelihand.evaluation.calibration.fit import covariance_of, density_of, fit
from likelihand.evaluation.calibration.looks import join
from likelihand.evaluation.calibration.recipe import Recipe, calibrate
from likelihand.evaluation.calibration.simulate import simulated
from likelihand.evaluation.calibration.sources import (
    LeftOut,
    balanced,
    cross_fitted,
    halves,
    leave_one_out,
    source_of,
)
from likelihand.evaluation.calibration.store import store

__all__ = [
    "Comparison",
    "LeftOut",
    "Recipe",
    "adjust",
    "at_edge",
    "balanced",
    "calibrate",
    "compare",
    "covariance_of",
    "cross_fitted",
    "density_of",
    "fit",
    "fit_edge",
    "halves",
    "join",
    "leave_one_out",
    "simulated",
    "source_of",
    "store",
]
