"""Base class of keypoint losses: masks, weights and reduction."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likelihand.losses.criterion import TRAITS_TERM, Batch
from likelihand.ops.heatmaps import Prediction, widen
from likelihand.structures import KeypointLabels


def trait_loss(logits: Tensor, traits: Tensor) -> Tensor:
    r"""Compute minus the log-likelihood of known traits, in nats.

    .. math:: -\sum_t \big(y_t \log p_t + (1 - y_t) \log(1 - p_t)\big), \qquad p = \mathrm{sigmoid}(logits)

    Args:
        logits: (N, T).
        traits: (N, T): 1 for yes, 0 for no, NaN where unknown, which costs nothing.

    Returns:
        (N,), summed over the known traits.

    Raises:
        ValueError: shapes do not fit.

    Example:
        >>> import torch
        >>> trait_loss(torch.zeros(2, 2), torch.tensor([[1.0, torch.nan], [0.0, 1.0]]))
        tensor([0.6931, 1.3863])
    """
    if logits.shape != traits.shape:
        raise ValueError(f"traits {tuple(traits.shape)}: expected the shape of the logits, {tuple(logits.shape)}")
    known = ~traits.isnan()
    values = F.binary_cross_entropy_with_logits(widen(logits), widen(traits.nan_to_num(0.0)), reduction="none")
    return (values * known).sum(1)


Reduction: TypeAlias = Literal["mean", "none"]


def reduce(values: Tensor, weight: Tensor, reduction: Reduction) -> Tensor:
    """Reduce weighted values (N, K) to their weighted mean, which is 0 where nothing is labelled, or leave them.

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
    """Check the shapes of target (N, K, 2) and weight (N, K); return (N, K) which keypoints are labelled.

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
    """A criterion of keypoints: a value for every keypoint of every stage's prediction.

    A loss derives from it, sets `stages` and writes `of_prediction`; the rest follows. Its terms are the stages,
    named "1", "2" and so on and divided by the number of labelled keypoints, and "traits", the nats of a network
    that says whether a hand is a right one or none at all, divided by the number of known traits.

    Attributes:
        stages: how many stages it is made for.
    """

    stages: int = 0

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

    def of_batch(self, predictions: Sequence[Prediction], batch: Batch) -> dict[str, Tensor]:
        """Compute the loss of every stage, summed over a sample's keypoints, and that of its traits.

        Raises:
            ValueError: the batch holds no single hands, or the loss is made for another number of stages than the
                network has.
        """
        labels = keypoint_labels(batch)
        if self.stages != len(predictions):
            raise ValueError(
                f"the loss is made for {self.stages} stages and the network has {len(predictions)}: "
                f"give the loss stages={len(predictions)}"
            )
        values = self.of_predictions(predictions, labels.target, labels.weight).sum(-1)
        terms = {str(i): value for i, value in enumerate(values, 1)}
        logits = predictions[-1].traits
        return terms if logits is None else terms | {TRAITS_TERM: trait_loss(logits, labels.traits)}

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        """Count the labelled keypoints, by their weight, for each stage, and the known traits."""
        labels = keypoint_labels(batch)
        labelled = labels.weight.sum()
        stages = {str(i + 1): labelled for i in range(self.stages)}
        return stages | {TRAITS_TERM: (~labels.traits.isnan()).sum().to(labelled)}

    def set_step(self, step: int) -> None:
        """Set the number of finished steps, for losses that change during training and the losses inside them."""
        for part in self.children():
            if isinstance(part, StageLoss):
                part.set_step(step)

    def config(self) -> dict[str, Any] | None:
        """Describe the loss in plain values for JSON; None where no file could rebuild it."""
        return None


def keypoint_labels(batch: Batch) -> KeypointLabels[Tensor]:
    """Return the labels of a batch of single hands.

    Raises:
        ValueError: the batch holds something else.
    """
    if not isinstance(batch.labels, KeypointLabels):
        raise ValueError(
            f"the data give {type(batch.labels).__name__} and this loss takes the keypoints of single hands: "
            "train a detector with DetectionLoss"
        )
    return batch.labels
