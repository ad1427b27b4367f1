"""What is kept comes back exactly, and only where it belongs."""

import pytest
import torch
from torch import nn

from likelihand.losses import Batch
from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
from likelihand.models.checkpoint import CheckpointError
from likelihand.structures import KeypointLabels
from likelihand.training.state import (
    Trainee,
    WeightAverage,
    make_optimizer,
    restore,
    set_rate,
    synchronised,
    tensors_of,
)
from tests.training import tiny_run


def trained(steps: int) -> tuple[Trainee, torch.optim.Optimizer, WeightAverage]:
    trainee = Trainee(*tiny_run.make(norm=True, dropout=0.0))
    optimizer, average = make_optimizer(trainee, 1e-2, 0.5, 0.0), WeightAverage(trainee.network, 0.9)
    generator = torch.Generator().manual_seed(0)
    crops = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8, generator=generator)
    for step in range(steps):
        labels = KeypointLabels(torch.full((2, 21, 2), 9.0), torch.ones(2, 21), torch.full((2, 2), torch.nan))
        sum(value.sum() for value in trainee(Batch(crops, labels, torch.arange(2))).values()).backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update(trainee.network, step + 1)
    return trainee, optimizer, average


def test_everything_comes_back_bit_for_bit() -> None:
    kept = tensors_of(*trained(3))
    trainee, optimizer, average = trained(0)
    restore(kept, trainee, optimizer, average, "here")
    found = tensors_of(trainee, optimizer, average)
    assert kept.keys() == found.keys()
    assert all(torch.equal(kept[name], found[name]) for name in kept)
    assert {name.split(".")[0] for name in kept} == {"network", "loss", "optimizer", "average"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("optimizer.network.nothing.exp_avg", "fits no parameter"),
        ("optimizer.network.scales.0.bias.exp_avg", "fits no parameter"),
        ("network.extra", "unknown here"),
        ("evil.thing", "no checkpoint of training"),
    ],
)
def test_tensors_that_do_not_belong_are_refused(name: str, message: str) -> None:
    trainee, optimizer, average = trained(1)
    tensors = tensors_of(trainee, optimizer, average) | {name: torch.zeros(3)}
    with pytest.raises(CheckpointError, match=message):
        restore(tensors, trainee, optimizer, average, "here")


def test_the_average_in_closed_form() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = WeightAverage(network, 0.5)
    nn.init.ones_(network.weight)
    average.update(network, 0)
    assert average.network.weight.item() == pytest.approx(0.9)
    average.update(network, 1000)
    assert average.network.weight.item() == pytest.approx(0.95)


def test_the_flows_have_a_rate_of_their_own() -> None:
    _, optimizer, _ = trained(0)
    set_rate(optimizer, 0.1)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.05]


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "mobilenetv3_small_100", "resnet18"])
@pytest.mark.parametrize("frozen", [0, 4])
def test_synchronised_normalisations_change_no_output(name: str, frozen: int) -> None:
    """Two steps in training mode and one in evaluation mode, bit for bit, with the statistics that they leave."""
    outputs = []
    for convert in (False, True):
        torch.manual_seed(0)
        network: nn.Module = SequentialHeatmapNetwork(TimmBackbone(name, frozen=frozen), stages=2, width=8)
        network = synchronised(network) if convert else network
        kinds = {type(m) for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)}
        assert convert == all(issubclass(kind, nn.SyncBatchNorm) for kind in kinds)
        crops = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
        modes = [network.train(mode)(crops)[-1].heatmaps for mode in (True, True, False)]
        outputs.append([*modes, *network.state_dict().values()])
    assert all(torch.equal(a, b) for a, b in zip(*outputs, strict=True))


def test_what_is_frozen_stays_frozen_when_it_is_synchronised() -> None:
    backbone = TimmBackbone("tf_efficientnet_lite0", frozen=4)
    trained = {name for name, p in backbone.named_parameters() if p.requires_grad}
    synchronised(backbone).train()
    assert trained == {name for name, p in backbone.named_parameters() if p.requires_grad}
    norms = {n: m for n, m in backbone.named_modules() if isinstance(m, nn.SyncBatchNorm)}
    still = {n for n, m in norms.items() if not m.training}
    assert still == {n for n in norms if f"{n}.weight" not in trained}
    assert 0 < len(still) < len(norms)
