"""Fits what turns a model's scale into honest regions, stores it in the model's file, and scores it.

`observe` runs a model over labelled hands; `fit` makes a `likelihand.uncertainty.Calibration` of what was seen;
`compare` scores it beside other statements of uncertainty; `store` writes it into the file.
"""

from likelihand.calibration.compare import Comparison, compare
from likelihand.calibration.fit import fit
from likelihand.calibration.observe import Observations, halves, observe, simulated
from likelihand.calibration.store import store

__all__ = ["Comparison", "Observations", "compare", "fit", "halves", "observe", "simulated", "store"]
