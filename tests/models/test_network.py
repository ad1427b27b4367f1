"""What every network of the library keeps, and every loss that trains it."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from likelihand.inference.export import export
from likelihand.inference.metadata import ModelMetadata
from likelihand.losses import HeatmapLoss, IntegralLoss, ResidualLogLikelihood
from likelihand.models import (
    ConvolutionalPoseMachine,
    IntegralNetwork,
    LargeKernelBackbone,
    RegressionNetwork,
    SequentialHeatmapNetwork,
    TimmBackbone,
    complexity,
    from_config,
)
from likelihand.models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from likelihand.ops.heatmaps import dark, peak


class TinyBackbone(nn.Sequential):
    def __init__(self, channels=24):
        layers = []
        for inputs in (3, channels, channels):
            layers += [nn.Conv2d(inputs, channels, 3, 2, 1), nn.BatchNorm2d(channels), nn.ReLU()]
        super().__init__(*layers)
        self.channels, self.stride = channels, 8


NETWORKS = {
    "sequential": lambda backbone, **more: SequentialHeatmapNetwork(backbone, 2, width=24, **more),
    "rle": RegressionNetwork,
    "integral": lambda backbone, **more: IntegralNetwork(backbone, width=24, **more),
    "baseline": lambda backbone, **more: IntegralNetwork(backbone, width=24, decoder=peak, **more),
    "dark": lambda backbone, **more: IntegralNetwork(backbone, width=24, decoder=dark, **more),
    "cpm": lambda backbone, **more: ConvolutionalPoseMachine(backbone, 3, width=8, **more),
}
STAGES = {"sequential": 2, "cpm": 3}
HEATMAP = {"rle": (0, 0), "cpm": (8, 12)}
DIFFERENTIABLE = {"sequential", "rle", "integral"}
"""Those whose points have a gradient; the others learn by their heatmaps."""


def losses():
    return [
        ("sequential", lambda: IntegralLoss(2), 2.0),
        ("rle", lambda: ResidualLogLikelihood(variant="rle"), 9.0),
        ("rle", lambda: ResidualLogLikelihood(residual="laplace"), 12.0),
        ("rle", IntegralLoss, 2.0),
        ("integral", IntegralLoss, 2.0),
        ("baseline", lambda: HeatmapLoss(sigma=1.5), 3.0),
        ("dark", HeatmapLoss, 2.0),
        ("cpm", lambda: HeatmapLoss(3, sigma=1.0, stride=8), 4.0),
    ]


def pictures(count=2, height=64, width=96, seed=0):
    """Coarse patches of colour, so that pictures differ after pooling too."""
    generator = torch.Generator().manual_seed(seed)
    patches = torch.rand(count, 3, 4, 4, generator=generator)
    smooth = F.interpolate(patches, (height, width), mode="bilinear")
    return (smooth * 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def build(name, backbone=None, seed=0, **more):
    torch.manual_seed(seed)
    return NETWORKS[name](TinyBackbone() if backbone is None else backbone, **more)


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes(name):
    predictions = build(name, keypoints=5).eval()(pictures())
    assert len(predictions) == STAGES.get(name, 1)
    for heatmaps, mean, log_scale, *_ in predictions:
        assert heatmaps.shape == (2, 5, *HEATMAP.get(name, (16, 24)))
        assert mean.shape == log_scale.shape == (2, 5, 2)
        assert mean.dtype == log_scale.dtype == torch.float32
        assert log_scale.isfinite().all()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_learns(name):
    network = build(name).train()
    prediction = network(pictures())
    values = [p.mean.sum() + p.log_scale.sum() if name in DIFFERENTIABLE else p.heatmaps.sum() for p in prediction]
    sum(value * (i + 1) for i, value in enumerate(values)).backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), parameter_name


@pytest.mark.parametrize("name", NETWORKS)
def test_a_sample_does_not_depend_on_its_batch(name):
    network = build(name).eval()
    alone, among = network(pictures(3)[1:2])[-1], network(pictures(3))[-1]
    torch.testing.assert_close(alone.mean, among.mean[1:2], atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_autocast_keeps_points_and_scales_wide(name):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        prediction = build(name).train()(pictures())[-1]
    assert prediction.mean.dtype == prediction.log_scale.dtype == torch.float32


@pytest.mark.parametrize(("name", "make", "limit"), losses())
def test_learns_eight_pictures_by_heart(name, make, limit):
    loss, network = make(), build(name, keypoints=3)
    images, weight = pictures(8, 64, 64), torch.ones(8, 3)
    target = 8 + torch.rand(8, 3, 2, generator=torch.Generator().manual_seed(1)) * 48
    weight[0, 0], target[0, 0] = 0, torch.nan
    optimiser = torch.optim.Adam([*network.parameters(), *loss.parameters()], 5e-3)
    for _ in range(120):
        optimiser.zero_grad()
        loss.of_predictions(network(images), target, weight).sum().div(weight.sum()).backward()
        optimiser.step()
    with torch.no_grad():
        error = (network(images)[-1].mean - target).norm(dim=-1)[weight > 0]
    # 16 at the start; a free flow takes part of the error for its own mean: over six seeds 1 to 10 are left
    assert error.mean() < limit, f"{error.mean():.2f} of 64 pixels"


@pytest.mark.parametrize("name", NETWORKS)
def test_deployed_is_a_copy_of_the_last_stage(name):
    network = build(name).train()
    deployed = network.deploy()
    points, scale = deployed(pictures())
    last = network.eval()(pictures())[-1]
    torch.testing.assert_close(points, last.mean, rtol=0, atol=0)
    torch.testing.assert_close(scale, last.log_scale.exp(), rtol=0, atol=0)
    first = network(pictures())[0]
    torch.testing.assert_close(network.deploy(1)(pictures())[0], first.mean, rtol=0, atol=0)
    with pytest.raises(ValueError, match=rf"expected 1\.\.{STAGES.get(name, 1)}"):
        network.deploy(4)


@pytest.mark.parametrize("name", NETWORKS)
def test_exported_file_agrees(name, tmp_path: Path):
    pytest.importorskip("onnx")
    network = build(name)
    for seed in range(2):
        network.train()(pictures(4, 64, 64, seed))
    assert export(network, tmp_path / "hand.onnx", ModelMetadata(size=(64, 64))) <= 1e-3


@pytest.mark.parametrize("name", NETWORKS)
def test_a_checkpoint_rebuilds_it(name, tmp_path: Path):
    backbone = LargeKernelBackbone(8) if name == "cpm" else TimmBackbone("test_resnet", stride=16)
    network = build(name, backbone, keypoints=7).eval()
    save_checkpoint(tmp_path / "a.safetensors", network, CheckpointInfo(size=(64, 64)))
    again = load_checkpoint(tmp_path / "a.safetensors")[0]
    assert again.config() == network.config() == from_config(json.loads(json.dumps(network.config()))).config()
    torch.testing.assert_close(again(pictures())[-1], network(pictures())[-1], rtol=0, atol=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_complexity_counts_every_parameter(name):
    network = build(name)
    rows = complexity(network, (64, 64))
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in network.parameters())
    assert [row.part for row in rows if row.part.startswith("stage")] == [
        f"stage {i + 1}" for i in range(STAGES.get(name, 1))
    ]
    assert all(row.multiply_adds > 0 for row in rows)


@pytest.mark.parametrize("name", NETWORKS)
def test_says_how_to_mend_the_input(name):
    with pytest.raises(ValueError, match="crop or pad to 64 x 64"):
        build(name)(torch.zeros(1, 60, 64, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"keypoints 0.*at least 1"):
        build(name, keypoints=0)


def test_a_class_of_your_own_is_not_rebuilt_as_another():
    class Mine(IntegralNetwork):
        pass

    config = Mine(TimmBackbone("test_resnet"), width=8).config()
    with pytest.raises(ValueError, match="cannot build 'Mine'"):
        from_config(config)


@pytest.mark.parametrize(
    ("network", "change", "message"),
    [
        (
            lambda b: IntegralNetwork(b, width=8),
            {"decoder": "eval"},
            "cannot build 'eval': expected one of soft_argmax",
        ),
        (lambda b: IntegralNetwork(b, width=8), {"depth": 3}, "does not describe a IntegralNetwork"),
        (RegressionNetwork, {"backbone": {"class": "os.system"}}, "cannot build backbone 'os.system'"),
        (RegressionNetwork, {"backbone": []}, "does not describe a RegressionNetwork"),
    ],
)
def test_builds_nothing_but_the_librarys_own(network, change, message):
    config = network(TimmBackbone("test_resnet")).config()
    with pytest.raises(ValueError, match=message):
        from_config({**config, **change})
