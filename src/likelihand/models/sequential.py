"""The paper's network: a backbone, then stages that refine each other's heatmaps."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likelihand.models.backbones import Backbone
from likelihand.models.heads import (
    HEATMAP_STRIDE,
    DepthHead,
    HeatmapHead,
    ScaleHead,
    TraitHead,
    Upsampling,
    doublings_to_heatmap,
    pointwise,
    transposed_convolution,
)
from likelihand.models.network import KeypointNetwork, check_counts
from likelihand.ops.heatmaps import Decoder, Prediction, soft_argmax


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
        >>> stage = Stage(32, 16, 21, 3, True, transposed_convolution)
        >>> joined = stage.join(torch.zeros(2, 32, 8, 8), torch.zeros(2, 21, 64, 64))
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

    def join(self, features: Tensor, previous: Tensor | None) -> Tensor:
        """Join the global feature (N, channels, h, w) with the previous heatmaps."""
        reduced: Tensor = self.reduce(features)
        if self.recall is None or previous is None:
            return reduced
        return torch.cat([reduced, self.recall(F.avg_pool2d(previous, self.pooling))], 1)


class SequentialHeatmapNetwork(KeypointNetwork):
    """Finds keypoints in crops, stage by stage: section III of the paper.

    Stages share the backbone's feature. The heatmaps that go on to the next stage are the logits H, not their
    softmax: the paper sets the two apart and passes on the heatmap; averaged over a feature's cell a softmax would
    be close to 0 everywhere, while logits keep their evidence, and heatmaps trained with `HeatmapLoss` have no
    softmax at all. Heatmaps have stride 4: 64 x 64 cells for 256 x 256 pixels. Pictures are normalised inside.

    Args:
        backbone: any module with `channels`, `stride` (a power of two, at least 4) and `forward`.
        stages: at least 1; the paper has 5.
        keypoints: heatmaps per stage.
        width: channels inside a stage.
        upsampling: makes a layer of the heatmap head.
        decoder: heatmaps and stride to points; `likelihand.ops.heatmaps.peak` after training with `HeatmapLoss`.
        traits: also says of the hand as a whole whether it is a right one, and whether there is one.
        depth: also says how much farther from the camera than their mean the keypoints are; needs `soft_argmax`.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.

    Raises:
        ValueError: no stage, no keypoint, a backbone whose stride does not fit, or depths of heatmaps that are no
            logits.

    Example:
        >>> from likelihand.models import TimmBackbone
        >>> network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=2)
        >>> predictions = network(torch.zeros(2, 128, 128, 3, dtype=torch.uint8))
        >>> len(predictions), predictions[-1].heatmaps.shape, predictions[-1].mean.shape
        (2, torch.Size([2, 21, 32, 32]), torch.Size([2, 21, 2]))
    """

    decoder: Decoder
    traits: TraitHead | None
    depth: DepthHead | None

    def __init__(
        self,
        backbone: Backbone,
        stages: int = 5,
        keypoints: int = 21,
        width: int = 256,
        upsampling: Upsampling = transposed_convolution,
        decoder: Decoder = soft_argmax,
        traits: bool = False,
        depth: bool = False,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        check_counts(stages=stages, keypoints=keypoints, width=width)
        doublings = doublings_to_heatmap(backbone.stride)
        each = [Stage(backbone.channels, width, keypoints, doublings, i > 0, upsampling) for i in range(stages)]
        super().__init__(backbone, each, keypoints, mean, std)
        self.width, self.upsampling, self.decoder = width, upsampling, decoder
        self.traits = TraitHead(backbone.channels, keypoints, width) if traits else None
        if depth and decoder is not soft_argmax:
            raise ValueError(
                f"depth needs heatmaps that are logits; decoder is {decoder.__name__}, use soft_argmax"
            )
        self.depth = DepthHead(backbone.channels, keypoints, width) if depth else None

    def predict(self, images: Tensor, *, every: bool) -> list[Prediction]:
        """Predict every stage, or the last one alone, for which the other stages make heatmaps only."""
        features = self.features(images)
        side = max(images.shape[1:3])
        predictions: list[Prediction] = []
        heatmaps: Tensor | None = None
        for i, stage in enumerate(cast(Iterable[Stage], self.stages), 1):
            joined = stage.join(features, heatmaps)
            heatmaps = stage.heatmaps(joined)
            if every or i == len(self.stages):
                mean = self.decoder(heatmaps, HEATMAP_STRIDE)
                predictions.append(Prediction(heatmaps, mean, stage.scales(joined, side)))
        if self.traits is not None:
            predictions[-1] = predictions[-1]._replace(traits=self.traits(features, predictions[-1].mean))
        if self.depth is not None:
            found = self.depth(features, predictions[-1].heatmaps, predictions[-1].mean, side)
            predictions[-1] = predictions[-1]._replace(depth=found)
        return predictions

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments beside backbone, keypoints, mean and std."""
        return {
            "stages": len(self.stages),
            "width": self.width,
            "upsampling": self.upsampling,
            "decoder": self.decoder,
            "traits": self.traits is not None,
            "depth": self.depth is not None,
        }
