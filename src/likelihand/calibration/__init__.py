"""Fits what turns a model's scale into honest regions, stores it in the model's file, and scores it.

`observe` runs a model over labelled hands, `observe_looks` several times and `join` puts the looks together; `fit`
makes the model's base `likelihand.uncertainty.Calibration` of what was seen, `adjust` one for other pictures or
several looks; `compare` scores it beside other statements of uncertainty, `leave_one_out` on sources that it was
not fitted on; `store` writes it into the file.
"""

from likelihand.calibration.adjust import adjust
from likelihand.calibration.compare import Comparison, compare
from likelihand.calibration.fit import covariance_of, fit
from likelihand.calibration.observe import Observations, halves, join, observe, observe_looks, simulated
from likelihand.calibration.sources import LeftOut, balanced, leave_one_out, source_of
from likelihand.calibration.store import store

__all__ = [
    "Comparison",
    "LeftOut",
    "Observations",
    "adjust",
    "balanced",
    "compare",
    "covariance_of",
    "fit",
    "halves",
    "join",
    "leave_one_out",
    "observe",
    "observe_looks",
    "simulated",
    "source_of",
    "store",
]
