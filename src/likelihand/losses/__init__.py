"""Losses: the paper's likelihood, its baselines, and the detector's loss.

Every loss of keypoints takes arrays and returns arrays. `loss(...)` is the weighted mean over the labelled
keypoints; `reduction="none"` returns (N, K), already multiplied by the weight and 0 where the weight is 0, so that
`values.sum() / weight.sum()` is the mean. Targets of weight 0 may be anything, NaN included; where nothing is
labelled the loss is 0 and still has a gradient. Arithmetic is float32 or wider, also under autocast.

Adding a loss of keypoints: derive from `StageLoss`, set `stages`, write `of_prediction`, run
`likelihand.testing.check_loss` on it. Adding any other: write what `Criterion` asks for, run
`likelihand.testing.check_criterion` on it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from likelihand.losses.criterion import Batch, Criterion
from likelihand.losses.densities import checked_count, density_from_config
from likelihand.losses.detection import DetectionLoss
from likelihand.losses.distances import HeatmapCrossEntropy, HeatmapLoss, IntegralLoss
from likelihand.losses.likelihood import ResidualLogLikelihood
from likelihand.losses.schedule import WarmStart
from likelihand.losses.sources import SourceConditional
from likelihand.losses.stage import StageLoss
from likelihand.losses.weighted import ScaleWeighted
from likelihand.utils.own import build_own

__all__ = [
    "Batch",
    "Criterion",
    "DetectionLoss",
    "HeatmapCrossEntropy",
    "HeatmapLoss",
    "IntegralLoss",
    "ResidualLogLikelihood",
    "ScaleWeighted",
    "SourceConditional",
    "StageLoss",
    "WarmStart",
    "from_config",
]

_OWN: Final[dict[str, Callable[..., Criterion]]] = {
    own.__name__: own
    for own in (
        *(DetectionLoss, HeatmapCrossEntropy, HeatmapLoss, IntegralLoss),
        *(ResidualLogLikelihood, ScaleWeighted, SourceConditional, WarmStart),
    )
}


def from_config(config: Mapping[str, Any]) -> Criterion:
    """Build the loss that a `config()` describes, with fresh weights.

    Only the library's own classes are built: a configuration may come with a file from anywhere.

    Raises:
        ValueError: the class is not the library's, or the arguments do not fit it.

    Example:
        >>> loss = WarmStart(ResidualLogLikelihood(2, symmetric=True), HeatmapCrossEntropy(2), steps=100)
        >>> from_config(loss.config()).config() == loss.config()
        True
    """

    def build(own: Callable[..., Criterion]) -> Criterion:
        return own(**{key: _argument(config, key) for key in config if key != "class"})

    return build_own(config, _OWN, build, "loss", "build a loss of your own in Python")


def _argument(config: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401
    """Build the part of a description that an argument is."""
    value = config[key]
    if key in ("loss", "helper"):
        return from_config(value)
    if key == "density" and value is not None:
        return [density_from_config(each) for each in value]
    if key == "steps" and value is None:
        return float("inf")
    if key in ("stages", "sources") or (key == "keypoints" and value is not None):
        return checked_count(config, key)
    return value
