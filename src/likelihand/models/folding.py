"""Fold deployed networks into fewer operations, for `likelihand.inference.export`.

They compute the same up to rounding. What is linear changes places with what enlarges or averages: convolutions of
one cell act on the backbone's maps before these are enlarged and joined, and heatmaps that only the next stage
sees are made at its size at once. Means and covariances of heatmaps are products with one matrix.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, Final, TypeGuard, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from likelihand.models.backbones import JoinedBackbone
from likelihand.models.deploy import SPREAD, DeployedNetwork
from likelihand.models.heads import HEATMAP_STRIDE, features_at
from likelihand.models.sequential import SequentialHeatmapNetwork
from likelihand.models.stages import Stage
from likelihand.ops.heatmaps import soft_argmax, spatial_moments

BLOCK: Final = 8
"""Inner channels are filled up with zeros to a multiple of this: ONNX Runtime's fast convolutions ask for it."""


def folded(module: nn.Module) -> nn.Module:
    """Return the form of a deployed network that computes the same in fewer operations, where there is one.

    There is one for networks of the paper's stages. The network itself stays as it is.

    Example:
        >>> from likelihand.models import TimmBackbone
        >>> deployed = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=2).deploy()
        >>> images = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
        >>> torch.allclose(folded(deployed)(images)[0], deployed(images)[0], atol=1e-3)
        True
    """
    if isinstance(module, DeployedNetwork) and _has_plain_stages(module.network):
        return FoldedNetwork(module.network, module.outputs).eval()
    return module


def _has_plain_stages(network: nn.Module) -> TypeGuard[SequentialHeatmapNetwork]:
    return isinstance(network, SequentialHeatmapNetwork) and all(type(stage) is Stage for stage in network.stages)


