"""Weight a likelihood so that uncertain keypoints keep their gradient."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from likelihand.losses.stage import StageLoss
from likelihand.ops.heatmaps import Prediction


class ScaleWeighted(StageLoss):
    r"""Weights every keypoint of a likelihood by its predicted scale.

    The gradient of a likelihood's mean is divided by the scale, so that keypoints of a large scale hardly move any
    more: what is hard stays badly learnt. Seitzer et al., On the Pitfalls of Heteroscedastic Uncertainty
    Estimation with Probabilistic Neural Networks (2022), weigh each value by a power of the scale through which no
    gradient flows ("beta-NLL"), in one dimension the variance to the power beta. Over the plane

    .. math:: w = (\hat\sigma_x \hat\sigma_y / u^2)^{\beta}

    beta = 0 is the likelihood itself. The gradient of the mean goes with the scale to the power -2 under a normal
    density and -1 under a Laplace density: beta = 1 makes the first, and 1/2 the second, the same for every scale.

    Args:
        loss: a likelihood.
        beta: 0 to 1.
        unit: u, the scale in crop pixels at which a keypoint weighs 1.

    Raises:
        ValueError: beta is outside 0..1, or the unit not above 0.

    Example:
        >>> from likelihand.losses import ResidualLogLikelihood
        >>> ScaleWeighted(ResidualLogLikelihood(stages=2), beta=0.5).stages
        2
    """

    def __init__(self, loss: StageLoss, beta: float = 0.5, unit: float = 1.0) -> None:
        super().__init__()
        if not 0 <= beta <= 1:
            raise ValueError(f"beta is {beta}: expected 0 to 1")
        if not unit > 0:
            raise ValueError(f"unit is {unit}: expected crop pixels, more than 0")
        self.stages, self.loss, self.beta, self.unit = loss.stages, loss, beta, unit

    def extra_repr(self) -> str:
        """Show the arguments."""
        return f"beta={self.beta:g}, unit={self.unit:g}"

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted nats (N, K) of one stage, times the scale's weight."""
        value = self.loss.of_prediction(prediction, target, weight, stage)
        return value * self._factor(prediction.log_scale).to(value.dtype)

    def of_predictions(self, predictions: Sequence[Prediction], target: Tensor, weight: Tensor) -> Tensor:
        """Compute the weighted nats (stages, N, K), times the scale's weight."""
        value = self.loss.of_predictions(predictions, target, weight)
        return value * self._factor(torch.stack([p.log_scale for p in predictions])).to(value.dtype)

    def _factor(self, log_scale: Tensor) -> Tensor:
        return (self.beta * (log_scale.detach().sum(-1) - 2 * math.log(self.unit))).exp()

    def config(self) -> dict[str, Any] | None:
        """Describe the loss in plain values for JSON; None where the likelihood has no description."""
        loss = self.loss.config()
        if loss is None:
            return None
        return {"class": type(self).__name__, "loss": loss, "beta": self.beta, "unit": self.unit}
