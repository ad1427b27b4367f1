"""The protocol of a loss in training, whatever the network predicts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from likelihand.structures import KeypointLabels, SceneLabels

TRAITS_TERM: Final = "traits"
"""Name of the term that `TrainConfig.trait_weight` multiplies."""


class Batch(NamedTuple):
    """Inputs of a network and their targets.

    Attributes:
        crops: (N, H, W, 3) uint8.
        labels: a named tuple of tensors whose first axis is N: `KeypointLabels` of crops of one hand,
            `SceneLabels` of whole pictures.
        indices: (N,) int64 positions in the data set.

    Example:
        >>> labels = KeypointLabels(torch.zeros(5, 21, 2), torch.ones(5, 21), torch.full((5, 2), torch.nan))
        >>> batch = Batch(torch.zeros(5, 8, 8, 3, dtype=torch.uint8), labels, torch.arange(5))
        >>> [len(part.crops) for part in batch.split(2)]
        [3, 2]
    """

    crops: Tensor
    labels: KeypointLabels[Tensor] | SceneLabels[Tensor]
    indices: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Send all but the indices to a device; a page-locked batch without waiting for it."""
        labels = type(self.labels)(*(each.to(device, non_blocking=True) for each in self.labels))
        return Batch(self.crops.to(device, non_blocking=True), labels, self.indices)

    def split(self, parts: int) -> "list[Batch]":
        """Cut it into so many batches, of equal size or one sample apart, in order."""
        crops, indices = self.crops.tensor_split(parts), self.indices.tensor_split(parts)
        columns = zip(*(each.tensor_split(parts) for each in self.labels), strict=True)
        labels = [type(self.labels)(*column) for column in columns]
        return [Batch(*part) for part in zip(crops, labels, indices, strict=True)]


@runtime_checkable
class Criterion(Protocol):
    r"""A loss that `likelihand.train` can use.

    It splits a batch's loss into named terms, and each term into samples. Training adds up

    .. math:: \sum_{term} w_{term} \frac{\sum_n values_{term,n}}{counts_{term}}

    with the counts of all processes and passes of a step, so that a step is the same however its batch is spread.
    All weights are 1 but that of the term "traits". A criterion is an `nn.Module`: its parameters are trained too.
    `likelihand.losses.StageLoss` does all of this for losses of keypoints; `likelihand.testing.check_criterion`
    checks one of your own.
    """

    def of_batch(self, predictions: Sequence[Any], batch: Batch) -> Mapping[str, Tensor]:
        """Compute the loss of a batch.

        Args:
            predictions: what the network returned for `batch.crops`.
            batch: the inputs and their labels.

        Returns:
            Name of a term -> values (N,), each sample's own: it depends on no other sample of the batch.
        """
        ...

    def counts(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return each term's denominator as a scalar, e.g. the number of labelled keypoints.

        Every batch has the same names in the same order, those of terms that this network does not have among
        them.
        """
        ...

    def set_step(self, step: int) -> None:
        """Set the number of finished steps, before every step; most losses ignore it."""
        ...

    def config(self) -> dict[str, Any] | None:
        """Describe itself in plain values for JSON, {"class": name, argument: value}; None where it cannot.

        A checkpoint keeps it; `likelihand.losses.from_config` builds the library's own losses from it.
        """
        ...
