import json
import math

import pytest
import torch
from torch import nn

from likelihand.losses import HeatmapCrossEntropy, HeatmapLoss, IntegralLoss, ResidualLogLikelihood, WarmStart
from likelihand.models import SequentialHeatmapNetwork, TimmBackbone, from_config
from likelihand.models.heads import separable_transposed_convolution
from likelihand.ops.heatmaps import peak, soft_argmax


class TinyBackbone(nn.Sequential):
    def __init__(self, stride=16, channels=16):
        layers = []
        for i in range(stride.bit_length() - 1):
            layers += [nn.Conv2d(channels if i else 3, channels, 3, 2, 1), nn.BatchNorm2d(channels), nn.ReLU()]
        super().__init__(*layers)
        self.channels, self.stride = channels, stride


def pictures(count=2, height=64, width=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=3, width=32)


@pytest.mark.parametrize("stride", [4, 8, 16, 32])
def test_heatmaps_have_stride_four_whatever_the_backbones(stride):
    network = SequentialHeatmapNetwork(TinyBackbone(stride), stages=2, keypoints=5, width=8)
    for prediction in network(pictures(2, 64, 96)):
        assert prediction.heatmaps.shape == (2, 5, 16, 24)
        assert prediction.mean.shape == prediction.log_scale.shape == (2, 5, 2)
        torch.testing.assert_close(prediction.mean, soft_argmax(prediction.heatmaps, 4))


def test_the_papers_layers():
    with torch.device("meta"):
        network = SequentialHeatmapNetwork(TimmBackbone("resnet50"))
    first, second = network.stages[0], network.stages[1]
    assert len(network.stages) == 5
    assert first.reduce[0].weight.shape == second.reduce[0].weight.shape == (256, 2048, 1, 1)
    assert first.recall is None and second.recall[0].weight.shape == (256, 21, 1, 1)
    transposed = [module for module in second.heatmaps if isinstance(module, nn.ConvTranspose2d)]
    assert [tuple(module.weight.shape) for module in transposed] == [
        (512, 256, 4, 4),
        (256, 256, 4, 4),
        (256, 21, 4, 4),
    ]
    assert [module.stride for module in transposed] == [(2, 2)] * 3
    assert second.scales.hidden[0].weight.shape == (256, 512)
    assert second.scales.output.weight.shape == (42, 256)
    assert isinstance(second.heatmaps[-1], nn.ConvTranspose2d)


def test_normalises_inside():
    seen = []

    class Spy(TinyBackbone):
        def forward(self, images):
            seen.append(images)
            return super().forward(images)

    SequentialHeatmapNetwork(Spy(), stages=1, mean=(0.5, 0.4, 0.3), std=(0.1, 0.2, 0.5)).eval()(
        torch.tensor([255, 102, 0], dtype=torch.uint8).expand(1, 16, 16, 3)
    )
    torch.testing.assert_close(seen[0][0, :, 3, 5], torch.tensor([5.0, 0.0, -0.6]))


def test_takes_the_backbones_normalisation_or_imagenets():
    lite = SequentialHeatmapNetwork(TimmBackbone("tf_efficientnet_lite0"), stages=1, width=8)
    assert lite.mean.flatten().tolist() == [0.5] * 3
    plain = SequentialHeatmapNetwork(TinyBackbone(), stages=1, width=8)
    torch.testing.assert_close(plain.std.flatten(), torch.tensor([0.229, 0.224, 0.225]))


def test_the_scale_starts_at_an_eighth_and_stays_in_bounds():
    network = SequentialHeatmapNetwork(TinyBackbone(), stages=2, width=8).eval()
    scale = network(pictures(2, 64, 128))[-1].log_scale.exp()
    torch.testing.assert_close(scale, torch.full_like(scale, 16.0), rtol=0.05, atol=0)
    for output, expected in ((-1e9, 0.128), (1e9, 256.0)):
        nn.init.constant_(network.stages[1].scales.output.bias, output)
        scale = network(pictures(2, 64, 128))[-1].log_scale.exp()
        torch.testing.assert_close(scale, torch.full_like(scale, expected))


def test_later_stages_read_earlier_heatmaps(small):
    predictions = small.eval()(pictures())
    gradient = torch.autograd.grad(predictions[2].mean.sum(), predictions[1].heatmaps, retain_graph=True)[0]
    assert gradient.any()
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(predictions[1].mean.sum(), predictions[2].heatmaps)


def test_every_parameter_learns(small):
    small.train()
    loss = ResidualLogLikelihood(stages=3)
    target = torch.rand(2, 21, 2) * 64
    loss.of_predictions(small(pictures()), target, torch.ones(2, 21)).sum().backward()
    for name, parameter in small.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    for name, parameter in small.stages.named_parameters():  # timm's residual branches start at 0
        assert parameter.grad.any(), name
    small.zero_grad()


def test_a_sample_does_not_depend_on_its_batch(small):
    small.eval()
    images = pictures(3)
    alone, among = small(images[1:2])[-1], small(images)[-1]
    torch.testing.assert_close(alone.mean, among.mean[1:2], atol=1e-3, rtol=0)


def test_autocast_keeps_points_and_scales_wide(small):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        prediction = small.train()(pictures())[-1]
    assert prediction.mean.dtype == prediction.log_scale.dtype == torch.float32


