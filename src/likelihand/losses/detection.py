"""The loss of a detector: where hands are, how large, and of which side."""

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional as F

from likelihand.losses.stage import StageLoss
from likelihand.ops.box_coding import BoxMaps, encode, grid_centres
from likelihand.ops.heatmaps import widen

NARROW: Final = 0.09
"""Sigma of the bell around the middle of a hand, as a share of the box's width and height (0.54 / 6)."""


class DetectionLoss(StageLoss):
    r"""Computes the loss of `BoxMaps`: a focal loss of the presence, likelihoods of box and side.

    A picture comes as rows, each (x0, y0, x1, y1, right, trust) in crop pixels. Row 0 is the picture itself: its
    value is the loss of all cells without a hand. The other rows are hands (weight 1), or places that may hold
    one and are left out (weight 0, a box that is not empty), or nothing (an empty box).

    The presence has the penalty-reduced focal loss of Zhou et al., Objects as Points (2019), with a bell a hand
    as wide as in Liu et al., Training-Time-Friendly Network (2020), whose cells all take part in the box, each
    by its bell's height. The box b, four numbers, has the likelihood of Laplace's density around the predicted
    mean, with the predicted scale (the maximum-likelihood road of this library, without a flow):

    .. math:: \tfrac14 \sum_{k} \Big(\frac{|b_k - \mu_k|}{\sigma_k} + \log 2 \sigma_k\Big)

    so that no weight between position and size is to be chosen, and boxes that are wrong at times cost little.

    Args:
        doubt: a picture of trust 0 has hands that nobody labelled: its cells of a higher chance than this cost
            nothing.

    Example:
        >>> maps = BoxMaps(*(torch.zeros(1, 4, 4, *end) for end in ((), (4,), (4,), ())), stride=8)
        >>> rows = torch.tensor([[[0, 0, 32, 32, 0.5, 1], [4, 4, 28, 28, 1, 1]]])
        >>> DetectionLoss().of_prediction(maps, rows, torch.ones(1, 2), 0).shape
        torch.Size([1, 2])
    """

    stages = 1

    def __init__(self, doubt: float = 0.8) -> None:
        super().__init__()
        self.doubt = doubt

    def of_predictions(self, predictions: Sequence[Any], target: Tensor, weight: Tensor) -> Tensor:
        """Compute the loss (1, N, M) of the one prediction."""
        return self.of_prediction(predictions[0], target, weight, 0)[None]

    def of_prediction(self, prediction: Any, target: Tensor, weight: Tensor, stage: int) -> Tensor:  # noqa: ANN401
        """Compute the loss of every row.

        Args:
            prediction: `BoxMaps`.
            target: (N, M, 6), see above; `right` is 1, 0, or 0.5 where unknown.
            weight: (N, M), 1 for row 0.
            stage: not used.

        Returns:
            (N, M), 0 where the weight is 0.
        """
        maps: BoxMaps = prediction
        rows = target.shape[1]
        target, weight = F.pad(target, (0, 0, 0, 1)), F.pad(weight, (0, 1))  # one hand at least, if of no weight
        presence = widen(maps.presence)
        hands, counts = target[:, 1:], weight[:, 1:] > 0
        centres = grid_centres(presence.shape[1:], maps.stride).to(presence)
        boxes = _not_empty(hands[..., :4], counts)
        bells = _bells(boxes, centres, maps.stride) * counts[..., None, None]
        empty = self._empty(presence, bells, hands, counts, target[:, 0, 5], centres)
        found = _found(presence, bells) + _box(maps, boxes, bells, centres) + _side(maps, hands[..., 4], bells)
        values = torch.cat([empty[:, None], torch.where(counts, found, 0.0)], 1) * weight
        return values[:, :rows]

    def _empty(
        self, presence: Tensor, bells: Tensor, hands: Tensor, counts: Tensor, trust: Tensor, centres: Tensor
    ) -> Tensor:
        """Sum the focal loss of the cells without a hand, (N,)."""
        chance = presence.sigmoid()
        value = (1 - bells.amax(1)) ** 4 * chance**2 * F.softplus(presence)
        unsure = (trust < 0.5)[:, None, None] & (chance.detach() > self.doubt)
        x, y = centres.unbind(-1)
        x0, y0, x1, y1 = (side[..., None, None] for side in hands[..., :4].unbind(-1))
        left_out = ((x > x0) & (x < x1) & (y > y0) & (y < y1) & ~counts[..., None, None]).any(1)
        return (value * ~(unsure | left_out)).sum((1, 2))


def _not_empty(boxes: Tensor, counts: Tensor) -> Tensor:
    """Put a box of one pixel in place of those that do not count, so that logarithms exist."""
    return torch.where(counts[..., None], boxes, boxes.new_tensor([0.0, 0.0, 1.0, 1.0]))


def _bells(boxes: Tensor, centres: Tensor, stride: int) -> Tensor:
    """Draw a bell (N, M, h, w) around the cell of each box's middle: 1 there, less around."""
    size = boxes[..., 2:] - boxes[..., :2]
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    middle = ((middle / stride).floor() * stride + stride / 2).clamp(min=centres[0, 0], max=centres[-1, -1])
    residual = (centres - middle[..., None, None, :]) / (NARROW * size[..., None, None, :])
    return torch.exp(-0.5 * residual.square().sum(-1))


def _found(presence: Tensor, bells: Tensor) -> Tensor:
    """Compute the focal loss (N, M) of the cell in each hand's middle."""
    logits = (presence[:, None] * (bells >= 1)).sum((2, 3))
    return (-logits).sigmoid() ** 2 * F.softplus(-logits)


def _shares(bells: Tensor) -> Tensor:
    """Assign every cell to the hand of the highest bell there, each hand's shares summing to 1."""
    own = bells * (bells >= bells.amax(1, keepdim=True)) * (bells > 0.1)
    return own / own.sum((2, 3), keepdim=True).clamp_min(1e-6)


def _box(maps: BoxMaps, boxes: Tensor, bells: Tensor, centres: Tensor) -> Tensor:
    truth = encode(boxes[:, :, None, None], centres)
    log_scale = widen(maps.log_scale)[:, None]
    residual = (truth - widen(maps.code)[:, None]).abs() * (-log_scale).exp()
    value = (residual + log_scale).mean(-1) + torch.log(torch.tensor(2.0))
    return (value * _shares(bells)).sum((2, 3))


def _side(maps: BoxMaps, right: Tensor, bells: Tensor) -> Tensor:
    logits = widen(maps.right)[:, None].expand_as(bells)
    value = F.binary_cross_entropy_with_logits(logits, right[..., None, None].expand_as(bells), reduction="none")
    return (value * _shares(bells)).sum((2, 3)) * (right != 0.5)
