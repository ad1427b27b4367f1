"""Base classes of the networks: a backbone, and stages that predict."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Self

import torch
from torch import Tensor, nn

from likelihand.models.backbones import (
    Backbone,
    DescribedBackbone,
    NormalisedBackbone,
    backbone_from_config,
)
from likelihand.models.deploy import SPREAD, DeployedNetwork, StagedNetwork, outputs_of
from likelihand.models.heads import (
    INITIAL,
    Upsampling,
    separable_transposed_convolution,
    transposed_convolution,
)
from likelihand.models.protocol import Deployed, Network
from likelihand.models.stages import LaterStage, recalling_stage, refining_stage
from likelihand.ops.heatmaps import Decoder, Prediction, dark, peak, soft_argmax
from likelihand.utils.own import own_part

IMAGENET: Final = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation of its RGB in 0..1."""

_DECODERS: Final[dict[str, Decoder]] = {"soft_argmax": soft_argmax, "peak": peak, "dark": dark}
_UPSAMPLINGS: Final[dict[str, Upsampling]] = {
    "transposed_convolution": transposed_convolution,
    "separable_transposed_convolution": separable_transposed_convolution,
}
_LATER_STAGES: Final[dict[str, LaterStage]] = {
    "recalling_stage": recalling_stage,
    "refining_stage": refining_stage,
}
_PARTS: Final[dict[str, Mapping[str, Callable[..., Any]]]] = {
    "decoder": _DECODERS,
    "upsampling": _UPSAMPLINGS,
    "later": _LATER_STAGES,
}


