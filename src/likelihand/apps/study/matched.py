"""A warm start with the same relative weight for every loss."""

from collections.abc import Sequence

import torch
from torch import Tensor

from likelihand.losses import StageLoss
from likelihand.models.heads import HEATMAP_STRIDE
from likelihand.ops.heatmaps import Prediction, soft_argmax


class MatchedWarmStart(StageLoss):
    r"""Adds a helper to a loss with a gradient of a fixed size relative to the loss's own, and fades it out.

    With g the gradients of the two on the logits of a stage's heatmaps, over the batch of a step, the sum is

    .. math:: L + f\, \frac{\lVert g_L \rVert}{\lVert g_{helper} \rVert}\, L_{helper}, \qquad
              f = ratio \cdot \max(0, 1 - step / steps)

    A fixed weight compares nothing: the gradient of a likelihood is divided by the scale, that of L1 counts
    pixels, and both change in training. Here the helper has the same share of the direction in which Adam steps
    whatever the loss beside it. In evaluation, without gradients, the helper is left out.
    The weight is one for the whole batch: unlike with other losses, a sample's value depends a little on its
    neighbours.

    Args:
        loss: of the softmax's mean; it is what is trained in the end.
        helper: for as many stages, as `HeatmapCrossEntropy`.
        steps: the helper is gone after these.
        ratio: of the norm of the helper's gradient to the loss's at the start.

    Raises:
        ValueError: the two are made for different numbers of stages, or `steps` or `ratio` is not above 0.

    Example:
        >>> from likelihand.losses import HeatmapCrossEntropy, IntegralLoss
        >>> loss = MatchedWarmStart(IntegralLoss(), HeatmapCrossEntropy(), steps=1000, ratio=4.0)
        >>> loss.set_step(250)
        >>> loss.fade
        3.0
    """

    def __init__(self, loss: StageLoss, helper: StageLoss, steps: float, ratio: float) -> None:
        super().__init__()
        if loss.stages != helper.stages:
            raise ValueError(f"loss has {loss.stages} stages, helper {helper.stages}: give both the network's")
        if not (steps > 0 and ratio > 0):
            raise ValueError(
                f"steps {steps}, ratio {ratio}: expected more than 0; for no helper use the loss alone"
            )
        self.stages, self.loss, self.helper, self.steps, self.ratio = loss.stages, loss, helper, steps, ratio
        self.fade = ratio

    def extra_repr(self) -> str:
        """Show the arguments."""
        return f"steps={self.steps:g}, ratio={self.ratio:g}"

    def set_step(self, step: int) -> None:
        """Set the helper's share for the step after `step` steps are done."""
        super().set_step(step)
        self.fade = self.ratio * max(0.0, 1 - step / self.steps)

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted sum (N, K) of the loss and what is left of the helper."""
        value = self.loss.of_prediction(prediction, target, weight, stage)
        return value + self._help(prediction, target, weight, stage)

    def of_predictions(self, predictions: Sequence[Prediction], target: Tensor, weight: Tensor) -> Tensor:
        """Compute the weighted sums (stages, N, K)."""
        value = self.loss.of_predictions(predictions, target, weight)
        helped = [self._help(prediction, target, weight, i) for i, prediction in enumerate(predictions)]
        return torch.stack([each + more for each, more in zip(value, helped, strict=True)])

    def _help(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor | float:
        if self.fade == 0 or not torch.is_grad_enabled():
            return 0.0
        own, other = (gradient_norm(loss, prediction, target, weight, stage) for loss in (self.loss, self.helper))
        factor = self.fade * own / other if other > 0 else 0.0
        return factor * self.helper.of_prediction(prediction, target, weight, stage)


def gradient_norm(
    loss: StageLoss, prediction: Prediction, target: Tensor, weight: Tensor, stage: int = 0
) -> float:
    """Measure the norm of a loss's gradient on the logits of one stage's heatmaps, through their softmax's mean.

    The logits are cut off from the network, so that what a later stage makes of them does not count. The loss is
    summed over samples and keypoints; `target` (N, K, 2) is in crop pixels, `weight` is (N, K).

    Example:
        >>> from likelihand.losses import IntegralLoss
        >>> zeros = torch.zeros(1, 1, 2)
        >>> prediction = Prediction(torch.zeros(1, 1, 2, 2), zeros, zeros)
        >>> round(gradient_norm(IntegralLoss(), prediction, torch.full((1, 1, 2), 5.0), torch.ones(1, 1)), 4)
        1.4142
    """
    leaf = prediction.heatmaps.detach().requires_grad_()
    with torch.enable_grad():
        cut = Prediction(leaf, soft_argmax(leaf, HEATMAP_STRIDE), prediction.log_scale.detach())
        total = loss.of_prediction(cut, target, weight, stage).sum()
    (gradient,) = torch.autograd.grad(total, leaf)
    return float(gradient.norm())
