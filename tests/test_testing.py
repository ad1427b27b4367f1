import pytest
import torch
from torch import nn

from likelihand.losses import IntegralLoss
from likelihand.ops.flows import StandardNormal
from likelihand.testing import check_backbone, check_density, check_loss


class Good(nn.Module):
    channels, stride = 4, 4

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 4, 4)

    def forward(self, images):
        return self.layer(images)


class WrongChannels(Good):
    channels = 5


class WrongStride(Good):
    stride = 3


class WrongShape(Good):
    def forward(self, images):
        return self.layer(images).mT


class NotFinite(Good):
    def forward(self, images):
        return self.layer(images) / 0


class LooksAround(Good):
    def forward(self, images):
        return self.layer(images - images.mean(0))


class Idle(Good):
    def __init__(self):
        super().__init__()
        self.unused = nn.Linear(1, 1)


class Detached(Good):
    def forward(self, images):
        return self.layer(images.detach())


def test_a_good_backbone_passes_and_keeps_its_mode():
    backbone = Good().train()
    check_backbone(backbone)
    assert backbone.training


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        (nn.Linear(1, 1), "is no torch.nn.Module with `channels`"),
        (object(), "is no torch.nn.Module"),
        (WrongChannels(), "gives features"),
        (WrongStride(), "expected an int and 4, 8, 16 or 32"),
        (WrongShape(), "gives features"),
        (NotFinite(), "not finite"),
        (LooksAround(), "alone than in a batch"),
        (Idle(), "no gradient to unused.weight"),
        (Detached(), "no gradient to its input"),
    ],
)
def test_a_bad_backbone_is_told_why(backbone, message):
    with pytest.raises(ValueError, match=message):
        check_backbone(backbone, size=32)


class Leaky(IntegralLoss):
    def of_prediction(self, prediction, target, weight, stage):
        return ((prediction.mean - target.nan_to_num()).abs().sum(-1)) * (weight + 1e-3)


class Poisoned(IntegralLoss):
    def of_prediction(self, prediction, target, weight, stage):
        return torch.where(weight > 0, ((prediction.mean - target) ** 2).sum(-1).sqrt() * weight, 0.0)


class Squared(IntegralLoss):
    def of_prediction(self, prediction, target, weight, stage):
        return super().of_prediction(prediction, target, weight * weight, stage)


class Scalar(IntegralLoss):
    def of_prediction(self, prediction, target, weight, stage):
        return super().of_prediction(prediction, target, weight, stage).mean()


class Moody(IntegralLoss):
    def of_predictions(self, predictions, target, weight):
        return 2 * super().of_predictions(predictions, target, weight)


class Cut(IntegralLoss):
    def of_prediction(self, prediction, target, weight, stage):
        value = super().of_prediction(prediction, target, weight, stage)
        return value if weight.any() else torch.zeros_like(weight)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (nn.L1Loss(), "number of `stages`"),
        (Leaky(), "not 0 where the weight is 0"),
        (Poisoned(), "sends a gradient into mean where the weight is 0"),
        (Squared(), "not proportional to the weight"),
        (Scalar(), "values, not"),
        (Moody(), "another value alone"),
        (Cut(), "a 0 that can be differentiated"),
    ],
)
def test_a_bad_loss_is_told_why(loss, message):
    with pytest.raises(ValueError, match=message):
        check_loss(loss)


class Twice:
    def log_prob(self, x):
        return 2 * StandardNormal().log_prob(x)


class Flat:
    def log_prob(self, x):
        return StandardNormal().log_prob(x).flatten()


@pytest.mark.parametrize(
    ("density", "message"),
    [(Twice(), "integrates to"), (Flat(), "gives log_prob"), (nn.Linear(2, 1), "has no log_prob")],
)
def test_a_bad_density_is_told_why(density, message):
    with pytest.raises(ValueError, match=message):
        check_density(density)
