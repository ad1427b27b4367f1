"""A compact network that finds hands in whole pictures."""

import copy
import math
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from likelihand.models.backbones import Backbone
from likelihand.models.heads import separable_transposed_convolution
from likelihand.models.network import NormalisingNetwork, check_counts
from likelihand.models.protocol import Deployed
from likelihand.ops.box_coding import BoxMaps, decode, grid_centres
from likelihand.ops.heatmaps import widen

STRIDE: Final = 8
"""Pixels a cell of the maps."""
RARE: Final = 0.02
"""Chance of a hand in a cell that an untrained network gives."""


class DetectionNetwork(NormalisingNetwork):
    """Predicts for every cell of 8 x 8 pixels whether a hand's centre lies there, its box, and its side.

    A fully convolutional network in the manner of Zhou et al., Objects as Points (2019), whose box is a mean and
    a scale, as a keypoint is in the rest of this library.

    Args:
        backbone: any module with `channels`, `stride` (8, 16 or 32) and `forward`.
        width: channels of the head.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.

    Raises:
        ValueError: the backbone has another stride, or the width is not positive.

    Example:
        >>> from likelihand.models import TimmBackbone
        >>> network = DetectionNetwork(TimmBackbone("resnet18", stride=16), width=16)
        >>> maps = network(torch.zeros(2, 64, 96, 3, dtype=torch.uint8))[0]
        >>> maps.presence.shape, maps.code.shape
        (torch.Size([2, 8, 12]), torch.Size([2, 8, 12, 4]))
    """

    kind = "detect"
    outputs = ("scores", "boxes", "sides")

    def __init__(
        self,
        backbone: Backbone,
        width: int = 96,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        super().__init__(backbone, mean, std)
        check_counts(width=width)
        if backbone.stride not in (8, 16, 32):
            raise ValueError(f"the backbone has stride {backbone.stride}, expected 8, 16 or 32")
        self.width = width
        self.head = _head(backbone.channels, width, int(math.log2(backbone.stride // STRIDE)))

    def forward(self, images: Tensor) -> list[BoxMaps]:
        """Find hands in (N, H, W, 3) uint8 RGB; one `BoxMaps`, in a list, as networks of stages return.

        Raises:
            ValueError: another shape or type.
        """
        maps = widen(self.head(self.features(images))).permute(0, 2, 3, 1)
        return [BoxMaps(maps[..., 0], maps[..., 2:6], maps[..., 6:].clamp(-5, 3), maps[..., 1], STRIDE)]

    def deploy(self, stages: int | None = None) -> "DeployedDetector":
        """Make what is deployed: an independent copy in evaluation mode that returns scores, boxes and sides."""
        if stages not in (None, 1):
            raise ValueError(f"stages {stages}: a detector has one; leave it out")
        return DeployedDetector(self)

    def config(self) -> dict[str, Any]:
        """Describe the architecture, without weights, in plain values for JSON."""
        return self.described(width=self.width)


def _head(inputs: int, width: int, doublings: int) -> nn.Sequential:
    """Make the layers from features to 10 maps: presence, side, four numbers of the box and their scales."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    for _ in range(doublings):
        layers += [separable_transposed_convolution(width, width), nn.BatchNorm2d(width), nn.ReLU()]
    for _ in range(2):
        layers += [
            nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
    last = nn.Conv2d(width, 10, 1)
    nn.init.normal_(last.weight, std=1e-2)
    with torch.no_grad():
        last.bias.zero_()  # type: ignore[union-attr]
        last.bias[0] = math.log(RARE / (1 - RARE))  # type: ignore[index]
    return nn.Sequential(*layers, last)


class DeployedDetector(Deployed):
    """Computes the decoded scores, boxes and sides of all cells; thresholding comes later.

    Attributes:
        outputs: names of what it gives, in order.
    """

    outputs = DetectionNetwork.outputs

    def __init__(self, network: DetectionNetwork) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Find hands in letterboxed pictures.

        Args:
            images: (N, H, W, 3) uint8 RGB; H and W divisible by the network's stride.

        Returns:
            Chances (N, h, w) in 0..1 that the middle of a hand lies in a cell, its box (N, h, w, 4) in crop
            pixels, and the chances (N, h, w) that it is a right hand.
        """
        maps = self.network(images)[0]
        centres = grid_centres(maps.presence.shape[1:], maps.stride).to(maps.code)
        return maps.presence.sigmoid(), decode(maps.code, centres), maps.right.sigmoid()
