"""The loss of a hand's traits."""

import math

import pytest
import torch

from likelihand.losses.traits import trait_loss


def test_it_is_minus_the_log_likelihood_of_what_is_known() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]], dtype=torch.float64)
    traits = torch.tensor([[1.0, 0.0], [math.nan, 1.0]], dtype=torch.float64)
    p = 1 / (1 + torch.exp(-logits))
    wanted = torch.stack([-torch.log(p[0, 0]) - torch.log(1 - p[0, 1]), -torch.log(p[1, 1])])
    torch.testing.assert_close(trait_loss(logits, traits), wanted)


def test_the_unknown_costs_nothing_and_has_no_gradient() -> None:
    logits = torch.tensor([[100.0, 1.0]], requires_grad=True)
    trait_loss(logits, torch.tensor([[math.nan, 1.0]])).sum().backward()
    assert logits.grad is not None and logits.grad[0, 0] == 0 and logits.grad[0, 1] != 0


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match=r"traits \(2, 1\): expected"):
        trait_loss(torch.zeros(2, 2), torch.zeros(2, 1))
