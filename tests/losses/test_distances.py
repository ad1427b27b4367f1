import math

import pytest
import torch

from likelihand.losses import HeatmapCrossEntropy, HeatmapLoss, IntegralLoss
from likelihand.ops.heatmaps import render_gaussians
from likelihand.testing import check_loss

TARGET = torch.tensor([[[30.0, 22.0], [50.5, 9.5]]], dtype=torch.float64)
WEIGHT = torch.ones(1, 2)


@pytest.mark.parametrize("loss", [IntegralLoss, HeatmapLoss, HeatmapCrossEntropy])
def test_keeps_the_contract(loss):
    check_loss(loss(stages=2))


def test_integral_value_by_hand():
    mean = TARGET + torch.tensor([[[3.0, -4.0], [1.0, 0.5]]])
    loss = IntegralLoss()
    torch.testing.assert_close(
        loss(mean, mean, TARGET, WEIGHT, reduction="none"), torch.tensor([[7.0, 1.5]]).double()
    )
    assert loss(mean, mean, TARGET, WEIGHT).item() == pytest.approx(4.25)


def test_heatmap_value_by_hand():
    # against empty heatmaps: the energy of a Gaussian of height 1, pi sigma^2 cells
    loss = HeatmapLoss(sigma=2.0)
    target = torch.full((1, 1, 2), 128.0, dtype=torch.float64)
    value = loss(torch.zeros(1, 1, 64, 64, dtype=torch.float64), target, torch.ones(1, 1))
    assert value.item() == pytest.approx(math.pi * 4)


def test_heatmap_loss_is_the_sum_of_squares():
    heatmaps = torch.randn(1, 2, 16, 12, dtype=torch.float64)
    expected = (heatmaps - render_gaussians(TARGET, (16, 12), 4, 2.0)).square().sum((-2, -1))
    torch.testing.assert_close(HeatmapLoss()(heatmaps, TARGET, WEIGHT, reduction="none"), expected)


def test_stride_says_where_the_target_is():
    heatmaps = torch.randn(1, 2, 16, 16, dtype=torch.float64)
    for loss in (HeatmapLoss(), HeatmapCrossEntropy()):
        coarse = loss(heatmaps, TARGET * 2, WEIGHT, stride=8)
        torch.testing.assert_close(coarse, loss(heatmaps, TARGET, WEIGHT, stride=4))


def test_cross_entropy_is_torchs():
    heatmaps = torch.randn(1, 2, 16, 16, dtype=torch.float64)
    expected_map = render_gaussians(TARGET, (16, 16), 4, 2.0).flatten(-2)
    expected_map = expected_map / expected_map.sum(-1, keepdim=True)
    expected = torch.nn.functional.cross_entropy(
        heatmaps.flatten(-2).flatten(0, 1), expected_map.flatten(0, 1), reduction="none"
    )
    value = HeatmapCrossEntropy()(heatmaps, TARGET, WEIGHT, reduction="none")
    torch.testing.assert_close(value.flatten(), expected)


def test_cross_entropy_of_a_far_target_pulls_to_the_border():
    heatmaps = torch.zeros(1, 1, 8, 8, requires_grad=True)
    HeatmapCrossEntropy()(heatmaps, torch.tensor([[[5000.0, 14.0]]]), torch.ones(1, 1)).backward()
    assert divmod(heatmaps.grad.flatten().argmin().item(), 8) == (3, 7)
    assert heatmaps.grad.isfinite().all()


@pytest.mark.parametrize("loss", [HeatmapLoss(), HeatmapCrossEntropy()])
def test_gradients_are_exact(loss):
    heatmaps = torch.randn(1, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    target = torch.rand(1, 2, 2, dtype=torch.float64) * 24
    assert torch.autograd.gradcheck(lambda h: loss(h, target, WEIGHT), heatmaps)


@pytest.mark.parametrize("loss", [HeatmapLoss(), HeatmapCrossEntropy()])
def test_is_float32_inside_autocast(loss):
    heatmaps = torch.randn(1, 2, 16, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(heatmaps, TARGET.float(), WEIGHT)
    torch.testing.assert_close(inside, loss(heatmaps, TARGET.float(), WEIGHT), rtol=0, atol=0)


def test_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="do not fit predictions"):
        HeatmapLoss()(torch.zeros(1, 3, 8, 8), TARGET, WEIGHT)
    with pytest.raises(ValueError, match="reduction 'sum'"):
        IntegralLoss()(TARGET, TARGET, TARGET, WEIGHT, reduction="sum")
