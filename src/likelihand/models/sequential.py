"""The paper's network: a backbone, then stages that refine each other's heatmaps."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likelihand.heatmaps import Decoder, Prediction, peak, soft_argmax
from likelihand.models.backbones import Backbone, TimmBackbone
from likelihand.models.deploy import DeployedNetwork
from likelihand.models.heads import (
    HeatmapHead,
    ScaleHead,
    Upsampling,
    pointwise,
    separable_transposed_convolution,
    transposed_convolution,
)

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
HEATMAP_STRIDE: Final = 4

_DECODERS: Final[dict[str, Decoder]] = {"soft_argmax": soft_argmax, "peak": peak}
_UPSAMPLINGS: Final[dict[str, Upsampling]] = {
    "transposed_convolution": transposed_convolution,
    "separable_transposed_convolution": separable_transposed_convolution,
}


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


class SequentialHeatmapNetwork(nn.Module):
    """Finds keypoints in crops, stage by stage: section III of the paper.

    Stages share the backbone's feature. The heatmaps that go on to the next stage are the logits H, not their
    softmax: the paper sets the two apart and passes on the heatmap; averaged over a feature's cell a softmax would
    be close to 0 everywhere, while logits keep their evidence, and heatmaps trained with `HeatmapLoss` have no
    softmax at all. Heatmaps have stride 4: 64 x 64 cells for 256 x 256 pixels. Pictures are normalised inside.

    Args:
        backbone: any module with `channels`, `stride` (a power of two, at least 4) and `forward`.
        stages: at least 1; the paper has 5.
        keypoints: heatmaps a stage.
        width: channels inside a stage.
        upsampling: makes a layer of the heatmap head.
        decoder: heatmaps and stride to points; `likelihand.heatmaps.peak` after training with `HeatmapLoss`.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.

    Raises:
        ValueError: no stage, no keypoint, or a backbone whose stride does not fit.

    Example:
        >>> network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=2)
        >>> predictions = network(torch.zeros(2, 128, 128, 3, dtype=torch.uint8))
        >>> len(predictions), predictions[-1].heatmaps.shape, predictions[-1].mean.shape
        (2, torch.Size([2, 21, 32, 32]), torch.Size([2, 21, 2]))
    """

    def __init__(
        self,
        backbone: Backbone,
        stages: int = 5,
        keypoints: int = 21,
        width: int = 256,
        upsampling: Upsampling = transposed_convolution,
        decoder: Decoder = soft_argmax,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if min(stages, keypoints, width) < 1:
            raise ValueError(f"stages {stages}, keypoints {keypoints}, width {width}: each must be at least 1")
        self.backbone, self.keypoints, self.width = backbone, keypoints, width
        self.upsampling, self.decoder = upsampling, decoder
        doublings = _doublings(backbone.stride)
        self.stages = nn.ModuleList(
            Stage(backbone.channels, width, keypoints, doublings, i > 0, upsampling) for i in range(stages)
        )
        self.mean: Tensor
        self.std: Tensor
        for name, given, fallback in (("mean", mean, IMAGENET_MEAN), ("std", std, IMAGENET_STD)):
            values = given if given is not None else getattr(backbone, name, fallback)
            self.register_buffer(name, torch.tensor(tuple(values), dtype=torch.float32).view(3, 1, 1))

    @property
    def input_stride(self) -> int:
        """What height and width of the input must be divisible by."""
        return max(self.backbone.stride, HEATMAP_STRIDE)

    def forward(self, images: Tensor) -> list[Prediction]:
        """Predict every stage.

        Args:
            images: (N, H, W, 3) uint8 RGB crops; H and W divisible by the backbone's stride.

        Returns:
            One `Prediction` a stage, the last the best.

        Raises:
            ValueError: another shape or type.
        """
        return self.predict(images, every=True)

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
        return predictions

    def features(self, images: Tensor) -> Tensor:
        """Check and normalise crops (N, H, W, 3) uint8 and compute the global feature.

        Raises:
            ValueError: another shape or type.
        """
        check_images(images, self.input_stride)
        return self.backbone((images.permute(0, 3, 1, 2) / 255 - self.mean) / self.std)

    def deploy(self, stages: int | None = None) -> DeployedNetwork:
        """Make what is deployed: an independent copy in evaluation mode that gives (points, scale) alone.

        Args:
            stages: cut after so many stages; all by default.

        Raises:
            ValueError: the network has no such stage.

        Example:
            >>> deployed = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=3).deploy(stages=1)
            >>> points, scale = deployed(torch.zeros(2, 64, 64, 3, dtype=torch.uint8))
            >>> points.shape, scale.shape
            (torch.Size([2, 21, 2]), torch.Size([2, 21, 2]))
        """
        count = len(self.stages) if stages is None else stages
        if not 1 <= count <= len(self.stages):
            raise ValueError(f"stages {count}: expected 1..{len(self.stages)}, the network's own number at most")
        return DeployedNetwork(self, count)

    def config(self) -> dict[str, Any]:
        """Describe the architecture, without weights, in plain values for JSON.

        Raises:
            ValueError: a part is not the library's own, so that no file could rebuild it.
        """
        describe = getattr(self.backbone, "config", None)
        if describe is None:
            raise ValueError(
                f"{type(self.backbone).__name__} has no config(): save its weights with torch instead"
            )
        return {
            "class": "SequentialHeatmapNetwork",
            "backbone": describe(),
            "stages": len(self.stages),
            "keypoints": self.keypoints,
            "width": self.width,
            "upsampling": _name_of(self.upsampling, _UPSAMPLINGS),
            "decoder": _name_of(self.decoder, _DECODERS),
            "mean": [round(value, 6) for value in self.mean.flatten().tolist()],
            "std": [round(value, 6) for value in self.std.flatten().tolist()],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "SequentialHeatmapNetwork":
        """Build what `config` described, with fresh weights; only the library's own parts.

        Raises:
            ValueError: a part is not the library's own.
        """
        backbone = config["backbone"]
        if backbone.get("class") != "TimmBackbone":
            raise ValueError(f"cannot build backbone {backbone.get('class')!r}: expected TimmBackbone")
        return cls(
            TimmBackbone.from_config(backbone),
            stages=config["stages"],
            keypoints=config["keypoints"],
            width=config["width"],
            upsampling=_of_name(config["upsampling"], _UPSAMPLINGS),
            decoder=_of_name(config["decoder"], _DECODERS),
            mean=config["mean"],
            std=config["std"],
        )


def check_images(images: Tensor, stride: int) -> None:
    """Check that images are (N, H, W, 3) uint8 with H and W divisible by the stride.

    Raises:
        ValueError: they are not; the message says what would be.

    Example:
        >>> check_images(torch.zeros(1, 100, 64, 3, dtype=torch.uint8), 32)
        Traceback (most recent call last):
        ValueError: images are 100 x 64, expected height and width divisible by 32: crop or pad to 128 x 64
    """
    if images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(f"images have shape {tuple(images.shape)}, expected (N, H, W, 3): permute channels last")
    if images.dtype != torch.uint8:
        raise ValueError(
            f"images are {images.dtype}, expected torch.uint8 in 0..255: the network normalises itself"
        )
    height, width = images.shape[1:3]
    if height % stride or width % stride or not height or not width:
        fit = " x ".join(str(max(1, -(-length // stride)) * stride) for length in (height, width))
        raise ValueError(
            f"images are {height} x {width}, expected height and width divisible by {stride}: crop or pad to {fit}"
        )


def _doublings(stride: int) -> int:
    doublings = (stride // HEATMAP_STRIDE).bit_length() - 1
    if doublings < 0 or HEATMAP_STRIDE * 2**doublings != stride:
        raise ValueError(f"the backbone has stride {stride}, expected 4, 8, 16 or 32: heatmaps have stride 4")
    return doublings


def _name_of(part: Callable[..., Any], own: Mapping[str, Callable[..., Any]]) -> str:
    for name, candidate in own.items():
        if candidate is part:
            return name
    raise ValueError(f"{part!r} is not the library's own ({', '.join(own)}): save the weights with torch instead")


def _of_name(name: object, own: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if not isinstance(name, str) or name not in own:
        raise ValueError(f"cannot build {name!r}: expected one of {', '.join(own)}")
    return own[name]
