import pytest
import torch
from torch import nn

from likelihand.models import SequentialHeatmapNetwork, TimmBackbone, complexity, format_complexity


class ByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, 1, 1, groups=4)
        )
        self.stages = nn.ModuleList([nn.ConvTranspose2d(8, 6, 4, 2, 1, groups=2), nn.Linear(8, 5)])

    def forward(self, images):
        features = self.backbone(images.permute(0, 3, 1, 2).float())
        return self.stages[0](features), self.stages[1](features.mean((-2, -1)))


def test_counts_by_hand():
    rows = complexity(ByHand(), (16, 16))
    assert [row.part for row in rows] == ["backbone", "stage 1", "stage 2"]
    # 8x8 outputs of 8 channels: 3 x 9 taps, then 2 x 9; 64 inputs of 8 channels, each to 3 channels by 16 taps
    assert [row.multiply_adds for row in rows] == [64 * 8 * 27 + 64 * 8 * 18, 64 * 8 * 3 * 16, 8 * 5]
    assert [row.parameters for row in rows] == [8 * 27 + 8 + 16 + 8 * 18 + 8, 8 * 3 * 16 + 6, 8 * 5 + 5]


def test_a_transposed_convolution_counts_as_torch_counts_it():
    from torch.utils.flop_counter import FlopCounterMode

    network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=3, width=32).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 64, 96, 3, dtype=torch.uint8))
    assert 2 * sum(row.multiply_adds for row in complexity(network, (64, 96))) == counter.get_total_flops()


@pytest.mark.parametrize("stages", [1, 2, 4])
def test_any_depth(stages):
    network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=stages, width=16)
    rows = complexity(network, (64, 64))
    assert [row.part for row in rows] == ["backbone", *(f"stage {i + 1}" for i in range(stages))]
    assert sum(row.parameters for row in rows) == sum(parameter.numel() for parameter in network.parameters())
    assert all(row.multiply_adds for row in rows)


def test_leaves_the_network_as_it_was():
    network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=1, width=16).train()
    network.backbone.eval()  # type: ignore[attr-defined]
    before = {name: value.clone() for name, value in network.state_dict().items()}
    complexity(network, (64, 64))
    assert network.training and not network.backbone.training  # type: ignore[attr-defined]
    assert not any(module._forward_hooks for module in network.modules())
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_the_table_adds_up():
    rows = complexity(ByHand(), (16, 16))
    lines = format_complexity(rows).splitlines()
    assert len(lines) == len(rows) + 2
    assert lines[-1].split() == ["total", "0.00", "0.05"]