class FoldedNetwork(nn.Module):
    """Computes what a deployed `SequentialHeatmapNetwork` does."""

    def __init__(self, network: SequentialHeatmapNetwork, outputs: Sequence[str]) -> None:
        super().__init__()
        self.network, self.outputs = network, tuple(outputs)
        backbone = network.backbone
        widths = backbone.widths if isinstance(backbone, JoinedBackbone) else [backbone.channels]
        self.reduce = nn.ModuleList(
            FoldedReduction(_without_norm(stage.reduce), widths, F.relu) for stage in self._stages
        )
        depth = network.depth
        self.reduce_depth = None if depth is None else FoldedReduction(depth.reduce, widths, nn.Identity())
        pairs = pairwise(self._stages)
        self.recall = nn.ModuleList(folded_recall(a.heatmaps[-1], b.pooling, b.recall) for a, b in pairs)

    @property
    def _stages(self) -> list[Stage]:
        return [cast(Stage, stage) for stage in self.network.stages]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Find keypoints in crops, as `DeployedNetwork.forward`."""
        maps, (*stages, last) = self._maps(images), self._stages
        joined = self.reduce[0](maps)
        for stage, recall, reduction in zip(stages, self.recall, list(self.reduce)[1:], strict=True):
            *before, _ = stage.heatmaps
            inner = reduce(lambda values, layer: layer(values), before, joined)
            joined = torch.cat([reduction(maps), recall(inner)], 1)
        heatmaps, side = last.heatmaps(joined), max(images.shape[1:3])
        mean, spread = self._moments(heatmaps)
        found = [mean, last.scales.of_average(average(joined), side).exp()]
        averages = torch.cat([average(each) for each in _whole_steps(maps)], 1)
        if self.network.traits is not None:
            found += self.network.traits.of_average(averages, mean).sigmoid().unbind(1)
        if self.network.depth is not None and self.reduce_depth is not None:
            own = features_at(heatmaps, self.reduce_depth(maps))
            depth = self.network.depth.of_parts(own, averages, mean, side)
            found += [depth[..., 0], depth[..., 1].exp()]
        return (*found, spread) if SPREAD in self.outputs else tuple(found)

    def _maps(self, images: Tensor) -> list[Tensor]:
        """Compute the backbone's maps, the finest first."""
        pictures, backbone = self.network.normalised(images), self.network.backbone
        return backbone.maps(pictures) if isinstance(backbone, JoinedBackbone) else [backbone(pictures)]

    def _moments(self, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
        if self.network.decoder is soft_argmax:
            return spatial_moments(heatmaps, HEATMAP_STRIDE)
        return self.network.decoder(heatmaps, HEATMAP_STRIDE), heatmaps.new_zeros(0)


class FoldedReduction(nn.Module):
    """A 1x1 convolution of joined maps; each map is enlarged after the convolution.

    Args:
        whole: the convolution.
        widths: channels of each map.
        activation: of what comes out.
    """

    def __init__(self, whole: nn.Conv2d, widths: Sequence[int], activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.activation = activation
        self.weights = nn.ParameterList(torch.split(whole.weight, list(widths), 1))
        self.bias = whole.bias

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Reduce maps, the finest first, to features of the finest one's size."""
        fine = F.conv2d(maps[0], self.weights[0], self.bias)
        pairs = zip(maps[1:], list(self.weights)[1:], strict=True)
        wider = [_enlarged(F.conv2d(each, weight), fine.shape[-2:]) for each, weight in pairs]
        return self.activation(fine + reduce(torch.add, wider) if wider else fine)


def folded_recall(last: nn.Module, pooling: int, recall: nn.Sequential | None) -> nn.Sequential:
    """Make the layers from what a stage makes heatmaps of to what the next stage recalls of these.

    `last` is the last layer of the stage's heatmap head; `pooling` cells of each heatmap are averaged along each
    side.
    """
    assert recall is not None
    averaged = averaged_doubling(last) if pooling > 1 else [last]
    pool = [nn.AvgPool2d(pooling // 2)] if pooling > 2 else []
    convolution = _without_norm(recall)
    if all(_can_be_filled(each) for each in averaged):
        averaged = [_filled(each, inputs=i > 0) for i, each in enumerate(averaged)]
        convolution = _filled(convolution, outputs=False)
    return nn.Sequential(*averaged, *pool, convolution, nn.ReLU())


def averaged_doubling(layer: nn.Module) -> list[nn.Module]:
    r"""Make layers that double height and width as `layer` does and then average 2x2 cells.

    Of a 4x4 transposed convolution of stride 2 both together are a 3x3 convolution: with the kernel K,

    .. math:: M K M^T, \qquad M = \tfrac12 \begin{pmatrix} 0&0&0&1 \\ 0&1&1&0 \\ 1&0&0&0 \end{pmatrix}

    Example:
        >>> layer, values = nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1), torch.randn(1, 3, 5, 6)
        >>> torch.allclose(averaged_doubling(layer)[0](values), F.avg_pool2d(layer(values), 2), atol=1e-5)
        True
    """
    if isinstance(layer, nn.Sequential):
        *before, last = layer
        return [*before, *averaged_doubling(last)]
    if not (isinstance(layer, nn.ConvTranspose2d) and _is_doubling(layer)):
        return [layer, nn.AvgPool2d(2)]
    mixed = torch.tensor([[0.0, 0, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]], device=layer.weight.device) / 2
    weight = torch.stack((mixed @ layer.weight @ mixed.T).chunk(layer.groups)).transpose(1, 2).flatten(0, 1)
    return [_convolution(weight, layer.bias, 1, layer.groups)]


def average(features: Tensor) -> Tensor:
    """Average features (N, C, h, w) over their cells to (N, C).

    A pooling, unlike a mean, leaves them in the layout in which ONNX Runtime's convolutions work.

    Example:
        >>> average(torch.ones(2, 3, 4, 4)).shape
        torch.Size([2, 3])
    """
    return F.avg_pool2d(features, features.shape[-2:]).flatten(1)


def _enlarged(features: Tensor, size: Sequence[int]) -> Tensor:
    """Enlarge features as the backbone does; a whole factor, told as such, has a faster road in ONNX Runtime."""
    if _divides(features, size):
        factors = [wanted / length for wanted, length in zip(size, features.shape[-2:], strict=True)]
        return F.interpolate(features, scale_factor=factors, mode="bilinear")
    return F.interpolate(features, tuple(size), mode="bilinear")


def _whole_steps(maps: Sequence[Tensor]) -> list[Tensor]:
    """Enlarge the maps whose average it changes: those that do not fit the finest a whole number of times."""
    size = maps[0].shape[-2:]
    return [each if _divides(each, size) else _enlarged(each, size) for each in maps]


def _divides(features: Tensor, size: Sequence[int]) -> bool:
    return all(wanted % length == 0 for wanted, length in zip(size, features.shape[-2:], strict=True))


def _is_doubling(layer: nn.ConvTranspose2d) -> bool:
    settings = (layer.kernel_size, layer.stride, layer.padding, layer.output_padding, layer.dilation)
    return settings == ((4, 4), (2, 2), (1, 1), (0, 0), (1, 1))


def _can_be_filled(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Conv2d) and layer.groups in (1, layer.in_channels)


def _without_norm(layers: nn.Sequential) -> nn.Conv2d:
    """Fold a convolution and its batch normalisation into one."""
    convolution, norm = layers[0], layers[1]
    assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    return fuse_conv_bn_eval(convolution, norm)


def _filled(layer: nn.Module, inputs: bool = True, outputs: bool = True) -> nn.Conv2d:
    """Fill the channels of a convolution, depthwise or of one group, up with zeros to whole blocks."""
    assert isinstance(layer, nn.Conv2d)
    ins, outs = -layer.in_channels % BLOCK * inputs, -layer.out_channels % BLOCK * outputs
    weight = F.pad(layer.weight, (0, 0, 0, 0, 0, ins if layer.groups == 1 else 0, 0, outs))
    bias = None if layer.bias is None else F.pad(layer.bias, (0, outs))
    return _convolution(weight, bias, layer.padding, 1 if layer.groups == 1 else layer.groups + ins)


def _convolution(weight: Tensor, bias: Tensor | None, padding: Any, groups: int) -> nn.Conv2d:  # noqa: ANN401
    outputs, inputs, *size = weight.shape
    layer = nn.Conv2d(inputs * groups, outputs, (size[0], size[1]), padding=padding, groups=groups)
    layer.weight = nn.Parameter(weight.detach())
    layer.bias = None if bias is None else nn.Parameter(bias.detach())
    return layer
