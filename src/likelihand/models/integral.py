"""Integral Pose and SimpleBaseline: one network, told apart by how its heatmaps are read and trained."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from torch import Tensor, nn

from likelihand.models.backbones import Backbone
from likelihand.models.heads import HEATMAP_STRIDE, doublings_to_heatmap
from likelihand.models.network import KeypointNetwork, check_counts, unknown_scale
from likelihand.ops.heatmaps import Decoder, Prediction, soft_argmax


class DeconvolutionHead(nn.Sequential):
    """Makes heatmaps: 4x4 transposed convolutions with batch normalisation and ReLU, then a 1x1 convolution.

    Args:
        inputs: channels of the features.
        width: channels of every transposed convolution.
        keypoints: heatmaps to make.
        doublings: how many times height and width double.

    Example:
        >>> import torch
        >>> DeconvolutionHead(16, 8, 21, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 21, 64, 64])
    """

    def __init__(self, inputs: int, width: int, keypoints: int, doublings: int) -> None:
        layers: list[nn.Module] = []
        for i in range(doublings):
            layers += [
                nn.ConvTranspose2d(width if i else inputs, width, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
        super().__init__(*layers, nn.Conv2d(width if doublings else inputs, keypoints, 1))


class IntegralNetwork(KeypointNetwork):
    """Reads keypoints from one set of heatmaps of stride 4, in one stage.

    Three ways to use it:

    - Integral Pose (Sun et al., Integral Human Pose Regression, 2018, arXiv 1711.08229): the softmax's mean as it
      stands here, trained with `IntegralLoss`.
    - SimpleBaseline (Xiao et al., Simple Baselines for Human Pose Estimation and Tracking, 2018,
      arXiv 1804.06208): `decoder=likelihand.ops.heatmaps.peak`, trained with `HeatmapLoss`.
    - DARK (Zhang et al., 2020, arXiv 1910.06278): the same with `decoder=likelihand.ops.heatmaps.dark`.

    Behind a backbone of stride 32 there are three transposed convolutions, fewer behind a finer one. It predicts
    no scale: `Prediction.log_scale` is the same everywhere, see `unknown_scale`.

    Args:
        backbone: any module with `channels`, `stride` (4, 8, 16 or 32) and `forward`.
        keypoints: to find.
        width: channels of the transposed convolutions.
        decoder: heatmaps and stride to points.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.

    Raises:
        ValueError: a count below 1, or a backbone whose stride does not fit.

    Example:
        >>> import torch
        >>> from likelihand.models import TimmBackbone
        >>> network = IntegralNetwork(TimmBackbone("resnet18"))
        >>> prediction = network(torch.zeros(2, 64, 64, 3, dtype=torch.uint8))[-1]
        >>> prediction.heatmaps.shape, prediction.mean.shape
        (torch.Size([2, 21, 16, 16]), torch.Size([2, 21, 2]))
    """

    decoder: Decoder

    def __init__(
        self,
        backbone: Backbone,
        keypoints: int = 21,
        width: int = 256,
        decoder: Decoder = soft_argmax,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        check_counts(keypoints=keypoints, width=width)
        head = DeconvolutionHead(backbone.channels, width, keypoints, doublings_to_heatmap(backbone.stride))
        super().__init__(backbone, [head], keypoints, mean, std)
        self.width, self.decoder = width, decoder

    def predict(self, images: Tensor, *, every: bool) -> list[Prediction]:
        """Predict the only stage."""
        (head,) = cast(Iterable[DeconvolutionHead], self.stages)
        heatmaps: Tensor = head(self.features(images))
        mean = self.decoder(heatmaps, HEATMAP_STRIDE)
        return [Prediction(heatmaps, mean, unknown_scale(mean, images))]

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments beside backbone, keypoints, mean and std."""
        return {"width": self.width, "decoder": self.decoder}
