"""Convolutional Pose Machines: stages of large kernels on heatmaps of stride 8."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from likelihand.models.backbones import Backbone
from likelihand.models.network import KeypointNetwork, check_counts, unknown_scale
from likelihand.ops.heatmaps import Decoder, Prediction, peak

STRIDE: Final = 8


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Make a convolution that keeps height and width, with batch normalisation and ReLU."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU())


def first_stage(channels: int, width: int, keypoints: int) -> nn.Sequential:
    """Make the stage that sees the image's features alone: kernels of 5, 9, 1 and 1 cells."""
    return nn.Sequential(
        convolution(channels, max(1, width // 4), 5),
        convolution(max(1, width // 4), 4 * width, 9),
        convolution(4 * width, 4 * width, 1),
        nn.Conv2d(4 * width, keypoints, 1),
    )


def later_stage(inputs: int, width: int, keypoints: int) -> nn.Sequential:
    """Make a stage that sees features and the last heatmaps: three kernels of 11 cells, two of 1."""
    return nn.Sequential(
        convolution(inputs, width, 11),
        convolution(width, width, 11),
        convolution(width, width, 11),
        convolution(width, width, 1),
        nn.Conv2d(width, keypoints, 1),
    )


class ConvolutionalPoseMachine(KeypointNetwork):
    """Refines heatmaps of stride 8 over stages of large kernels.

    Wei et al., Convolutional Pose Machines (2016), arXiv 1602.00134, figure 2. The stages after the first share
    one 5x5 convolution of the image's features and join it with the heatmaps of the stage before. Train it with
    `HeatmapLoss(stages=6, stride=8, sigma=1.0)`, which scores every stage.

    Where it departs from the paper: one backbone serves all stages, the first too; crops hold one hand, so there
    is no map of its centre; there is no heatmap of the background, which follows from the others; batch
    normalisation lets it learn under the same schedule as the other networks. It predicts no scale:
    `Prediction.log_scale` is the same everywhere, see `unknown_scale`.

    Args:
        backbone: any module with `channels`, `forward` and stride 8: `LargeKernelBackbone()` for the paper's, or
            `TimmBackbone("resnet50", stride=8, context=True)` for all of another.
        stages: at least 1; the paper has 6.
        keypoints: heatmaps per stage.
        width: channels of the later stages; the first has a quarter and four times as many.
        decoder: heatmaps and stride to points.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.

    Raises:
        ValueError: a count below 1, or a backbone of another stride.

    Example:
        >>> from likelihand.models import LargeKernelBackbone
        >>> network = ConvolutionalPoseMachine(LargeKernelBackbone(8), stages=2, width=8)
        >>> predictions = network(torch.zeros(2, 64, 64, 3, dtype=torch.uint8))
        >>> len(predictions), predictions[-1].heatmaps.shape, predictions[-1].mean.shape
        (2, torch.Size([2, 21, 8, 8]), torch.Size([2, 21, 2]))
    """

    decoder: Decoder

    def __init__(
        self,
        backbone: Backbone,
        stages: int = 6,
        keypoints: int = 21,
        width: int = 128,
        decoder: Decoder = peak,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        check_counts(stages=stages, keypoints=keypoints, width=width)
        if backbone.stride != STRIDE:
            raise ValueError(
                f"the backbone has stride {backbone.stride}, expected {STRIDE}: "
                f"ask TimmBackbone for stride={STRIDE}"
            )
        shared = max(1, width // 4)
        each = [first_stage(backbone.channels, width, keypoints)]
        each += [later_stage(shared + keypoints, width, keypoints) for _ in range(stages - 1)]
        super().__init__(backbone, each, keypoints, mean, std)
        self.shared = convolution(backbone.channels, shared, 5) if stages > 1 else None
        self.width, self.decoder = width, decoder

    def predict(self, images: Tensor, *, every: bool) -> list[Prediction]:
        """Predict every stage, or the last one alone, for which the other stages make heatmaps only."""
        features = self.features(images)
        first, *later = cast(Iterable[nn.Module], self.stages)
        heatmaps: list[Tensor] = [first(features)]
        if self.shared is not None and later:
            shared = self.shared(features)
            for stage in later:
                heatmaps.append(stage(torch.cat([shared, heatmaps[-1]], 1)))
        return [self._prediction(each, images) for each in (heatmaps if every else heatmaps[-1:])]

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments beside backbone, keypoints, mean and std."""
        return {"stages": len(self.stages), "width": self.width, "decoder": self.decoder}

    def _prediction(self, heatmaps: Tensor, images: Tensor) -> Prediction:
        mean = self.decoder(heatmaps, STRIDE)
        return Prediction(heatmaps, mean, unknown_scale(mean, images))
