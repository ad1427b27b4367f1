import pytest
import torch
from torch import nn

from experiments.gpu_rates import operations, rates


class Convolution(nn.Module):
    """A convolution whose operations are known by heart."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 6, 3, padding=1, groups=groups, bias=False)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.body(crops.permute(0, 3, 1, 2).float())
        return result


@pytest.mark.parametrize("groups", [1, 3])
def test_operations_are_those_of_the_convolution(groups: int) -> None:
    assert operations(Convolution(groups), 8) == 2 * 8 * 8 * 6 * 9 * 3 // groups


def test_a_training_step_counts_as_three_passes() -> None:
    told = rates(2 * 10**9, peak=100, share=0.5)
    assert told["prediction"] == pytest.approx((2.0, 25_000))
    assert told["training"] == pytest.approx((6.0, 25_000 / 3))
