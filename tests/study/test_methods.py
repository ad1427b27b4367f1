import pytest
import torch

from likelihand.losses import Batch, HeatmapLoss, IntegralLoss, ResidualLogLikelihood, WarmStart
from likelihand.ops.heatmaps import peak, soft_argmax
from likelihand.structures import KeypointLabels
from likelihand.study.cost import cost_name, networks_of
from likelihand.study.methods import (
    CPM,
    FIXED_WARM,
    HEATMAP,
    INTEGRAL,
    INTEGRAL_POSE,
    INTEGRAL_START,
    INTEGRAL_WARM,
    LAPLACE_WARM,
    LOSSES,
    METHODS,
    MLE,
    MLE_WARM,
    REMEDIES,
    RLE,
    RLE_DENSITY,
    SIMPLE_BASELINE,
    SYMMETRIC_WARM,
    separate,
)
from likelihand.study.setting import Setting
from likelihand.training import TrainConfig
from likelihand.training.state import Trainee

SETTING = Setting(
    backbone="test_resnet", weights=None, frozen=8, width=8, stages=3, cpm_stages=2, cpm_width=8,
    train=TrainConfig(steps=100, size=64),
)  # fmt: skip
ALL = {m.name: m for m in (*LOSSES, *METHODS, *REMEDIES, separate(1))}


@pytest.mark.parametrize("name", ALL)
def test_network_and_loss_fit(name):
    method = ALL[name]
    trainee = Trainee(method.network(SETTING), method.loss(SETTING))
    crops = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    labels = KeypointLabels(torch.rand(2, 21, 2) * 64, torch.ones(2, 21), torch.full((2, 2), torch.nan))
    values = torch.stack(list(trainee(Batch(crops, labels, torch.arange(2))).values()))
    values.sum().backward()
    assert values.isfinite().all()
    learnt = [p.grad is not None and bool(p.grad.any()) for p in trainee.loss.parameters()]
    flows = isinstance(_inner(trainee.loss), ResidualLogLikelihood) and method != FIXED_WARM
    assert all(learnt) and bool(learnt) == flows
    heads = [p.grad for p in trainee.network.stages.parameters() if p.grad is not None]
    assert heads and all(grad.isfinite().all() for grad in heads)


def _inner(loss):
    return loss.loss if isinstance(loss, WarmStart) else loss


def test_the_losses_of_figure_five_share_one_network():
    shapes = [{k: v.shape for k, v in m.network(SETTING).state_dict().items()} for m in LOSSES]
    assert all(shape == shapes[0] for shape in shapes)
    assert {m.name: m.network(SETTING).decoder for m in (MLE, INTEGRAL, HEATMAP)} == {
        MLE.name: soft_argmax,
        INTEGRAL.name: soft_argmax,
        HEATMAP.name: peak,
    }


def test_losses_are_what_their_papers_say():
    mle, laplace, symmetric = (_inner(m.loss(SETTING)) for m in (MLE, LAPLACE_WARM, SYMMETRIC_WARM))
    assert (mle.residual, mle.variant, mle.symmetric, mle.stages) == ("none", "paper", False, 3)
    assert laplace.residual == "laplace" and symmetric.symmetric
    assert RLE.loss(SETTING).variant == "rle" and RLE.loss(SETTING).stages == 1
    density = RLE_DENSITY.loss(SETTING)
    assert (density.variant, density.residual, density.stages) == ("paper", "laplace", 1)
    assert isinstance(INTEGRAL_POSE.loss(SETTING), IntegralLoss)
    cpm, baseline = CPM.loss(SETTING), SIMPLE_BASELINE.loss(SETTING)
    assert isinstance(cpm, HeatmapLoss) and (cpm.stages, cpm.stride, cpm.sigma) == (2, 8, 1.0)
    assert isinstance(baseline, HeatmapLoss) and (baseline.stages, baseline.stride) == (1, 4)
    assert separate(1).loss(SETTING).stages == len(separate(1).network(SETTING).stages) == 1


def test_a_warm_start_is_gone_before_the_end():
    for method, weight in ((MLE_WARM, 3.0), (INTEGRAL_WARM, 3.0), (INTEGRAL_START, 30 / 64)):
        loss = method.loss(SETTING)
        loss.set_step(0)
        assert loss.fade == weight
        loss.set_step(75)
        assert loss.fade == 0.0


def test_strides_of_the_backbone():
    strides = {m.name: m.network(SETTING).backbone.stride for m in (MLE, RLE, INTEGRAL_POSE, CPM)}
    assert strides == {"mle": 16, "rle": 32, "integral-pose": 16, "cpm": 8}


def test_costs_belong_to_networks():
    made = networks_of(SETTING, stages=True, rivals=True)
    assert list(made) == ["stage 1", "stage 2", "stage 3", "rle", "integral-pose", "cpm"]
    assert [len(made[f"stage {t}"].stages) for t in (1, 2, 3)] == [1, 2, 3]
    assert {cost_name(method, SETTING) for method in ALL.values()} <= set(made)
    assert list(networks_of(SETTING, stages=False, rivals=False)) == ["stage 3"]
