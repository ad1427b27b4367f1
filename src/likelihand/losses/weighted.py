"""A likelihood that does not give up on what it is unsure of."""

from collections.abc import Sequence

import torch
from torch import Tensor

from likelihand.losses.stage import StageLoss
from likelihand.ops.heatmaps import Prediction


class ScaleWeighted(StageLoss):
    r"""Weighs every keypoint of a likelihood by the scale that is predicted for it.

    The gradient of a likelihood's mean is divided by the scale, so that keypoints of a large scale hardly move any
    more: what is hard stays badly learnt. Seitzer et al., On the Pitfalls of Heteroscedastic Uncertainty
    Estimation with Probabilistic Neural Networks (2022), weigh each value by a power of the scale through which no
    gradient flows ("beta-NLL"), in one dimension the variance to the power beta. Over the plane

    .. math:: w = (\hat\sigma_x \hat\sigma_y)^{\beta} / \overline{(\hat\sigma_x \hat\sigma_y)^{\beta}}

    beta = 0 is the likelihood itself. The gradient of the mean goes with the scale to the power -2 under a normal
    density and -1 under a Laplace density: beta = 1 makes the first, and 1/2 the second, the same for every scale.
    Divided by its average over the labelled keypoints of a stage, the weight has no unit and averages 1.

    Args:
        loss: a likelihood.
        beta: 0 to 1.

    Raises:
        ValueError: beta is outside 0..1.

    Example:
        >>> from likelihand.losses import ResidualLogLikelihood
        >>> ScaleWeighted(ResidualLogLikelihood(stages=2), beta=0.5).stages
        2
    """

    def __init__(self, loss: StageLoss, beta: float = 0.5) -> None:
        super().__init__()
        if not 0 <= beta <= 1:
            raise ValueError(f"beta is {beta}: expected 0 to 1")
        self.stages, self.loss, self.beta = loss.stages, loss, beta

    def extra_repr(self) -> str:
        """Show the arguments."""
        return f"beta={self.beta:g}"

    def set_step(self, step: int) -> None:
        """Tell the likelihood how many steps are done."""
        self.loss.set_step(step)

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted nats (N, K) of one stage, times the scale's weight."""
        value = self.loss.of_prediction(prediction, target, weight, stage)
        return value * self._factor(prediction.log_scale, weight).to(value.dtype)

    def of_predictions(self, predictions: Sequence[Prediction], target: Tensor, weight: Tensor) -> Tensor:
        """Compute the weighted nats (stages, N, K), times the scale's weight."""
        value = self.loss.of_predictions(predictions, target, weight)
        factors = [self._factor(prediction.log_scale, weight) for prediction in predictions]
        return value * torch.stack(factors).to(value.dtype)

    def _factor(self, log_scale: Tensor, weight: Tensor) -> Tensor:
        labelled = weight > 0
        log_area = self.beta * log_scale.detach().sum(-1)
        factor = torch.where(labelled, log_area, 0.0).exp() * labelled
        return factor * labelled.sum() / factor.sum().clamp_min(torch.finfo(factor.dtype).tiny)
