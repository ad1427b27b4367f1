import math

import pytest
import torch

from likelihand.losses import ResidualLogLikelihood
from likelihand.ops.flows import RealNVP, StandardNormal
from likelihand.ops.heatmaps import Prediction
from likelihand.testing import check_loss

LOG_2PI = math.log(2 * math.pi)


class Lopsided:
    """A density that tells a residual from its negative: N((1, 0), I)."""

    def log_prob(self, x):
        return StandardNormal().log_prob(x - torch.tensor([1.0, 0.0], dtype=x.dtype))


def one_keypoint():
    """Scales 2 and 4, errors 2 and -8: residuals 1 and -2."""
    mean = torch.tensor([[[10.0, 20.0]]], dtype=torch.float64)
    log_scale = torch.tensor([[[math.log(2), math.log(4)]]], dtype=torch.float64)
    return mean, log_scale, torch.tensor([[[12.0, 12.0]]], dtype=torch.float64), torch.ones(1, 1)


def batch(samples=3, keypoints=4, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    mean = torch.rand(samples, keypoints, 2, generator=generator, dtype=dtype) * 64
    target = mean + torch.randn(samples, keypoints, 2, generator=generator, dtype=dtype) * 5
    log_scale = torch.randn(samples, keypoints, 2, generator=generator, dtype=dtype) + 1.5
    return mean.requires_grad_(), log_scale.requires_grad_(), target, torch.ones(samples, keypoints, dtype=dtype)


def moved(loss, by=0.15):
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in loss.parameters():
            parameter.add_(by * torch.randn_like(parameter))
    return loss


def test_the_papers_value_by_hand():
    # log 2 + log 4 + log(2 pi) + (0^2 + 2^2) / 2, the density's centre being (1, 0)
    value = ResidualLogLikelihood(density=Lopsided())(*one_keypoint())
    assert value.item() == pytest.approx(math.log(8) + LOG_2PI + 2)


def test_rles_value_by_hand():
    # -2 log phi((-1, 2)): 2 log(2 pi) + (2^2 + 2^2); 2 log 8 + 2 log sqrt(2 pi) + (1 + 2) / sqrt 2
    value = ResidualLogLikelihood(variant="rle", density=Lopsided())(*one_keypoint())
    expected = 2 * LOG_2PI + 8 + 2 * math.log(8) + LOG_2PI + 3 / math.sqrt(2)
    assert value.item() == pytest.approx(expected)


def test_mmposes_value_by_hand():
    # -2 log phi((-1, 2)): 2 log(2 pi) + (2^2 + 2^2); 2 log 8 + 2 log 2 + (1 + 2)
    value = ResidualLogLikelihood(variant="mmpose", density=Lopsided())(*one_keypoint())
    assert value.item() == pytest.approx(2 * LOG_2PI + 8 + 2 * math.log(8) + 2 * math.log(2) + 3)


def test_a_fresh_laplace_form_is_close_to_l1():
    mean, log_scale, target, weight = one_keypoint()
    value = ResidualLogLikelihood(residual="laplace").double()(mean, log_scale, target, weight)
    assert value.item() == pytest.approx(math.log(8) + math.log(2) + 3 * math.sqrt(2), abs=0.5)


def test_a_normal_density_is_torchs_normal():
    mean, log_scale, target, weight = batch()
    value = ResidualLogLikelihood(density=StandardNormal())(mean, log_scale, target, weight, reduction="none")
    expected = -torch.distributions.Normal(mean, log_scale.exp()).log_prob(target).sum(-1)
    torch.testing.assert_close(value, expected)


@pytest.mark.parametrize("options", [{}, {"residual": "laplace"}, {"symmetric": True}])
def test_integrates_to_one_over_the_crop_at_every_stage(options):
    loss = moved(ResidualLogLikelihood(stages=2, **options), by=0.05)
    mean, log_scale = torch.tensor([[[70.0, 50.0]]]), torch.log(torch.tensor([[[8.0, 9.0]]]))
    axis = torch.arange(-130, 130, 0.5) + 0.25
    grid = mean + torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).view(1, -1, 2)
    many = (mean.expand_as(grid), log_scale.expand_as(grid), grid, torch.ones(grid.shape[:-1]))
    for stage in range(2):
        with torch.no_grad():
            nats = loss(*many, reduction="none", stage=stage)
        assert nats.double().neg().exp().sum().item() * 0.25 == pytest.approx(1, abs=1e-3)


