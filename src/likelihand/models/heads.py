"""Heads: from features to heatmaps and to scales."""

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likelihand.ops.heatmaps import widen
from likelihand.structures import TRAITS

Upsampling: TypeAlias = Callable[[int, int], nn.Module]
"""Makes a module that doubles height and width, from so many channels to so many."""

HEATMAP_STRIDE: Final = 4
SMALLEST: Final = 1e-3
LARGEST: Final = 2.0
INITIAL: Final = 0.125
"""The scale stays between the first two and starts near the third, in units of the longer side of the input."""


def doublings_to_heatmap(stride: int) -> int:
    """Count how often features of this stride must double in height and width to become heatmaps of stride 4.

    Raises:
        ValueError: no number of doublings leads there.

    Example:
        >>> doublings_to_heatmap(32)
        3
    """
    doublings = (stride // HEATMAP_STRIDE).bit_length() - 1
    if doublings < 0 or HEATMAP_STRIDE * 2**doublings != stride:
        raise ValueError(f"the backbone has stride {stride}, expected 4, 8, 16 or 32: heatmaps have stride 4")
    return doublings


def transposed_convolution(inputs: int, outputs: int) -> nn.Module:
    """Make the paper's upsampling: a 4x4 transposed convolution of stride 2."""
    return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)


def separable_transposed_convolution(inputs: int, outputs: int) -> nn.Module:
    """Make the same upsampling channel by channel, after a 1x1 convolution: about 16 times less work."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1),
        nn.ConvTranspose2d(outputs, outputs, 4, stride=2, padding=1, groups=outputs),
    )


def pointwise(inputs: int, outputs: int) -> nn.Sequential:
    """Make a 1x1 convolution with batch normalisation and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class HeatmapHead(nn.Sequential):
    """Makes logits from features by upsampling; batch normalisation and ReLU after every layer but the last.

    Args:
        inputs: channels of the features.
        width: channels between.
        keypoints: heatmaps to make.
        doublings: how many times height and width double; with 0, a 1x1 convolution makes the heatmaps.
        upsampling: makes a layer.

    Example:
        >>> HeatmapHead(16, 8, 21, 3, transposed_convolution)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 21, 64, 64])
    """

    def __init__(self, inputs: int, width: int, keypoints: int, doublings: int, upsampling: Upsampling) -> None:
        layers: list[nn.Module] = []
        for i in range(doublings - 1):
            layers += [upsampling(width if i else inputs, width), nn.BatchNorm2d(width), nn.ReLU()]
        last = width if doublings > 1 else inputs
        layers.append(upsampling(last, keypoints) if doublings else nn.Conv2d(last, keypoints, 1))
        super().__init__(*layers)


