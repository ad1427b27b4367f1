"""Losses of keypoints: the likelihood of the paper, and those it is compared with.

Every loss takes arrays and gives arrays. `loss(...)` is the weighted mean over the labelled keypoints;
`reduction="none"` gives (N, K), already multiplied by the weight and 0 where the weight is 0, so that
`values.sum() / weight.sum()` is the mean. Targets of weight 0 may be anything, NaN included; where nothing is
labelled the loss is 0 and still has a gradient. Arithmetic is float32 or wider, also under autocast.

Adding a loss: derive from `StageLoss`, set `stages`, write `of_prediction`, run
`likelihand.testing.check_loss` on it.
"""

from likelihand.losses.detection import DetectionLoss
from likelihand.losses.distances import HeatmapCrossEntropy, HeatmapLoss, IntegralLoss
from likelihand.losses.likelihood import ResidualLogLikelihood
from likelihand.losses.schedule import WarmStart
from likelihand.losses.stage import StageLoss

__all__ = [
    "DetectionLoss",
    "HeatmapCrossEntropy",
    "HeatmapLoss",
    "IntegralLoss",
    "ResidualLogLikelihood",
    "StageLoss",
    "WarmStart",
]
