"""The paper's network: a backbone, then stages that refine each other's heatmaps."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from torch import Tensor

from likelihand.models.backbones import Backbone
from likelihand.models.heads import (
    HEATMAP_STRIDE,
    DepthHead,
    TraitHead,
    Upsampling,
    doublings_to_heatmap,
    transposed_convolution,
)
from likelihand.models.network import KeypointNetwork, check_counts
from likelihand.models.stages import LaterStage, Stage, recalling_stage
from likelihand.ops.heatmaps import Decoder, Prediction, soft_argmax


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
        later: makes the stages after the first; `likelihand.models.stages.refining_stage` makes stages that look
            around, for heatmaps that are logits.
        decoder: heatmaps and stride to points; `likelihand.ops.heatmaps.peak` after training with `HeatmapLoss`.
        traits: also says of the hand as a whole whether it is a right one, and whether there is one.
        depth: also says how much farther from the camera than their mean the keypoints are; needs `soft_argmax`.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.

    Raises:
        ValueError: no stage, no keypoint, a backbone whose stride does not fit, or depths of heatmaps that are no
            logits.

    Example:
        >>> import torch
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
        later: LaterStage = recalling_stage,
        decoder: Decoder = soft_argmax,
        traits: bool = False,
        depth: bool = False,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        check_counts(stages=stages, keypoints=keypoints, width=width)
        doublings = doublings_to_heatmap(backbone.stride)
        shape = (backbone.channels, width, keypoints, doublings)
        each = [Stage(*shape, False, upsampling), *(later(*shape, upsampling) for _ in range(stages - 1))]
        super().__init__(backbone, each, keypoints, mean, std)
        self.width, self.upsampling, self.later, self.decoder = width, upsampling, later, decoder
        self.traits = TraitHead(backbone.channels, keypoints, width) if traits else None
        if depth and decoder is not soft_argmax:
            raise ValueError(
                f"depth needs heatmaps that are logits; decoder is {decoder.__name__}, use soft_argmax"
            )
        self.depth = DepthHead(backbone.channels, keypoints, width) if depth else None

    def predict(self, images: Tensor, *, every: bool) -> list[Prediction]:
        """Predict every stage, or the last one alone, which costs little less."""
        features = self.features(images)
        side = max(images.shape[1:3])
        predictions: list[Prediction] = []
        for stage in cast(Iterable[Stage], self.stages):
            joined = stage.join(features, predictions[-1] if predictions else None)
            heatmaps = stage.heatmaps(joined)
            mean = self.decoder(heatmaps, HEATMAP_STRIDE)
            predictions.append(Prediction(heatmaps, mean, stage.scales(joined, side)))
        if self.traits is not None:
            predictions[-1] = predictions[-1]._replace(traits=self.traits(features, predictions[-1].mean))
        if self.depth is not None:
            found = self.depth(features, predictions[-1].heatmaps, predictions[-1].mean, side)
            predictions[-1] = predictions[-1]._replace(depth=found)
        return predictions if every else predictions[-1:]

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments beside backbone, keypoints, mean and std."""
        return {
            "stages": len(self.stages),
            "width": self.width,
            "upsampling": self.upsampling,
            "later": self.later,
            "decoder": self.decoder,
            "traits": self.traits is not None,
            "depth": self.depth is not None,
        }
