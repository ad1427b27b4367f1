import math

import pytest
import torch

from likelihand.losses import HeatmapCrossEntropy, IntegralLoss, ResidualLogLikelihood, WarmStart
from likelihand.ops.heatmaps import Prediction
from likelihand.testing import check_loss


def example():
    torch.manual_seed(0)
    prediction = Prediction(torch.randn(2, 3, 16, 16), torch.rand(2, 3, 2) * 64, torch.zeros(2, 3, 2))
    return prediction, torch.rand(2, 3, 2) * 64, torch.ones(2, 3)


def test_keeps_the_contract():
    check_loss(WarmStart(ResidualLogLikelihood(2), HeatmapCrossEntropy(2), steps=10))


@pytest.mark.parametrize(("step", "share"), [(0, 3.0), (25, 2.25), (100, 0.0), (1000, 0.0)])
def test_the_helper_fades(step, share):
    prediction, target, weight = example()
    loss = WarmStart(IntegralLoss(), HeatmapCrossEntropy(), steps=100, weight=3.0)
    loss.set_step(step)
    expected = IntegralLoss().of_prediction(prediction, target, weight, 0)
    expected = expected + share * HeatmapCrossEntropy().of_prediction(prediction, target, weight, 0)
    torch.testing.assert_close(loss.of_prediction(prediction, target, weight, 0), expected)
    torch.testing.assert_close(loss.of_predictions([prediction], target, weight)[0], expected)


def test_a_warm_start_may_last_for_ever():
    loss = WarmStart(IntegralLoss(), HeatmapCrossEntropy(), steps=math.inf)
    loss.set_step(10**9)
    assert loss.fade == 1


def test_one_inside_another_hears_the_step():
    inner = WarmStart(IntegralLoss(), HeatmapCrossEntropy(), steps=10)
    WarmStart(inner, HeatmapCrossEntropy(), steps=20).set_step(5)
    assert inner.fade == 0.5


def test_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="loss has 2 stages, helper 1"):
        WarmStart(IntegralLoss(2), HeatmapCrossEntropy(1), steps=1)
    with pytest.raises(ValueError, match="expected more than 0"):
        WarmStart(IntegralLoss(), HeatmapCrossEntropy(), steps=0)
