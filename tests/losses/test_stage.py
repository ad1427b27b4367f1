import math

import pytest
import torch

from likelihand.losses.stage import labelled, reduce, spread, trait_loss


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


def test_spread_puts_values_where_they_came_from():
    mask = torch.tensor([[True, False, True], [False, True, False]])
    weight = torch.where(mask, torch.tensor([[1.0, 9.0, 2.0], [9.0, 3.0, 9.0]]), 0.0)
    value = spread(torch.tensor([[1.0, 1.0, 1.0], [2.0, 3.0, 4.0]]), mask, weight)
    torch.testing.assert_close(value[0], weight)
    torch.testing.assert_close(value[1], torch.tensor([[2.0, 0.0, 6.0], [0.0, 12.0, 0.0]]))


def test_a_mean_of_nothing_is_nothing():
    assert reduce(torch.zeros(2, 3), torch.zeros(2, 3), "mean").item() == 0


def test_small_weights_still_make_a_mean():
    weight = torch.full((1, 2), 1e-6)
    assert reduce(weight * 5, weight, "mean").item() == 5


def test_labelled_is_above_zero():
    weight = torch.tensor([[0.0, 0.1, 1.0]])
    assert labelled(torch.zeros(1, 3, 2), weight, torch.Size([1, 3])).tolist() == [[False, True, True]]
