import pytest
import torch

from likelihand.apps.study.methods import (
    CPM,
    DECISIVE,
    HEATMAP,
    IDEAS,
    INTEGRAL_POSE,
    L1,
    LAPLACE,
    MLE,
    RIVALS,
    RLE,
    SLOW_FLOW,
    STAGES,
    staged,
)
from likelihand.apps.study.setting import Setting
from likelihand.losses import Batch, IntegralLoss, ResidualLogLikelihood
from likelihand.ops.heatmaps import peak, soft_argmax
from likelihand.structures import KeypointLabels
from likelihand.training import TrainConfig
from likelihand.training.state import Trainee

SETTING = Setting(
    backbone="test_resnet", weights=None, frozen=8, width=8, cpm_stages=2, cpm_width=8, train=TrainConfig(size=64),
)  # fmt: skip
ALL = {m.name: m for m in (*DECISIVE, *RIVALS, *STAGES, *IDEAS)}


@pytest.mark.parametrize("name", ALL)
def test_network_and_loss_fit(name):
    method = ALL[name]
    trainee = Trainee(method.network(SETTING), method.training_loss(SETTING, 100))
    crops = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    labels = KeypointLabels(torch.rand(2, 21, 2) * 64, torch.ones(2, 21), torch.full((2, 2), torch.nan))
    values = torch.stack(list(trainee(Batch(crops, labels, torch.arange(2))).values()))
    values.sum().backward()
    assert values.isfinite().all()
    learnt = [p.grad is not None and bool(p.grad.any()) for p in trainee.loss.parameters()]
    flows = any(isinstance(part, ResidualLogLikelihood) for part in trainee.loss.modules())
    assert all(learnt) and bool(learnt) == flows
    heads = [p.grad for p in trainee.network.stages.parameters() if p.grad is not None]
    assert heads and all(grad.isfinite().all() for grad in heads)


def test_the_decisive_losses_start_from_the_same_network_and_helper():
    states, helpers = [], []
    for method in DECISIVE:
        torch.manual_seed(3)
        states.append(method.network(SETTING).state_dict())
        helpers.append(method.training_loss(SETTING, 100))
    for state in states[1:]:
        assert all(torch.equal(state[name], states[0][name]) for name in states[0])
    assert {(h.steps, h.ratio, repr(h.helper)) for h in helpers} == {(50.0, 4.0, repr(helpers[0].helper))}


def test_losses_are_those_of_their_papers():
    assert isinstance(L1.loss(SETTING), IntegralLoss)
    assert MLE.loss(SETTING).residual == "none" and LAPLACE.loss(SETTING).residual == "laplace"
    assert RLE.loss(SETTING).variant == "rle" and RLE.network(SETTING).normalise
    assert HEATMAP.network(SETTING).decoder is peak and INTEGRAL_POSE.network(SETTING).decoder is soft_argmax
    assert CPM.loss(SETTING).stages == 2 and staged(3).loss(SETTING).stages == 3
    assert SLOW_FLOW.flow_rate < 1 and not any(m.warm for m in (RLE, CPM, HEATMAP, INTEGRAL_POSE))


def test_rates_are_those_that_were_chosen():
    setting = Setting(rates={"mle": 5e-3}, train=TrainConfig(learning_rate=1e-3))
    assert (MLE.rate(setting), L1.rate(setting)) == (5e-3, 1e-3)
