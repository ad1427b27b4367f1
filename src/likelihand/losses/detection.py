"""The loss of a detector: presence, box and side of hands."""

from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likelihand.losses.criterion import Batch
from likelihand.ops.box_coding import BoxMaps, encode, grid_centres
from likelihand.ops.heatmaps import widen
from likelihand.structures import SceneLabels

NARROW: Final = 0.09
"""Sigma of the bell around the middle of a hand, as a share of the box's width and height (0.54 / 6)."""
TERM: Final = "hands"
"""Name of its only term."""


class DetectionLoss(nn.Module):
    r"""Computes the loss of `BoxMaps`: a focal loss of the presence, likelihoods of box and side.

    The presence has the penalty-reduced focal loss of Zhou et al., Objects as Points (2019), with a bell per hand
    as wide as in Liu et al., Training-Time-Friendly Network (2020), whose cells all take part in the box, each
    by its bell's height. The box b, four numbers, has the likelihood of Laplace's density around the predicted
    mean, with the predicted scale (the maximum-likelihood road of this library, without a flow):

    .. math:: \tfrac14 \sum_{k} \Big(\frac{|b_k - \mu_k|}{\sigma_k} + \log 2 \sigma_k\Big)

    so that no weight between position and size is to be chosen, and boxes that are wrong at times cost little. It
    is a `likelihand.losses.Criterion`: a batch's loss is divided by the number of its pictures and hands.

    Args:
        doubt: a picture that is not labelled completely has hands that nobody labelled: its cells of a higher
            chance than this cost nothing.

    Example:
        >>> maps = BoxMaps(*(torch.zeros(1, 4, 4, *end) for end in ((), (4,), (4,), ())), stride=8)
        >>> boxes, one = torch.tensor([[[4.0, 4.0, 28.0, 28.0]]]), torch.ones(1, 1)
        >>> empty, hands = DetectionLoss()(maps, SceneLabels(boxes, one, one, one[0]))
        >>> empty.shape, hands.shape
        (torch.Size([1]), torch.Size([1, 1]))
    """

    def __init__(self, doubt: float = 0.8) -> None:
        super().__init__()
        self.doubt = doubt

    def forward(self, maps: BoxMaps, labels: SceneLabels[Tensor]) -> tuple[Tensor, Tensor]:
        """Compute the loss of the cells without a hand, and of every hand.

        Args:
            maps: what the network predicts.
            labels: the hands (N, M) and the places that are left out; an empty box is neither.

        Returns:
            (N,), and (N, M), 0 where there is no hand that is asked for.
        """
        presence = widen(maps.presence)
        asked = labels.asked > 0
        centres = grid_centres(presence.shape[1:], maps.stride).to(presence)
        boxes = _not_empty(labels.boxes, asked)
        bells = _bells(boxes, centres, maps.stride) * asked[..., None, None]
        empty = self._empty(presence, bells, labels, centres)
        found = _found(presence, bells) + _box(maps, boxes, bells, centres) + _side(maps, labels.right, bells)
        return empty, torch.where(asked, found, 0.0) * labels.asked

    def of_batch(self, predictions: Sequence[BoxMaps], batch: Batch) -> dict[str, Tensor]:
        """Compute the loss of a batch of pictures."""
        empty, hands = self(predictions[0], scene_labels(batch))
        return {TERM: empty + hands.sum(1)}

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        """Count the pictures and the labelled hands."""
        asked = scene_labels(batch).asked
        return {TERM: asked.sum() + len(asked)}

    def set_step(self, step: int) -> None:
        """Do nothing: the loss does not change during training."""

    def config(self) -> dict[str, Any]:
        """Describe the loss in plain values for JSON."""
        return {"class": type(self).__name__, "doubt": self.doubt}

    def _empty(self, presence: Tensor, bells: Tensor, labels: SceneLabels[Tensor], centres: Tensor) -> Tensor:
        """Sum the focal loss of the cells without a hand, (N,)."""
        chance = presence.sigmoid()
        value = (1 - bells.amax(1)) ** 4 * chance**2 * F.softplus(presence)
        unsure = (labels.complete < 0.5)[:, None, None] & (chance.detach() > self.doubt)
        x, y = centres.unbind(-1)
        x0, y0, x1, y1 = (side[..., None, None] for side in labels.boxes.unbind(-1))
        inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
        left_out = (inside & (labels.asked <= 0)[..., None, None]).any(1)
        return (value * ~(unsure | left_out)).sum((1, 2))


def scene_labels(batch: Batch) -> SceneLabels[Tensor]:
    """Return the labels of a batch of whole pictures, with room for one hand at least.

    Raises:
        ValueError: the batch holds something else.
    """
    labels = batch.labels
    if not isinstance(labels, SceneLabels):
        raise ValueError(
            f"the data give {type(labels).__name__} and a detector's loss takes whole pictures: "
            "train it on a SceneMix"
        )
    if labels.boxes.shape[1]:
        return labels
    boxes, right, asked = (
        F.pad(labels.boxes, (0, 0, 0, 1)),
        F.pad(labels.right, (0, 1)),
        F.pad(labels.asked, (0, 1)),
    )
    return SceneLabels(boxes, right, asked, labels.complete)


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
