"""Heads: sizes, bounds, and what they do not depend on."""

import math

import pytest
import torch
from torch import nn

from likelihand.models import SequentialHeatmapNetwork
from likelihand.models.heads import (
    INITIAL,
    LARGEST,
    SMALLEST,
    DepthHead,
    HeatmapHead,
    ScaleHead,
    TraitHead,
    doublings_to_heatmap,
    features_at,
    pointwise,
    separable_transposed_convolution,
    transposed_convolution,
)
from likelihand.ops.heatmaps import peak
from tests.tiny import TinyBackbone


@pytest.mark.parametrize(("stride", "doublings"), [(4, 0), (8, 1), (16, 2), (32, 3)])
def test_doublings_lead_to_stride_four(stride: int, doublings: int) -> None:
    assert doublings_to_heatmap(stride) == doublings
    maps = HeatmapHead(6, 8, 21, doublings, transposed_convolution)(torch.zeros(2, 6, 64 // stride, 96 // stride))
    assert maps.shape == (2, 21, 16, 24)


@pytest.mark.parametrize("stride", [2, 12, 0])
def test_another_stride_is_refused(stride: int) -> None:
    with pytest.raises(ValueError, match=f"has stride {stride}, expected 4, 8, 16 or 32"):
        doublings_to_heatmap(stride)


def test_the_last_layer_is_bare() -> None:
    """Logits are of either sign: neither normalised nor cut off at 0."""
    layers = list(HeatmapHead(6, 8, 21, 2, transposed_convolution))
    assert [type(layer) for layer in layers] == [nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU, nn.ConvTranspose2d]
    assert [layer.out_channels for layer in layers[::3]] == [8, 21]  # type: ignore[union-attr]


@pytest.mark.parametrize("upsampling", [transposed_convolution, separable_transposed_convolution])
def test_upsampling_moves_nothing(upsampling) -> None:
    """What is symmetric about the centre stays so: a shift would move every keypoint."""
    layer = upsampling(1, 1)
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    image = torch.zeros(1, 1, 6, 8)
    image[..., 2:4, 3:5] = 1.0
    doubled = layer(image)
    assert doubled.shape == (1, 1, 12, 16)
    torch.testing.assert_close(doubled, doubled.flip(-1))
    torch.testing.assert_close(doubled, doubled.flip(-2))


def test_a_pointwise_layer_mixes_channels_alone() -> None:
    layer = pointwise(3, 5).eval()
    image = torch.randn(1, 3, 4, 6)
    torch.testing.assert_close(layer(image.flip(-1)), layer(image).flip(-1))


@pytest.mark.parametrize("side", [96, 256])
def test_a_scale_starts_at_an_eighth_and_stays_within_its_bounds(side: int) -> None:
    torch.manual_seed(0)
    head = ScaleHead(16, 8, 21).eval()
    start = head(torch.zeros(3, 16, 4, 4), side)
    assert start.shape == (3, 21, 2)
    torch.testing.assert_close(start, torch.full_like(start, math.log(INITIAL * side)), atol=0.05, rtol=0)
    for bias, bound in ((-1e4, SMALLEST), (1e4, LARGEST)):
        nn.init.constant_(head.output.bias, bias)
        extreme = head(torch.zeros(3, 16, 4, 4), side)
        torch.testing.assert_close(extreme, torch.full_like(extreme, math.log(bound * side)))


def test_features_are_taken_where_the_heatmap_lies() -> None:
    features = torch.randn(2, 5, 6, 8)
    heatmaps = torch.full((2, 3, 12, 16), -1e4)
    cells = [(0, 0), (3, 7), (5, 2)]
    for k, (row, column) in enumerate(cells):
        heatmaps[:, k, 2 * row, 2 * column + 1] = 0.0
    expected = torch.stack([features[:, :, row, column] for row, column in cells], 1)
    torch.testing.assert_close(features_at(heatmaps, features), expected)
    heatmaps[:, 0, 8, 4] = 0.0
    both = (features[:, :, 0, 0] + features[:, :, 4, 2]) / 2
    torch.testing.assert_close(features_at(heatmaps, features)[:, 0], both)


def test_depths_have_no_mean_scale_with_the_crop_and_train_the_features_alone() -> None:
    torch.manual_seed(0)
    head = DepthHead(16, 21, 8).eval()
    nn.init.normal_(head.output.weight)
    features = torch.randn(2, 16, 6, 6, requires_grad=True)
    heatmaps, points = (torch.randn(2, 21, *size, requires_grad=True) for size in ((24, 24), (2,)))
    found = head(features, heatmaps, points, 96)
    torch.testing.assert_close(found[..., 0].sum(1), torch.zeros(2), atol=1e-3, rtol=0)
    twice = head(features, heatmaps, 2 * points, 192)
    torch.testing.assert_close(twice[..., 0], 2 * found[..., 0])
    torch.testing.assert_close(twice[..., 1], found[..., 1] + math.log(2))
    found.sum().backward()
    assert heatmaps.grad is None and points.grad is None and features.grad.abs().sum() > 0


def test_depths_need_heatmaps_that_are_logits() -> None:
    with pytest.raises(ValueError, match="depth needs heatmaps that are logits; decoder is peak"):
        SequentialHeatmapNetwork(TinyBackbone(), stages=1, width=8, depth=True, decoder=peak)


def test_traits_depend_neither_on_place_nor_on_size_and_send_no_gradient_to_the_points() -> None:
    torch.manual_seed(0)
    head = TraitHead(16, 21, 8).eval()
    features, points = torch.randn(2, 16, 6, 6), torch.randn(2, 21, 2, requires_grad=True)
    logits = head(features, points)
    torch.testing.assert_close(head(features, 7.0 * points + 40.0), logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(head.of_average(features.mean((-2, -1)), points), logits)
    logits.sum().backward()
    assert points.grad is None and head.output.weight.grad is not None
