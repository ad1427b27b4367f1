import pytest
import torch
from torch import nn

from likelihand.losses import (
    Batch,
    DetectionLoss,
    HeatmapCrossEntropy,
    IntegralLoss,
    ResidualLogLikelihood,
    WarmStart,
)
from likelihand.models import (
    ConvolutionalPoseMachine,
    DetectionNetwork,
    IntegralNetwork,
    LargeKernelBackbone,
    RegressionNetwork,
    SequentialHeatmapNetwork,
)
from likelihand.ops.flows import StandardNormal
from likelihand.structures import KeypointLabels, SceneLabels
from likelihand.testing import check_backbone, check_criterion, check_density, check_loss, check_network
from tests.tiny import TinyBackbone


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


def network(**options):
    torch.manual_seed(0)
    return SequentialHeatmapNetwork(TinyBackbone(), stages=2, width=8, traits=True, **options)


def crops(count):
    return torch.randint(0, 256, (count, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def hands(count=4):
    torch.manual_seed(0)
    weight = (torch.rand(count, 21) > 0.3).float()
    traits = torch.tensor([[1.0, 1.0], [0.0, 1.0], [torch.nan, 0.0], [torch.nan, torch.nan]])[:count]
    return Batch(crops(count), KeypointLabels(32 * torch.rand(count, 21, 2), weight, traits), torch.arange(count))


def pictures():
    boxes = torch.tensor(
        [[[4.0, 4.0, 20.0, 20.0], [0.0, 0.0, 0.0, 0.0]], [[8.0, 8.0, 30.0, 28.0], [2.0, 2.0, 9.0, 9.0]]]
    )
    right, asked = torch.tensor([[1.0, 0.5], [0.0, 0.5]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    return Batch(crops(2), SceneLabels(boxes, right, asked, torch.tensor([1.0, 0.0])), torch.arange(2))


def test_criteria_of_keypoints_and_of_boxes_keep_one_contract():
    for loss in (ResidualLogLikelihood(2), WarmStart(IntegralLoss(2), HeatmapCrossEntropy(2), steps=9)):
        check_criterion(loss, network().eval(), hands())
    check_criterion(DetectionLoss(), DetectionNetwork(TinyBackbone(), width=8).eval(), pictures())


class OfTheBatch(IntegralLoss):
    def of_batch(self, predictions, batch):
        return {name: value / value.mean() for name, value in super().of_batch(predictions, batch).items()}


class Uncounted(IntegralLoss):
    def counts(self, batch):
        return {"1": batch.labels.weight.sum()}


class MeanCount(IntegralLoss):
    def counts(self, batch):
        return {name: torch.ones(()) for name in super().counts(batch)}


class Number(IntegralLoss):
    def of_batch(self, predictions, batch):
        return {name: value.mean() for name, value in super().of_batch(predictions, batch).items()}


class Mute(IntegralLoss):
    def of_batch(self, predictions, batch):
        return {name: value.detach() for name, value in super().of_batch(predictions, batch).items()}


class Secretive(IntegralLoss):
    def config(self):
        return {"class": self}


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (nn.L1Loss(), "with `of_batch`, `counts`"),
        (OfTheBatch(2), "gives a sample another '1' in another batch"),
        (Uncounted(2), "a term '2' that its counts do not name"),
        (MeanCount(2), "counts another '1' of a batch than of its parts"),
        (Number(2), r"gives '1' \(\) values, not \(4,\) finite ones"),
        (Mute(2), "passes no gradient"),
        (Secretive(2), "config\\(\\) that is no plain JSON"),
    ],
)
def test_a_bad_criterion_is_told_why(loss, message):
    with pytest.raises(ValueError, match=message):
        check_criterion(loss, network().eval(), hands())


def test_every_network_keeps_one_contract_and_its_mode():
    for build in (
        network,
        lambda: IntegralNetwork(TinyBackbone(), width=8),
        lambda: RegressionNetwork(TinyBackbone()),
        lambda: ConvolutionalPoseMachine(LargeKernelBackbone(8), stages=2, width=8),
        lambda: DetectionNetwork(TinyBackbone(), width=8),
    ):
        one = build().train()
        check_network(one)
        assert one.training


class Unkind(SequentialHeatmapNetwork):
    kind = "foot"


class Neighbourly(SequentialHeatmapNetwork):
    def predict(self, images, *, every):
        predictions = super().predict(images, every=every)
        return [p._replace(mean=p.mean + len(images)) for p in predictions]


class Sharing(SequentialHeatmapNetwork):
    def deploy(self, stages=None, spread=False):
        form = super().deploy(stages, spread)
        form.network = self
        return form


class Boastful(SequentialHeatmapNetwork):
    outputs = ("points", "scale", "weight")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda: nn.Linear(1, 1), "with `kind`, `outputs`"),
        (lambda: Unkind(TinyBackbone(), 2, width=8), "of kind 'foot'"),
        (lambda: Neighbourly(TinyBackbone(), 2, width=8), "alone than in a batch"),
        (lambda: Sharing(TinyBackbone(), 2, width=8), "shares its weights"),
        (lambda: Boastful(TinyBackbone(), 2, width=8, traits=True), "deploys outputs"),
    ],
)
def test_a_bad_network_is_told_why(bad, message):
    torch.manual_seed(0)
    with pytest.raises(ValueError, match=message):
        check_network(bad())
