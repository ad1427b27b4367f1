"""Stages of the sequential network: what a stage makes of the features and of the stage before."""

from collections.abc import Callable
from typing import Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likelihand.models.heads import HEATMAP_STRIDE, HeatmapHead, ScaleHead, Upsampling, pointwise
from likelihand.ops.heatmaps import Prediction, cell_centres, spatial_softmax


class Stage(nn.Module):
    """Makes heatmaps and scales from the global feature and, after the first stage, the previous heatmaps.

    Section III-A of the paper: the global feature through a 1x1 convolution; the previous heatmaps averaged down
    to the feature's size and through a 1x1 convolution of their own, so that both have a say of equal width; the
    two joined; two heads.

    Args:
        channels: of the global feature.
        width: of the stage.
        keypoints: heatmaps.
        doublings: between feature and heatmap.
        refines: whether previous heatmaps come in.
        upsampling: makes a layer of the heatmap head.

    Example:
        >>> from likelihand.models.heads import transposed_convolution
        >>> stage = Stage(32, 16, 21, 3, True, transposed_convolution)
        >>> zeros = torch.zeros(2, 21, 2)
        >>> joined = stage.join(torch.zeros(2, 32, 8, 8), Prediction(torch.zeros(2, 21, 64, 64), zeros, zeros))
        >>> joined.shape, stage.heatmaps(joined).shape
        (torch.Size([2, 32, 8, 8]), torch.Size([2, 21, 64, 64]))
    """

    def __init__(
        self, channels: int, width: int, keypoints: int, doublings: int, refines: bool, upsampling: Upsampling
    ) -> None:
        super().__init__()
        self.reduce = pointwise(channels, width)
        self.recall = pointwise(keypoints, width) if refines else None
        self.pooling = 2**doublings
        joined = 2 * width if refines else width
        self.heatmaps = HeatmapHead(joined, width, keypoints, doublings, upsampling)
        self.scales = ScaleHead(joined, width, keypoints)

    def join(self, features: Tensor, previous: Prediction | None) -> Tensor:
        """Join the global feature (N, channels, h, w) with what the stage before has found; None for the first."""
        reduced: Tensor = self.reduce(features)
        if self.recall is None or previous is None:
            return reduced
        return torch.cat([reduced, self.recall(F.avg_pool2d(previous.heatmaps, self.pooling))], 1)


LaterStage: TypeAlias = Callable[[int, int, int, int, Upsampling], Stage]
"""Makes a stage after the first, from channels, width, keypoints, doublings and upsampling; see `Stage`."""


def recalling_stage(channels: int, width: int, keypoints: int, doublings: int, upsampling: Upsampling) -> Stage:
    """Make the paper's later stage: the previous logits, averaged, through a 1x1 convolution."""
    return Stage(channels, width, keypoints, doublings, True, upsampling)


def refining_stage(channels: int, width: int, keypoints: int, doublings: int, upsampling: Upsampling) -> Stage:
    """Make a `RefiningStage`."""
    return RefiningStage(channels, width, keypoints, doublings, upsampling)


class RefiningStage(Stage):
    """Looks around on a finer grid: 7x7 kernels over the features and all that the stage before has found.

    The paper's stage works at the backbone's stride and sees one cell at a time. This one works at stride 8. It
    reduces and enlarges the features, and adds for every keypoint

    - the share of the previous softmax in a cell;
    - where the cell lies from the previous point, along x and y in units of the previous scale, squashed to -1..1
      by x / (1 + abs(x)): points and scales as a picture, so that a cell knows its place in the hand.

    Two depthwise 7x7 convolutions, each before a 1x1 convolution, mix them: a cell sees 6 others to each side, 48
    pixels. As in the paper's stage, gradients go back through the heatmaps; none goes back through points and
    scales, so that a scale is taught by the likelihood of its own stage alone.

    Args:
        channels: of the backbone's features.
        width: of the stage.
        keypoints: heatmaps.
        doublings: between features and heatmaps.
        upsampling: makes a layer of the heatmap head.

    Example:
        >>> from likelihand.models.heads import transposed_convolution
        >>> stage = RefiningStage(32, 16, 21, 3, transposed_convolution)
        >>> zeros = torch.zeros(2, 21, 2)
        >>> joined = stage.join(torch.zeros(2, 32, 8, 8), Prediction(torch.zeros(2, 21, 64, 64), zeros, zeros))
        >>> joined.shape, stage.heatmaps(joined).shape
        (torch.Size([2, 16, 32, 32]), torch.Size([2, 21, 64, 64]))
    """

    DOUBLINGS: Final = 1
    """From the stage's grid to the heatmaps."""
    KERNEL: Final = 7

    def __init__(self, channels: int, width: int, keypoints: int, doublings: int, upsampling: Upsampling) -> None:
        inner = min(doublings, self.DOUBLINGS)
        super().__init__(channels, width, keypoints, inner, False, upsampling)
        self.enlargement = 2 ** (doublings - inner)
        self.found = nn.Sequential(nn.BatchNorm2d(3 * keypoints), *pointwise(3 * keypoints, width))
        self.mix = nn.Sequential(separable(2 * width, width, self.KERNEL), separable(width, width, self.KERNEL))

    def join(self, features: Tensor, previous: Prediction | None) -> Tensor:
        """Join features (N, channels, h, w) with what the stage before has found, on the stage's own grid."""
        assert previous is not None, "a refining stage has one before it"
        reduced = self.reduce(features)
        if self.enlargement > 1:
            reduced = F.interpolate(reduced, scale_factor=self.enlargement, mode="bilinear")
        joined: Tensor = self.mix(torch.cat([reduced, self.found(planes(previous, self.pooling))], 1))
        return joined


def separable(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Make a depthwise convolution that keeps height and width, and a 1x1 convolution with norm and ReLU."""
    around = nn.Conv2d(inputs, inputs, kernel, padding=kernel // 2, groups=inputs, bias=False)
    return nn.Sequential(around, *pointwise(inputs, outputs))


def planes(found: Prediction, pooling: int) -> Tensor:
    """Lay a prediction out as (N, 3 K, h, w): softmax, and squashed offsets from the points along x and along y.

    Heatmaps are (N, K, pooling h, pooling w) logits. No gradient goes back through points and scales.

    Example:
        >>> at_12 = torch.full((1, 1, 2), 12.0)
        >>> planes(Prediction(torch.zeros(1, 1, 4, 4), at_12, (0.0 * at_12 + 4).log()), 2)[0, :, 0]
        tensor([[ 0.2500,  0.2500],
                [-0.6667,  0.0000],
                [-0.6667, -0.6667]])
    """
    share = F.avg_pool2d(spatial_softmax(found.heatmaps), pooling) * pooling**2
    height, width = share.shape[-2:]
    mean, scale = found.mean.detach().unsqueeze(-1), found.log_scale.detach().exp().unsqueeze(-1)
    stride = HEATMAP_STRIDE * pooling
    x = F.softsign((cell_centres(width, stride, mean) - mean[:, :, 0]) / scale[:, :, 0])
    y = F.softsign((cell_centres(height, stride, mean) - mean[:, :, 1]) / scale[:, :, 1])
    return torch.cat([share, x.unsqueeze(-2).expand_as(share), y.unsqueeze(-1).expand_as(share)], 1)
