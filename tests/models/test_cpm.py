import pytest
import torch
from torch import nn

from likelihand.models import ConvolutionalPoseMachine, LargeKernelBackbone, TimmBackbone
from likelihand.testing import check_backbone


def convolutions(module):
    return [each for each in module.modules() if isinstance(each, nn.Conv2d)]


def pictures(count=2, size=64):
    return torch.randint(
        0, 256, (count, size, size, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def test_the_papers_layers():
    with torch.device("meta"):
        network = ConvolutionalPoseMachine(LargeKernelBackbone())
    first, *later = network.stages
    assert len(later) == 5
    assert [layer.kernel_size[0] for layer in convolutions(network.backbone)] == [9, 9, 9]
    assert [tuple(layer.weight.shape) for layer in convolutions(first)] == [
        (32, 128, 5, 5), (512, 32, 9, 9), (512, 512, 1, 1), (21, 512, 1, 1),
    ]  # fmt: skip
    for stage in later:
        assert [tuple(layer.weight.shape) for layer in convolutions(stage)] == [
            (128, 53, 11, 11), (128, 128, 11, 11), (128, 128, 11, 11), (128, 128, 1, 1), (21, 128, 1, 1),
        ]  # fmt: skip
    assert [tuple(layer.weight.shape) for layer in convolutions(network.shared)] == [(32, 128, 5, 5)]


def test_the_large_kernel_backbone_keeps_the_contract():
    check_backbone(LargeKernelBackbone(8), size=32)


def test_a_later_stage_sees_thirty_one_cells_of_the_heatmaps_before():
    """The paper's count: three kernels of 11 cells see 31."""
    network = ConvolutionalPoseMachine(LargeKernelBackbone(4), stages=2, keypoints=1, width=4).eval()
    for parameter in network.stages[1].parameters():
        parameter.data.abs_()  # nothing cancels and no unit is silent
    heatmaps = torch.ones(1, 2, 64, 64, requires_grad=True)
    network.stages[1](heatmaps)[0, 0, 32, 32].backward()
    seen = heatmaps.grad[0].any(0)
    assert seen.any(0).nonzero().flatten().tolist() == list(range(17, 48))


def test_later_stages_read_earlier_heatmaps():
    network = ConvolutionalPoseMachine(LargeKernelBackbone(8), stages=3, width=8).eval()
    predictions = network(pictures())
    gradient = torch.autograd.grad(predictions[2].heatmaps.sum(), predictions[1].heatmaps, retain_graph=True)[0]
    assert gradient.any()
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(predictions[1].heatmaps.sum(), predictions[2].heatmaps)


def test_points_are_in_crop_pixels_of_stride_eight():
    network = ConvolutionalPoseMachine(LargeKernelBackbone(8), stages=1, keypoints=1, width=8).eval()
    network.stages[0] = nn.Conv2d(8, 1, 1)
    nn.init.zeros_(network.stages[0].weight)
    heatmaps = torch.zeros(1, 1, 8, 8)
    heatmaps[0, 0, 2, 5] = 1
    network.stages[0].register_forward_hook(lambda *_: heatmaps)
    torch.testing.assert_close(network(pictures(1))[-1].mean, torch.tensor([[[44.0, 20.0]]]))


def test_any_backbone_of_stride_eight():
    network = ConvolutionalPoseMachine(TimmBackbone("test_resnet", stride=8, context=True), stages=2, width=8)
    assert network(pictures())[-1].heatmaps.shape == (2, 21, 8, 8)
    with pytest.raises(ValueError, match="stride 32, expected 8: ask TimmBackbone for stride=8"):
        ConvolutionalPoseMachine(TimmBackbone("test_resnet"))


def test_refuses_no_stages():
    with pytest.raises(ValueError, match=r"stages 0, .*at least 1"):
        ConvolutionalPoseMachine(LargeKernelBackbone(8), stages=0)


def test_one_stage_shares_nothing():
    assert ConvolutionalPoseMachine(LargeKernelBackbone(8), stages=1, width=8).shared is None