class NormalisingNetwork(nn.Module):
    """Base class of networks on a backbone: checks and normalises pictures, and runs the backbone.

    Args:
        backbone: any module with `channels`, `stride` and `forward`.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, mean: Sequence[float] | None, std: Sequence[float] | None) -> None:
        super().__init__()
        self.backbone = backbone
        own = (backbone.mean, backbone.std) if isinstance(backbone, NormalisedBackbone) else IMAGENET
        for name, given, fallback in zip(("mean", "std"), (mean, std), own, strict=True):
            values = fallback if given is None else given
            self.register_buffer(name, torch.tensor(tuple(values), dtype=torch.float32).view(3, 1, 1))

    @property
    def input_stride(self) -> int:
        """What height and width of the input must be divisible by."""
        return self.backbone.stride

    def features(self, images: Tensor) -> Tensor:
        """Check and normalise crops (N, H, W, 3) uint8 and compute the backbone's features."""
        return self.backbone(self.normalised(images))

    def normalised(self, images: Tensor) -> Tensor:
        """Check and normalise crops (N, H, W, 3) uint8 to the backbone's input (N, 3, H, W)."""
        check_images(images, self.input_stride)
        return images.permute(0, 3, 1, 2) * (1 / (255 * self.std)) - self.mean / self.std

    def described(self, **options: object) -> dict[str, Any]:
        """Describe backbone and normalisation in plain values for JSON, with a network's own options between.

        Raises:
            ValueError: the backbone is not the library's own, so that no file could rebuild it.
        """
        if not isinstance(self.backbone, DescribedBackbone):
            raise ValueError(
                f"{type(self.backbone).__name__} has no config(): save its weights with torch instead"
            )
        return {
            "class": type(self).__name__,
            "backbone": self.backbone.config(),
            **options,
            "mean": [round(value, 6) for value in self.mean.flatten().tolist()],
            "std": [round(value, 6) for value in self.std.flatten().tolist()],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build what `config` described, with fresh weights; only the library's own parts.

        Raises:
            ValueError: a part is not the library's own.
        """
        options = {key: _part(key, value) for key, value in config.items() if key not in ("class", "backbone")}
        return cls(backbone_from_config(config["backbone"]), **options)


class KeypointNetwork(NormalisingNetwork, StagedNetwork):
    """Base class of networks that find keypoints in crops, stage by stage.

    It checks and normalises pictures, runs the backbone, cuts, deploys and describes itself. A network derives
    from it, hands over its stages, and writes `predict` and `options`.

    Args:
        backbone: any module with `channels`, `stride` and `forward`.
        stages: the modules of the stages, one or more.
        keypoints: of every stage.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.

    Attributes:
        decoder: heatmaps and stride to points; None of a network without heatmaps.
        traits: says of the hand as a whole what `structures.TRAITS` ask; None of a network that does not.
        depth: says how far away keypoints are; None of a network that does not.
    """

    kind = "hand"
    decoder: Decoder | None

    def __init__(
        self,
        backbone: Backbone,
        stages: Iterable[nn.Module],
        keypoints: int,
        mean: Sequence[float] | None,
        std: Sequence[float] | None,
    ) -> None:
        super().__init__(backbone, mean, std)
        self.keypoints, self.stages = keypoints, nn.ModuleList(stages)
        self.decoder = self.traits = self.depth = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the results that its deployed form can give, in order."""
        return outputs_of(self, self.gives_spread)

    def forward(self, images: Tensor) -> list[Prediction]:
        """Predict every stage from crops (N, H, W, 3) uint8 RGB; one `Prediction` each, the last the best.

        Raises:
            ValueError: another shape or type.
        """
        return self.predict(images, every=True)

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments beside backbone, keypoints, mean and std."""
        raise NotImplementedError

    def deploy(self, stages: int | None = None, spread: bool = False) -> DeployedNetwork:
        """Make what is deployed: an independent copy in evaluation mode that returns (points, scale) alone.

        Args:
            stages: cut after so many stages; all by default.
            spread: gives the heatmaps' spread too, as the last result; see `gives_spread`.

        Raises:
            ValueError: the network has no such stage.

        Example:
            >>> from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
            >>> deployed = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=3).deploy(stages=1)
            >>> points, scale = deployed(torch.zeros(2, 64, 64, 3, dtype=torch.uint8))
            >>> points.shape, scale.shape
            (torch.Size([2, 21, 2]), torch.Size([2, 21, 2]))
        """
        count = len(self.stages) if stages is None else stages
        if not 1 <= count <= len(self.stages):
            raise ValueError(f"stages {count}: expected 1..{len(self.stages)}, the network's own number at most")
        return DeployedNetwork(self, count, spread)

    @property
    def gives_spread(self) -> bool:
        """Whether its heatmaps are logits, so that their spread says how sure they are."""
        return self.decoder is soft_argmax

    def config(self) -> dict[str, Any]:
        """Describe the architecture, without weights, in plain values for JSON.

        Raises:
            ValueError: a part is not the library's own, so that no file could rebuild it.
        """
        options = {key: _plain(key, value) for key, value in self.options().items()}
        return self.described(keypoints=self.keypoints, **options)


def deployed(network: Network, outputs: Iterable[str] = (), stages: int | None = None) -> Deployed:
    """Deploy a network, with the heatmaps' spread where it is among the outputs asked for.

    Example:
        >>> from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
        >>> network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=1)
        >>> deployed(network).outputs, deployed(network, network.outputs).outputs
        (('points', 'scale'), ('points', 'scale', 'spread'))
    """
    if isinstance(network, KeypointNetwork):
        return network.deploy(stages, spread=SPREAD in outputs)
    return network.deploy(stages)


def check_images(images: Tensor, stride: int) -> None:
    """Check that images are (N, H, W, 3) uint8 with H and W divisible by the stride.

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


def unknown_scale(mean: Tensor, images: Tensor) -> Tensor:
    """Return the log scale (N, K, 2) of a network that predicts none: an eighth of the input's longer side.

    It is where the other networks start, says nothing of the picture, and has no gradient.

    Example:
        >>> unknown_scale(torch.zeros(1, 1, 2), torch.zeros(1, 64, 128, 3)).exp()
        tensor([[[16., 16.]]])
    """
    return torch.full_like(mean, INITIAL * max(images.shape[1:3])).log()


def check_counts(**counts: int) -> None:
    """Check that every count is at least 1.

    Example:
        >>> check_counts(stages=0, width=8)
        Traceback (most recent call last):
        ValueError: stages 0, width 8: each must be at least 1
    """
    if min(counts.values()) < 1:
        raise ValueError(f"{', '.join(f'{k} {v}' for k, v in counts.items())}: each must be at least 1")


def _plain(key: str, value: Any) -> Any:  # noqa: ANN401
    """Name a part; other options are plain values already."""
    if key not in _PARTS:
        return value
    for name, candidate in _PARTS[key].items():
        if candidate is value:
            return name
    raise ValueError(
        f"{value!r} is not the library's own ({', '.join(_PARTS[key])}): save the weights with torch instead"
    )


def _part(key: str, value: Any) -> Any:  # noqa: ANN401
    """Find the part of a name; other options are plain values already."""
    own = _PARTS.get(key)
    return value if own is None else own_part(value, own)
