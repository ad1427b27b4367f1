import math

import pytest
import torch

from likelihand import testing
from likelihand.losses import IntegralLoss, ResidualLogLikelihood, ScaleWeighted, from_config
from likelihand.ops.flows import StandardLaplace, StandardNormal
from likelihand.ops.heatmaps import Prediction


def prediction(log_scale, mean=None):
    zeros = torch.zeros_like(log_scale)
    return Prediction(log_scale.new_empty(*log_scale.shape[:2], 0, 0), zeros if mean is None else mean, log_scale)


def test_weights_are_powers_of_the_scale():
    scale = torch.tensor([[[1.0, 1.0], [2.0, 8.0], [50.0, 50.0]]])
    weight = torch.tensor([[1.0, 0.5, 0.0]])
    target = torch.tensor([[[3.0, 4.0], [3.0, 4.0], [9.0, 9.0]]])
    likelihood = ResidualLogLikelihood(density=StandardNormal())
    plain = likelihood.of_prediction(prediction(scale.log()), target, weight, 0)
    told = ScaleWeighted(likelihood, 0.5).of_prediction(prediction(scale.log()), target, weight, 0)
    factor = torch.tensor([1.0, 4.0])
    assert torch.allclose(told[0, :2], plain[0, :2] * factor, rtol=1e-6) and told[0, 2] == 0
    assert torch.equal(
        ScaleWeighted(likelihood, 0.0).of_prediction(prediction(scale.log()), target, weight, 0), plain
    )


def test_no_gradient_flows_through_the_weight():
    log_scale = torch.tensor([[[0.3, -0.2], [1.0, 0.5]]], dtype=torch.float64, requires_grad=True)
    target, weight = torch.ones(1, 2, 2, dtype=torch.float64), torch.ones(1, 2)
    likelihood = ResidualLogLikelihood(density=StandardNormal())
    plain = likelihood.of_prediction(prediction(log_scale), target, weight, 0)
    (own,) = torch.autograd.grad(plain.sum(), log_scale)
    (told,) = torch.autograd.grad(
        ScaleWeighted(likelihood, 1.0).of_prediction(prediction(log_scale), target, weight, 0).sum(), log_scale
    )
    factor = log_scale.detach().sum(-1).exp()
    assert torch.allclose(told, own * factor[..., None])


def test_a_half_makes_every_laplace_keypoint_pull_as_hard():
    """The gradient is divided by the scale; the weight takes that back."""
    scale = torch.tensor([1.0, 5.0, 20.0]).reshape(1, 3, 1).expand(1, 3, 2)
    mean = torch.zeros(1, 3, 2, requires_grad=True)
    loss = ScaleWeighted(ResidualLogLikelihood(density=StandardLaplace()), 0.5, unit=10.0)
    target, weight = torch.full((1, 3, 2), 2.0), torch.ones(1, 3)
    value = loss.of_prediction(prediction(scale.log(), mean), target, weight, 0)
    (gradient,) = torch.autograd.grad(value.sum(), mean)
    assert torch.allclose(gradient, torch.full((1, 3, 2), -math.sqrt(2) / 10.0), rtol=1e-5)


def test_stages_together_are_the_stages_one_by_one():
    loss = ScaleWeighted(ResidualLogLikelihood(stages=2), 0.7)
    made = [prediction(torch.randn(4, 5, 2), torch.randn(4, 5, 2)) for _ in range(2)]
    target, weight = torch.randn(4, 5, 2), (torch.rand(4, 5) > 0.3).float()
    together = loss.of_predictions(made, target, weight)
    apart = torch.stack([loss.of_prediction(p, target, weight, i) for i, p in enumerate(made)])
    assert torch.allclose(together, apart, atol=1e-6)


def test_it_is_a_loss_and_refuses_other_powers():
    loss = ScaleWeighted(ResidualLogLikelihood(stages=2), 0.5, unit=3.0)
    testing.check_loss(loss)
    assert from_config(loss.config()).config() == loss.config()
    nothing = torch.zeros(2, 3)
    value = ScaleWeighted(IntegralLoss(), 0.5).of_prediction(
        prediction(torch.zeros(2, 3, 2)), torch.ones(2, 3, 2), nothing, 0
    )
    assert not value.any()
    for beta in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="expected 0 to 1"):
            ScaleWeighted(IntegralLoss(), beta)
    with pytest.raises(ValueError, match="unit is 0: expected crop pixels"):
        ScaleWeighted(IntegralLoss(), 0.5, unit=0)
