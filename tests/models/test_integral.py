import pytest
import torch
from torch import nn

from likelihand.models import IntegralNetwork, TimmBackbone
from likelihand.models.integral import DeconvolutionHead
from likelihand.ops.heatmaps import dark, peak, soft_argmax


class OneCell(nn.Module):
    """Features of stride 4 that are the pictures' own, averaged."""

    channels, stride = 3, 4

    def forward(self, images):
        return nn.functional.avg_pool2d(images, 4)


def test_the_papers_layers():
    with torch.device("meta"):
        head: nn.Sequential = IntegralNetwork(TimmBackbone("resnet50")).stages[0]  # type: ignore[assignment]
    transposed = [module for module in head if isinstance(module, nn.ConvTranspose2d)]
    assert [tuple(module.weight.shape) for module in transposed] == [(2048, 256, 4, 4), *[(256, 256, 4, 4)] * 2]
    assert [(module.stride, module.padding) for module in transposed] == [((2, 2), (1, 1))] * 3
    assert head[-1].weight.shape == (21, 256, 1, 1)
    kinds = [type(module).__name__ for module in head]
    assert kinds == ["ConvTranspose2d", "BatchNorm2d", "ReLU"] * 3 + ["Conv2d"]


@pytest.mark.parametrize(("doublings", "cells"), [(0, 6), (1, 12), (2, 24), (3, 48)])
def test_the_head_doubles(doublings, cells):
    assert DeconvolutionHead(8, 4, 5, doublings)(torch.zeros(2, 8, 6, 6)).shape == (2, 5, cells, cells)


@pytest.mark.parametrize("decoder", [soft_argmax, peak, dark])
def test_reads_a_bright_cell_where_it_is(decoder):
    """Head and backbone let the picture through: a white cell in the picture is a peak in its heatmap."""
    network = IntegralNetwork(
        OneCell(), keypoints=1, decoder=decoder, mean=(0, 0, 0), std=(0.01, 0.01, 0.01)
    ).eval()
    nn.init.ones_(network.stages[0][-1].weight)
    nn.init.zeros_(network.stages[0][-1].bias)
    images = torch.zeros(1, 64, 96, 3, dtype=torch.uint8)
    images[:, 20:24, 40:44] = 255
    prediction = network(images)[-1]
    torch.testing.assert_close(prediction.mean, torch.tensor([[[42.0, 22.0]]]))
    torch.testing.assert_close(prediction.log_scale.exp(), torch.full((1, 1, 2), 12.0))


@pytest.mark.parametrize("stride", [2, 12])
def test_refuses_a_stride_that_heatmaps_cannot_follow(stride):
    backbone = OneCell()
    backbone.stride = stride
    with pytest.raises(ValueError, match=f"stride {stride}, expected 4, 8, 16 or 32"):
        IntegralNetwork(backbone)
