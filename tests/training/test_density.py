"""After training, the loss of every stage is still minus the logarithm of a density of the target."""

import pytest
import torch

from likelihand.data import DrawnHands
from likelihand.losses import ResidualLogLikelihood
from likelihand.training import TrainConfig, train
from tests.tiny import tiny_network

STEP, REACH = 0.04, 20.0  # the trained Laplace flows leave 0.001 beyond 14


@pytest.mark.parametrize("options", [{}, {"residual": "laplace"}, {"symmetric": True}])
def test_it_integrates_to_one_at_every_stage(options, tmp_path):
    torch.manual_seed(0)
    loss = ResidualLogLikelihood(stages=2, **options)
    before = [parameter.clone() for parameter in loss.parameters()]
    config = TrainConfig(
        steps=40, batch_size=8, size=64, workers=0, tensorboard=False, progress=False, loss_learning_rate=5.0
    )
    train(tiny_network(stages=2), loss, DrawnHands(16, size=64), config=config, out=tmp_path)
    assert all((a - b).abs().max() > 1e-3 for a, b in zip(before, loss.parameters(), strict=True))
    axis = torch.arange(-REACH, REACH, STEP) + STEP / 2
    target = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).reshape(1, -1, 2)
    zeros = torch.zeros_like(target)
    for stage in range(2):
        with torch.no_grad():
            nats = loss(zeros, zeros, target, torch.ones(target.shape[:2]), reduction="none", stage=stage)
        assert nats.double().neg().exp().sum().item() * STEP**2 == pytest.approx(1, abs=1e-3)
