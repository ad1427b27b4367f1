from dataclasses import replace

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
    REFINEMENTS,
    REFINING,
    RIVALS,
    RLE,
    SAME_SIZE,
    SAME_TIME,
    SLOW_FLOW,
    STAGES,
    parameters,
    sequential,
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
ALL = {m.name: m for m in (*DECISIVE, *RIVALS, *STAGES, *IDEAS, *REFINEMENTS)}


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


def test_what_differs_from_a_loss_in_one_thing_has_its_rate():
    setting = Setting(rates={"mle": 5e-3, "mle-laplace": 4e-3})
    assert {method.rate(setting) for method in (LAPLACE, SLOW_FLOW, *REFINEMENTS)} == {4e-3}
    assert {method.rate(setting) for method in (MLE, *STAGES)} == {5e-3}


@pytest.mark.parametrize("change", [{}, {"separable": False, "stages": 3}])
def test_one_stage_has_the_parameters_of_the_refining_ones(change):
    setting = replace(Setting(weights=None), **change)
    refined, wide, wider = (method.network(setting) for method in (REFINING, SAME_SIZE, SAME_TIME))
    assert (len(refined.stages), len(wide.stages), len(wider.stages)) == (setting.stages, 1, 1)
    assert parameters(wide) == pytest.approx(parameters(refined), rel=0.02)
    assert setting.width == refined.width < wide.width < wider.width


def test_looking_for_the_width_takes_no_random_numbers():
    torch.manual_seed(3)
    network = SAME_SIZE.network(SETTING)
    torch.manual_seed(3)
    state, same = network.state_dict(), sequential(SETTING, stages=1, width=network.width).state_dict()
    assert all(torch.equal(state[name], same[name]) for name in state)
