"""Run a model over labelled hands once, and compute every score from the result.

`predictions` runs the model; `score`, and the functions of the packages `calibration` and `audit` in here, take
what it returns. `evaluate` is both for scores alone.
"""

from likelihand.evaluation.collect import predictions, predictions_by_look
from likelihand.evaluation.keypoints import Report, evaluate, evenly, score
from likelihand.evaluation.models import EveryStage, Function
from likelihand.evaluation.structures import Predictions, concatenated

__all__ = [
    "EveryStage",
    "Function",
    "Predictions",
    "Report",
    "concatenated",
    "evaluate",
    "evenly",
    "predictions",
    "predictions_by_look",
    "score",
]