def test_symmetric_is_the_average_of_the_density_and_its_mirror_image_by_hand():
    # residual (1, -2) about (1, 0): exp(-2) / 2 pi; mirrored (-1, 2): exp(-4) / 2 pi
    value = ResidualLogLikelihood(density=Lopsided(), symmetric=True)(*one_keypoint())
    density = (math.exp(-2) + math.exp(-4)) / 2 / (2 * math.pi)
    assert value.item() == pytest.approx(math.log(8) - math.log(density))


def test_a_symmetric_density_has_its_mean_at_the_networks_mean():
    loss = moved(ResidualLogLikelihood(stages=2, symmetric=True))
    mean, log_scale, target, weight = (value.float() for value in batch())
    for stage in range(2):
        there = loss(mean, log_scale, target, weight, reduction="none", stage=stage)
        mirrored = loss(mean, log_scale, 2 * mean - target, weight, reduction="none", stage=stage)
        torch.testing.assert_close(there, mirrored)


@pytest.mark.parametrize(
    "options", [{}, {"residual": "laplace"}, {"symmetric": True}, {"variant": "rle"}, {"variant": "mmpose"}]
)
def test_gradients_are_exact(options):
    loss = moved(ResidualLogLikelihood(**options).double())
    mean, log_scale, target, weight = batch(samples=1, keypoints=3)
    assert torch.autograd.gradcheck(lambda m, s: loss(m, s, target, weight), (mean, log_scale))


def test_masked_keypoints_never_reach_the_density():
    class Spy:
        def log_prob(self, x):
            self.seen = x
            return StandardNormal().log_prob(x)

    spy = Spy()
    mean, log_scale, target, weight = batch()
    weight[0, 1] = weight[2, :] = 0
    target[weight == 0] = torch.nan
    ResidualLogLikelihood(density=spy)(mean, log_scale, target, weight).backward()
    assert spy.seen.shape == (7, 2)
    assert spy.seen.isfinite().all()
    assert not mean.grad[weight == 0].any() and mean.grad.isfinite().all()
    assert not log_scale.grad[weight == 0].any()


def test_nothing_labelled_is_zero_with_a_gradient_for_every_parameter():
    loss = ResidualLogLikelihood(stages=2)
    mean, log_scale, target, weight = batch(dtype=torch.float32)
    value = loss(mean, log_scale, target * torch.nan, weight * 0, stage=1)
    value.backward()
    assert value.item() == 0
    for gradient in [mean.grad, log_scale.grad, *(parameter.grad for parameter in loss.parameters())]:
        assert gradient is not None and not gradient.any()


def test_weights_may_be_fractions():
    loss = ResidualLogLikelihood(density=StandardNormal())
    mean, log_scale, target, weight = batch()
    whole = loss(mean, log_scale, target, weight, reduction="none")
    weight[:, 0] = 0.25
    value = loss(mean, log_scale, target, weight, reduction="none")
    torch.testing.assert_close(value, whole * weight)
    torch.testing.assert_close(loss(mean, log_scale, target, weight), (whole * weight).sum() / weight.sum())


@pytest.mark.parametrize("weight_type", [torch.bool, torch.int64, torch.float32])
def test_weights_may_be_of_any_type(weight_type):
    mean, log_scale, target, weight = batch()
    loss = ResidualLogLikelihood(density=StandardNormal())
    torch.testing.assert_close(
        loss(mean, log_scale, target, weight.to(weight_type)), loss(mean, log_scale, target, weight)
    )


def test_all_stages_at_once_are_the_stages_one_by_one():
    loss = moved(ResidualLogLikelihood(stages=3).double())
    predictions = [Prediction(torch.zeros(3, 4, 2, 2), *batch(seed=i)[:2]) for i in range(3)]
    *_, target, weight = batch()
    weight[1] = 0
    together = loss.of_predictions(predictions, target, weight)
    for i, prediction in enumerate(predictions):
        alone = loss(prediction.mean, prediction.log_scale, target, weight, reduction="none", stage=i)
        torch.testing.assert_close(together[i], alone)
        torch.testing.assert_close(loss.of_prediction(prediction, target, weight, i), alone)
    assert (together[0] - together[1]).abs().max() > 0.1


def test_is_float32_inside_autocast():
    loss = moved(ResidualLogLikelihood())
    mean, log_scale, target, weight = batch(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(mean, log_scale, target, weight)
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, loss(mean, log_scale, target, weight), rtol=0, atol=0)
    assert loss(mean.bfloat16(), log_scale.bfloat16(), target, weight).dtype == torch.float32


