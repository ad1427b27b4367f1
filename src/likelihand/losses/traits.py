"""The loss of a hand's traits: side and presence."""

from torch import Tensor
from torch.nn import functional as F

from likelihand.ops.heatmaps import widen


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
