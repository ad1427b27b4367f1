"""What all losses share: masks, weights, reduction, and what training asks of them."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from likelihand.ops.heatmaps import Prediction

Reduction: TypeAlias = Literal["mean", "none"]


def reduce(values: Tensor, weight: Tensor, reduction: Reduction) -> Tensor:
    """Reduce weighted values (N, K) to their weighted mean, or leave them.

    Args:
        values: (N, K), already multiplied by the weight.
        weight: (N, K), 0 or more.
        reduction: "mean", which is 0 where nothing is labelled, or "none".

    Raises:
        ValueError: another reduction.

    Example:
        >>> reduce(torch.tensor([[3.0, 0.0]]), torch.tensor([[1.0, 0.0]]), "mean")
        tensor(3.)
    """
    if reduction == "none":
        return values
    if reduction == "mean":
        return values.sum() / weight.sum(dtype=values.dtype).clamp_min(torch.finfo(values.dtype).tiny)
    raise ValueError(f'reduction {reduction!r}: expected "mean" or "none"')


def labelled(target: Tensor, weight: Tensor, keypoints: torch.Size) -> Tensor:
    """Check the shapes of target and weight, and say which keypoints are labelled.

    Args:
        target: (N, K, 2) crop pixels.
        weight: (N, K), labelled where above 0.
        keypoints: the (N, K) of the prediction.

    Returns:
        (N, K) booleans.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> labelled(torch.zeros(1, 2, 2), torch.tensor([[0.5, 0.0]]), torch.Size([1, 2]))
        tensor([[ True, False]])
    """
    if target.shape != (*keypoints, 2) or weight.shape != keypoints:
        raise ValueError(
            f"target {tuple(target.shape)} and weight {tuple(weight.shape)} do not fit predictions of "
            f"(samples, keypoints) {tuple(keypoints)}: expected {(*keypoints, 2)} and {tuple(keypoints)}"
        )
    return weight > 0


def spread(values: Tensor, mask: Tensor, weight: Tensor) -> Tensor:
    """Put values (..., M) of the M labelled keypoints back in (..., N, K), times their weight, 0 elsewhere.

    Example:
        >>> mask = torch.tensor([[True, False]])
        >>> spread(torch.tensor([4.0]), mask, torch.tensor([[0.5, 0.0]]))
        tensor([[2., 0.]])
    """
    full = values.new_zeros(*values.shape[:-1], *mask.shape)
    full[..., mask] = values * weight[mask].to(values.dtype)
    return full


class StageLoss(nn.Module):
    """What training asks of a loss: a value for every keypoint of every stage's prediction.

    Attributes:
        stages: how many stages it is made for.
    """

    stages: int

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted loss of one stage.

        Args:
            prediction: of the stage.
            target: (N, K, 2) crop pixels.
            weight: (N, K), 0 where not labelled.
            stage: counted from 0.

        Returns:
            (N, K), 0 where the weight is 0.
        """
        raise NotImplementedError

    def of_predictions(self, predictions: Sequence[Prediction], target: Tensor, weight: Tensor) -> Tensor:
        """Compute the weighted loss of every stage: (stages, N, K), as `of_prediction` one by one."""
        return torch.stack(
            [self.of_prediction(prediction, target, weight, i) for i, prediction in enumerate(predictions)]
        )

    def set_step(self, step: int) -> None:
        """Tell a loss that changes during training how many steps are done; the others do not mind."""