def test_every_stage_has_a_flow_of_its_own():
    loss = ResidualLogLikelihood(stages=3)
    mean, log_scale, target, weight = batch(dtype=torch.float32)
    loss(mean, log_scale, target, weight, stage=1).backward()
    for name, parameter in loss.named_parameters():
        assert parameter.grad[:, 1].any(), name
        assert not parameter.grad[:, [0, 2]].any(), name


def test_a_density_a_stage_may_be_given():
    loss = ResidualLogLikelihood(stages=2, density=[RealNVP(couplings=2), RealNVP(couplings=4)])
    assert len(list(loss.parameters())) == 12
    check_loss(loss)
    check_loss(ResidualLogLikelihood(stages=2, density=StandardNormal()))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"residual": "laplace"},
        {"variant": "rle"},
        {"variant": "mmpose"},
        {"floor": 2.0},
        {"keypoints": 21},
        {"keypoints": 21, "symmetric": True},
    ],
)
def test_keeps_the_contract(options):
    check_loss(ResidualLogLikelihood(stages=3, **options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"residual": "gauss"}, "residual 'gauss'"),
        ({"variant": "original"}, "variant 'original'"),
        ({"residual": "laplace", "variant": "rle"}, 'leave residual="none"'),
        ({"residual": "laplace", "density": StandardNormal()}, 'leave residual="none"'),
        ({"stages": 2, "density": [StandardNormal()]}, "1 densities for 2 stages"),
        ({"floor": -1.0}, "floor is -1.0"),
        ({"variant": "rle", "keypoints": 21}, 'keypoints=21 needs variant="paper"'),
    ],
)
def test_refuses_arguments_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        ResidualLogLikelihood(**options)


@pytest.mark.parametrize("options", [{}, {"residual": "laplace"}, {"symmetric": True}], ids=str)
def test_a_flow_a_keypoint_is_each_flow_on_its_own_keypoint(options):
    loss = moved(ResidualLogLikelihood(2, keypoints=4, **options)).double()
    mean, log_scale, target, weight = batch()
    weight[0, 2] = weight[2, 0] = 0
    for stage, flows in enumerate(loss.density):
        residual = (target - mean) / log_scale.exp()
        each = [flows.log_prob(residual[:, k], k) for k in range(4)]
        if loss.symmetric:
            mirrored = [flows.log_prob(-residual[:, k], k) for k in range(4)]
            each = [torch.logaddexp(a, b) - math.log(2) for a, b in zip(each, mirrored, strict=True)]
        expected = (log_scale.sum(-1) - torch.stack(each, 1)) * weight
        found = loss(mean, log_scale, target, weight, reduction="none", stage=stage)
        assert torch.allclose(found, expected, atol=1e-12)
    both = loss.of_predictions([Prediction(mean, mean, log_scale)] * 2, target, weight)
    assert torch.allclose(both[1], expected, atol=1e-12)


def test_a_masked_keypoint_moves_no_flow_of_its_own():
    loss = moved(ResidualLogLikelihood(keypoints=4))
    mean, log_scale, target, weight = batch(dtype=torch.float32)
    weight[:, 1] = 0
    target[:, 1] = torch.nan
    loss(mean, log_scale, target, weight).backward()
    moves = loss.density[0].weight_out.grad.abs().sum((0, 2, 3)) > 0
    assert moves.tolist() == [True, False, True, True]


def test_a_floor_adds_in_squares_by_hand():
    # scales sqrt(2^2 + 3^2) and sqrt(4^2 + 3^2) = 5; errors 2 and -8
    value = ResidualLogLikelihood(density=StandardNormal(), floor=3.0)(*one_keypoint())
    expected = 0.5 * math.log(13) + math.log(5) + LOG_2PI + 0.5 * (4 / 13 + 64 / 25)
    assert value.item() == pytest.approx(expected)


def test_refuses_arrays_that_do_not_fit():
    loss = ResidualLogLikelihood(stages=2)
    mean, log_scale, target, weight = batch(dtype=torch.float32)
    with pytest.raises(ValueError, match="do not fit predictions"):
        loss(mean, log_scale, target, weight.unsqueeze(-1))
    with pytest.raises(ValueError, match="stage 2: this loss has 2 stages"):
        loss(mean, log_scale, target, weight, stage=2)
    with pytest.raises(ValueError, match="1 predictions: this loss has 2 stages"):
        loss.of_predictions([Prediction(mean, mean, log_scale)], target, weight)
    with pytest.raises(ValueError, match="reduction 'sum'"):
        loss(mean, log_scale, target, weight, reduction="sum")