def losses():
    return {
        "paper": (ResidualLogLikelihood(2), soft_argmax),
        "laplace": (ResidualLogLikelihood(2, residual="laplace"), soft_argmax),
        "rle": (ResidualLogLikelihood(2, variant="rle"), soft_argmax),
        "mmpose": (ResidualLogLikelihood(2, variant="mmpose"), soft_argmax),
        "integral": (IntegralLoss(2), soft_argmax),
        "heatmap": (HeatmapLoss(2, sigma=1.5), peak),
        "warm": (WarmStart(ResidualLogLikelihood(2), HeatmapCrossEntropy(2, sigma=1.0), 60), soft_argmax),
    }


def error_after_learning(name, seed):
    """Mean error in pixels, of 64, on eight pictures that a network was trained on."""
    torch.manual_seed(seed)
    loss, decoder = losses()[name]
    network = SequentialHeatmapNetwork(TinyBackbone(16, 24), 2, keypoints=3, width=24, decoder=decoder)
    images, weight = pictures(8), torch.ones(8, 3)
    target = 8 + torch.rand(8, 3, 2) * 48
    weight[0, 0], target[0, 0] = 0, torch.nan
    optimiser = torch.optim.Adam([*network.parameters(), *loss.parameters()], 5e-3)
    for step in range(100):
        loss.set_step(step)
        optimiser.zero_grad()
        loss.of_predictions(network(images), target, weight).sum().div(weight.sum()).backward()
        optimiser.step()
    with torch.no_grad():
        return float((network(images)[-1].mean - target).norm(dim=-1)[weight > 0].mean())


@pytest.mark.parametrize("name", losses())
def test_learns_eight_pictures_by_heart(name):
    # about 18 at the start; a free flow takes part of the error for its own mean, how much depends on the seed and
    # on the processor's last digits: 3.5 to 9.3 over five seeds of eq. 5; so one of four must do it
    limit = {"integral": 2, "heatmap": 3}.get(name, 6)
    errors = []
    for seed in range(4):
        errors.append(error_after_learning(name, seed))
        if errors[-1] < limit:
            return
    raise AssertionError(f"{errors} of 64 pixels, none below {limit}")


def test_rebuilds_from_json():
    network = SequentialHeatmapNetwork(
        TimmBackbone("resnet18", stride=16), 2, keypoints=7, width=16,
        upsampling=separable_transposed_convolution, decoder=peak,
    )  # fmt: skip
    again = from_config(json.loads(json.dumps(network.config())))
    again.load_state_dict(network.state_dict())
    images = pictures()
    torch.testing.assert_close(again.eval()(images)[-1], network.eval()(images)[-1])
    assert again.config() == network.config()
    assert again.decoder is peak


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class": "os.system"}, "cannot build 'os.system': expected one of SequentialHeatmapNetwork"),
        ({"class": None}, "cannot build None"),
        ({"backbone": {"class": "Mine"}}, "cannot build backbone 'Mine'"),
        (
            {"backbone": {"class": "TimmBackbone", "name": "hf-hub:a/b", "stride": 32}},
            "no timm model 'hf-hub:a/b'",
        ),
        ({"backbone": {"class": "TimmBackbone", "name": None, "stride": 32}}, "no timm model 'None'"),
        ({"backbone": []}, "does not describe a SequentialHeatmapNetwork"),
        ({"decoder": "eval"}, "cannot build 'eval': expected one of soft_argmax, peak"),
        ({"upsampling": ["x"]}, "cannot build"),
        ({"stages": "many"}, "does not describe a SequentialHeatmapNetwork"),
    ],
)
def test_builds_nothing_but_the_librarys_own(change, message):
    config = SequentialHeatmapNetwork(TimmBackbone("resnet18"), 1, width=8).config()
    with pytest.raises(ValueError, match=message):
        from_config({**config, **change})
    with pytest.raises(ValueError, match="does not describe"):
        from_config({"class": "SequentialHeatmapNetwork"})


def test_parts_of_your_own_have_no_configuration():
    with pytest.raises(ValueError, match="TinyBackbone has no config"):
        SequentialHeatmapNetwork(TinyBackbone(), 1).config()
    with pytest.raises(ValueError, match="not the library's own"):
        SequentialHeatmapNetwork(TimmBackbone("resnet18"), 1, decoder=lambda h, s: soft_argmax(h, s)).config()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(1, 3, 64, 64, dtype=torch.uint8), r"expected \(N, H, W, 3\): permute channels last"),
        (torch.zeros(1, 64, 64, 3), "expected torch.uint8"),
        (torch.zeros(1, 60, 64, 3, dtype=torch.uint8), "crop or pad to 64 x 64"),
        (torch.zeros(1, 0, 64, 3, dtype=torch.uint8), "crop or pad to 32 x 64"),
    ],
)
def test_says_how_to_mend_the_input(small, images, message):
    with pytest.raises(ValueError, match=message):
        small(images)


@pytest.mark.parametrize("stride", [2, 12, 0])
def test_refuses_a_stride_that_heatmaps_cannot_follow(stride):
    backbone = TinyBackbone()
    backbone.stride = stride
    with pytest.raises(ValueError, match=f"stride {stride}, expected 4, 8, 16 or 32"):
        SequentialHeatmapNetwork(backbone)


def test_refuses_no_stages():
    with pytest.raises(ValueError, match="at least 1"):
        SequentialHeatmapNetwork(TinyBackbone(), stages=0)


def test_the_logarithm_of_the_start_is_the_documented_one(small):
    head = small.stages[0].scales
    output = head.output.bias[0].item()
    share = 1 / (1 + math.exp(-output))
    assert math.exp(math.log(1e-3) + share * math.log(2 / 1e-3)) == pytest.approx(1 / 8)