class TraitHead(nn.Module):
    """Makes the logits of `likelihand.structures.TRAITS` from features and the points that were found.

    Average pooling says what the hand looks like, the points say how it lies: thumb left of a palm that faces the
    camera is one side, of a back of the hand the other. No gradient goes back through the points.

    Args:
        channels: of the features.
        keypoints: that were found.
        width: of the layer between.

    Example:
        >>> head = TraitHead(16, 21, 8).eval()
        >>> head(torch.zeros(2, 16, 6, 6), torch.zeros(2, 21, 2)).shape
        torch.Size([2, 2])
    """

    def __init__(self, channels: int, keypoints: int, width: int) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Linear(channels + 2 * keypoints, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.output = nn.Linear(width, len(TRAITS))

    def forward(self, features: Tensor, points: Tensor) -> Tensor:
        """Compute logits (N, 2) of features (N, C, h, w) and points (N, K, 2), whatever their unit and origin."""
        return self.of_average(features.mean((-2, -1)), points)

    def of_average(self, average: Tensor, points: Tensor) -> Tensor:
        """Do the same with features that are averaged already, (N, C)."""
        points = points.detach() - points.detach().mean(1, keepdim=True)
        spread = points.square().mean((1, 2), keepdim=True).sqrt().clamp_min(1e-3)
        joined = torch.cat([average, (points / spread).flatten(1).to(average.dtype)], 1)
        logits: Tensor = self.output(self.hidden(joined))
        return widen(logits)


def features_at(heatmaps: Tensor, features: Tensor) -> Tensor:
    """Average features where each heatmap's softmax lies.

    Args:
        heatmaps: (N, K, a h, a w) logits, a whole factor a larger; no gradient goes back through them.
        features: (N, C, h, w).

    Returns:
        (N, K, C).

    Example:
        >>> features_at(torch.zeros(2, 21, 8, 8), torch.ones(2, 3, 4, 4)).unique()
        tensor([1.])
    """
    factor = heatmaps.shape[-1] // features.shape[-1]
    share = widen(heatmaps.detach()).flatten(2).softmax(-1).view(heatmaps.shape)
    share = F.avg_pool2d(share, factor).flatten(2) * factor**2
    return share.to(features.dtype) @ features.flatten(2).transpose(1, 2)


class DepthHead(nn.Module):
    r"""Makes depths and their log scales from features, heatmaps and the points that were found.

    A keypoint is described by the features where its heatmap's softmax lies, the hand by their average and by its
    points. What comes out are the mean and the logarithm of the scale of a Laplace density in crop pixels. No
    gradient goes back through heatmaps and points.

    Args:
        channels: of the features.
        keypoints: that were found.
        width: of the layers between.

    Example:
        >>> head = DepthHead(16, 21, 8).eval()
        >>> found = head(torch.zeros(2, 16, 8, 8), torch.zeros(2, 21, 16, 16), torch.zeros(2, 21, 2), 64)
        >>> found.shape, found[..., 0].sum().abs() < 1e-3
        (torch.Size([2, 21, 2]), tensor(True))
    """

    OWN: Final = 16
    """Features of one keypoint, after a 1x1 convolution,"""
    WHOLE: Final = 64
    """of the hand,"""
    DROPPED: Final = 0.3
    """and the share of them that a step of training goes without."""

    def __init__(self, channels: int, keypoints: int, width: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, self.OWN, 1)
        self.whole = nn.Sequential(nn.Dropout(self.DROPPED), nn.Linear(channels, self.WHOLE), nn.ReLU())
        joined = (self.OWN + 2) * keypoints + self.WHOLE
        self.hidden = nn.Sequential(
            nn.Linear(joined, width), nn.ReLU(), nn.Dropout(self.DROPPED),
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(self.DROPPED),
        )  # fmt: skip
        self.output = nn.Linear(width, 2 * keypoints)
        nn.init.normal_(self.output.weight, std=1e-3)
        nn.init.zeros_(self.output.bias)

    def forward(self, features: Tensor, heatmaps: Tensor, points: Tensor, side: int) -> Tensor:
        """Compute depths and log scales (N, K, 2) in crop pixels.

        Args:
            features: (N, C, h, w).
            heatmaps: (N, K, a h, a w) logits, a whole factor a larger.
            points: (N, K, 2) in crop pixels.
            side: the input's longer one in pixels.
        """
        own = features_at(heatmaps, self.reduce(features))
        return self.of_parts(own, features.mean((-2, -1)), points, side)

    def of_parts(self, own: Tensor, average: Tensor, points: Tensor, side: int) -> Tensor:
        """Do the same with the features of keypoints (N, K, OWN), reduced, and averaged ones (N, C)."""
        places = (points.detach() * (2 / side) - 1).flatten(1).to(own.dtype)
        joined = torch.cat([places, F.relu(own).flatten(1), self.whole(average)], 1)
        depth, scale = widen(self.output(self.hidden(joined))).chunk(2, 1)
        depth = depth - depth.mean(1, keepdim=True)
        low, high = math.log(SMALLEST * side), math.log(LARGEST * side)
        return torch.stack([depth * side, low + (high - low) * torch.sigmoid(scale)], -1)


class ScaleHead(nn.Module):
    r"""Makes log scales from features: average pooling, then two fully connected layers.

    The paper names no activation for the scale. Here the logarithm of the scale, in crop pixels, is

    .. math:: \log\hat\sigma = \ell + (u - \ell)\, \mathrm{sigmoid}(\text{output})

    with the logarithms l of 1/1000 and u of twice the longer side of the input: smooth, and never 0. It starts
    near an eighth of that side.

    Args:
        inputs: channels of the features.
        width: of the layer between.
        keypoints: two values each.

    Example:
        >>> head = ScaleHead(16, 8, 21).eval()
        >>> head(torch.zeros(2, 16, 8, 8), 256).exp().mean().round()
        tensor(32., grad_fn=<RoundBackward0>)
    """

    def __init__(self, inputs: int, width: int, keypoints: int) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU())
        self.output = nn.Linear(width, 2 * keypoints)
        share = math.log(INITIAL / SMALLEST) / math.log(LARGEST / SMALLEST)
        nn.init.normal_(self.output.weight, std=1e-3)
        nn.init.constant_(self.output.bias, math.log(share / (1 - share)))

    def forward(self, features: Tensor, side: int) -> Tensor:
        """Compute log scales (N, K, 2) of features (N, C, h, w); side is the input's longer one in pixels."""
        return self.of_average(features.mean((-2, -1)), side)

    def of_average(self, average: Tensor, side: int) -> Tensor:
        """Do the same with features that are averaged already, (N, C)."""
        output = widen(self.output(self.hidden(average)))
        low, high = math.log(SMALLEST * side), math.log(LARGEST * side)
        return (low + (high - low) * torch.sigmoid(output)).reshape(-1, output.shape[-1] // 2, 2)
