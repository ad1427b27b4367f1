import pytest
import torch
from torch import nn

from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
from likelihand.models.folding import averaged_doubling, folded
from likelihand.models.heads import separable_transposed_convolution, transposed_convolution
from likelihand.ops.heatmaps import peak


def pictures(count, height=64, width=64):
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=generator)


def build(name="resnet18", stride=8, context=(16, 32), **options):
    """Build a network whose statistics and heatmaps are not those it starts with."""
    torch.manual_seed(0)
    backbone = TimmBackbone(name, stride=stride, context=context)
    network = SequentialHeatmapNetwork(backbone, **{"stages": 3, "width": 20, **options}).train()
    with torch.no_grad():
        for _ in range(5):
            network(pictures(8))
        for stage in network.stages:
            last = [m for m in stage.heatmaps.modules() if isinstance(m, nn.ConvTranspose2d | nn.Conv2d)][-1]
            last.weight *= 20
        if network.depth is not None:
            nn.init.normal_(network.depth.output.weight)
    return network.eval()


def nearest_doubling(inputs, outputs):
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, padding=1))


@pytest.mark.parametrize(
    "options",
    [
        {"upsampling": separable_transposed_convolution, "traits": True},
        {"upsampling": transposed_convolution, "stages": 2},
        {"upsampling": separable_transposed_convolution, "stride": 32, "context": False, "traits": True},
        {"upsampling": nearest_doubling, "stride": 16, "context": True},
        {"stride": 4, "context": (8,), "stages": 2},
        {"stages": 1, "decoder": peak},
        {"upsampling": separable_transposed_convolution, "traits": True, "depth": True},
        {"upsampling": separable_transposed_convolution, "stride": 32, "context": False, "depth": True},
    ],
)
@torch.no_grad()
def test_it_gives_what_the_deployed_network_gives(options):
    deployed = build(**options).deploy(spread="decoder" not in options)
    found, expected = folded(deployed)(pictures(3)), deployed(pictures(3))
    assert len(found) == len(expected)
    assert expected[0].std(1).min() > 0.4
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=1e-3)


@torch.no_grad()
def test_maps_that_do_not_fit_a_whole_number_of_times_are_enlarged_all_the_same():
    deployed = build(traits=True).deploy()
    images = pictures(2, 72, 88)
    for ours, theirs in zip(folded(deployed)(images), deployed(images), strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=1e-3)


def test_the_deployed_network_stays_as_it_is():
    deployed = build(stages=2).deploy()
    before = {name: tensor.clone() for name, tensor in deployed.state_dict().items()}
    folded(deployed)
    assert all(torch.equal(tensor, before[name]) for name, tensor in deployed.state_dict().items())


def test_other_modules_are_given_back():
    module = nn.Identity()
    assert folded(module) is module


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_a_doubling_and_an_average_are_one_convolution(groups):
    layer = nn.ConvTranspose2d(6, 12, 4, stride=2, padding=1, groups=groups)
    values = torch.randn(2, 6, 5, 7)
    (one,) = averaged_doubling(layer)
    torch.testing.assert_close(one(values), nn.functional.avg_pool2d(layer(values), 2), atol=1e-5, rtol=0)
