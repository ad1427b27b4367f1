"""Losses that change during training."""

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from likelihand.losses.stage import StageLoss
from likelihand.ops.heatmaps import Prediction


class WarmStart(StageLoss):
    r"""Adds a helper to a loss and fades it out over the first steps.

    .. math:: L + w \max(0, 1 - step / steps)\, L_{helper}

    Call `set_step` with the number of steps done before every step. Nothing is remembered but that number.

    Args:
        loss: what is trained in the end.
        helper: for as many stages, say `HeatmapCrossEntropy`.
        steps: the helper is gone after these; `math.inf` keeps it.
        weight: of the helper at the start.

    Raises:
        ValueError: the two are made for different numbers of stages, or steps is not above 0.

    Example:
        >>> from likelihand.losses import HeatmapCrossEntropy, ResidualLogLikelihood
        >>> loss = WarmStart(ResidualLogLikelihood(), HeatmapCrossEntropy(), steps=1000)
        >>> loss.set_step(250)
        >>> loss.fade
        0.75
    """

    def __init__(self, loss: StageLoss, helper: StageLoss, steps: float, weight: float = 1.0) -> None:
        super().__init__()
        if loss.stages != helper.stages:
            raise ValueError(f"loss has {loss.stages} stages, helper {helper.stages}: give both the network's")
        if not steps > 0:
            raise ValueError(f"steps {steps}: expected more than 0; for no warm start use the loss alone")
        self.stages, self.loss, self.helper, self.steps, self.weight = loss.stages, loss, helper, steps, weight
        self.fade = weight

    def set_step(self, step: int) -> None:
        """Set the helper's weight for the step after `step` steps are done."""
        super().set_step(step)
        self.fade = self.weight * max(0.0, 1 - step / self.steps)

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted sum (N, K) of the loss and what is left of the helper."""
        value = self.loss.of_prediction(prediction, target, weight, stage)
        if self.fade == 0:
            return value
        return value + self.fade * self.helper.of_prediction(prediction, target, weight, stage)

    def of_predictions(self, predictions: Sequence[Prediction], target: Tensor, weight: Tensor) -> Tensor:
        """Compute the weighted sums (stages, N, K)."""
        value = self.loss.of_predictions(predictions, target, weight)
        if self.fade == 0:
            return value
        return value + self.fade * self.helper.of_predictions(predictions, target, weight)

    def config(self) -> dict[str, Any] | None:
        """Describe both losses in plain values for JSON; None where one of them has no description."""
        loss, helper = self.loss.config(), self.helper.config()
        if loss is None or helper is None:
            return None
        steps = None if math.isinf(self.steps) else self.steps
        return {
            "class": type(self).__name__,
            "loss": loss,
            "helper": helper,
            "steps": steps,
            "weight": self.weight,
        }
