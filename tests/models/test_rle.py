import math

import pytest
import torch
from torch import nn

from likelihand.losses import HeatmapCrossEntropy, HeatmapLoss, ResidualLogLikelihood
from likelihand.models import RegressionNetwork, TimmBackbone, from_config
from likelihand.models.rle import RegressionHead


def head(points, scales):
    made = RegressionHead(4, 1).double()
    for layer, values in ((made.points, points), (made.scales, scales)):
        nn.init.zeros_(layer.weight)
        layer.bias.data = torch.tensor(values, dtype=torch.float64)
    return made


def test_worked_out_by_hand():
    """On 100 x 200 pixels: x = (0.5 + 0.25) 200, y = (0.5 - 0.5) 100; sigmoid(log 3) = 3/4, sigmoid(0) = 1/2."""
    mean, log_scale = head([0.25, -0.5], [math.log(3), 0.0])(
        torch.rand(1, 4, 3, 5, dtype=torch.float64), (100, 200)
    )
    torch.testing.assert_close(mean, torch.tensor([[[150.0, 0.0]]], dtype=torch.float64))
    expected = [(0.001 + 0.999 * 0.75) * 200, (0.001 + 0.999 * 0.5) * 100]
    torch.testing.assert_close(log_scale.exp(), torch.tensor([[expected]], dtype=torch.float64))


def test_points_depend_on_the_direction_of_the_feature_and_scales_on_all_of_it():
    """Pooled x = (3, 4), norm 5: W x / 5 + b; on 100 x 200 pixels x = (0.5 + 5 / 5 / 10 + 0.1) 200."""
    made = RegressionHead(2, 1).double()
    made.points.weight.data = torch.tensor([[0.1, 0.05], [0.0, -0.1]], dtype=torch.float64)
    made.points.bias.data = torch.tensor([0.1, 0.0], dtype=torch.float64)
    made.scales.weight.data = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    features = torch.tensor([[3.0, 4.0], [6.0, 8.0]], dtype=torch.float64)[..., None, None].expand(2, 2, 3, 3)
    mean, log_scale = made(features, (100, 200))
    point = [(0.5 + (0.1 * 3 + 0.05 * 4) / 5 + 0.1) * 200, (0.5 - 0.1 * 4 / 5) * 100]
    torch.testing.assert_close(mean, torch.tensor([[point], [point]], dtype=torch.float64))
    share = 0.001 + 0.999 * torch.sigmoid(features[..., 0, 0])
    torch.testing.assert_close(log_scale.exp()[:, 0], share * torch.tensor([200.0, 100.0]).double())
    plain = RegressionHead(2, 1, normalise=False).double()
    plain.load_state_dict(made.state_dict())
    point = [(0.5 + 0.1 * 3 + 0.05 * 4 + 0.1) * 200, (0.5 - 0.1 * 4) * 100]
    torch.testing.assert_close(plain(features, (100, 200))[0][0], torch.tensor([point], dtype=torch.float64))


def test_a_feature_of_zeros_has_points_and_gradients():
    features = torch.zeros(1, 4, 3, 3, requires_grad=True)
    made = RegressionHead(4, 2)
    mean, log_scale = made(features, (64, 96))
    assert mean.isfinite().all()
    (mean.sum() + log_scale.sum()).backward()
    assert features.grad.isfinite().all()


def test_an_earlier_configuration_keeps_its_plain_layer():
    network = RegressionNetwork(TimmBackbone("test_resnet"), normalise=False).eval()
    earlier = {name: value for name, value in network.config().items() if name != "normalise"}
    again = RegressionNetwork.from_config(earlier).eval()
    again.load_state_dict(network.state_dict())
    crops = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    assert torch.equal(again(crops)[0].mean, network(crops)[0].mean)
    assert from_config(RegressionNetwork(TimmBackbone("test_resnet")).config()).normalise


@pytest.mark.parametrize(("output", "scale"), [(-1e9, 0.1), (1e9, 100.0)])
def test_the_scale_stays_between_a_thousandth_and_the_side(output, scale):
    made = head([0.0, 0.0], [output, output])
    log_scale = made(torch.rand(1, 4, 3, 3, dtype=torch.float64), (100, 100))[1]
    torch.testing.assert_close(log_scale.exp(), torch.full_like(log_scale, scale))
    log_scale.sum().backward()
    assert made.scales.bias.grad.isfinite().all()


def test_the_head_is_exact():
    made = RegressionHead(4, 2).double()
    features = torch.randn(2, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda f: made(f, (64, 96)), features)


def test_it_starts_at_the_centre_with_half_the_side():
    prediction = RegressionNetwork(TimmBackbone("test_resnet")).eval()(
        torch.zeros(1, 64, 128, 3, dtype=torch.uint8)
    )[0]
    centre = torch.tensor([64.0, 32.0]).expand(1, 21, 2)
    torch.testing.assert_close(prediction.mean, centre, atol=2, rtol=0)
    torch.testing.assert_close(prediction.log_scale.exp(), centre, atol=2, rtol=0)


def test_two_layers_behind_the_backbone():
    with torch.device("meta"):
        network = RegressionNetwork(TimmBackbone("resnet50"))
    shapes = {name: tuple(parameter.shape) for name, parameter in network.stages.named_parameters()}
    assert shapes == {
        "0.points.weight": (42, 2048),
        "0.points.bias": (42,),
        "0.scales.weight": (42, 2048),
        "0.scales.bias": (42,),
    }


@pytest.mark.parametrize("loss", [HeatmapLoss(), HeatmapCrossEntropy()])
def test_losses_of_heatmaps_refuse_it(loss):
    predictions = RegressionNetwork(TimmBackbone("test_resnet"))(torch.zeros(2, 64, 64, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match="this network makes none, use a loss of points"):
        loss.of_predictions(predictions, torch.zeros(2, 21, 2), torch.ones(2, 21))


@pytest.mark.parametrize("options", [{"variant": "rle"}, {"residual": "laplace"}, {"variant": "mmpose"}])
def test_the_loss_reaches_points_scales_and_one_flow_for_all_keypoints(options):
    network, loss = RegressionNetwork(TimmBackbone("test_resnet")), ResidualLogLikelihood(**options)
    predictions = network(torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8))
    loss.of_predictions(predictions, torch.rand(2, 21, 2) * 64, torch.ones(2, 21)).sum().backward()
    for parameter in (*network.stages.parameters(), *loss.parameters()):
        assert parameter.grad.any() and parameter.grad.isfinite().all()
    assert loss.density.flows == 1
