import pytest
import torch

from likelihand import testing
from likelihand.apps.study.matched import MatchedWarmStart, gradient_norm
from likelihand.losses import HeatmapCrossEntropy, IntegralLoss, ResidualLogLikelihood
from likelihand.ops.heatmaps import Prediction, soft_argmax

LOSSES = {"l1": IntegralLoss(2), "mle": ResidualLogLikelihood(2), "laplace": ResidualLogLikelihood(2, "laplace")}


def predictions(scale: float = 12.0, seed: int = 0) -> tuple[list[Prediction], list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    leaves = [torch.randn(3, 5, 16, 16, generator=generator, requires_grad=True) for _ in range(2)]
    log_scale = torch.full((3, 5, 2), scale).log()
    return [Prediction(leaf, soft_argmax(leaf, 4), log_scale) for leaf in leaves], leaves


TARGET = torch.rand(3, 5, 2, generator=torch.Generator().manual_seed(1)) * 64
WEIGHT = torch.tensor([[1.0] * 5, [1.0] * 4 + [0.0], [0.0] * 5])


def gradients_of(loss, made, leaves):
    return torch.autograd.grad(loss.of_predictions(made, TARGET, WEIGHT).sum(), leaves, retain_graph=True)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_the_helper_has_the_same_share_beside_every_loss(name, scale):
    """What is added to the loss's gradient is the helper's direction, `fade` times as long as the loss's."""
    loss, helper = LOSSES[name], HeatmapCrossEntropy(2, 1.0)
    warm = MatchedWarmStart(loss, helper, steps=100, ratio=4.0)
    warm.set_step(25)
    made, leaves = predictions(scale)
    for total, own, helping in zip(
        *(gradients_of(each, made, leaves) for each in (warm, loss, helper)), strict=True
    ):
        added = total - own
        assert float(added.norm()) == pytest.approx(3.0 * float(own.norm()), rel=1e-4)
        assert float((added * helping).sum()) == pytest.approx(float(added.norm() * helping.norm()), rel=1e-4)


def test_norms_are_those_of_the_gradient():
    made, leaves = predictions()
    for loss in (LOSSES["l1"], LOSSES["mle"], HeatmapCrossEntropy(2, 1.0)):
        expected = [float(each.norm()) for each in gradients_of(loss, made, leaves)]
        assert [gradient_norm(loss, p, TARGET, WEIGHT, i) for i, p in enumerate(made)] == pytest.approx(
            expected, rel=1e-5
        )


def test_it_is_gone_at_its_end_and_in_evaluation():
    warm = MatchedWarmStart(LOSSES["l1"], HeatmapCrossEntropy(2, 1.0), steps=100, ratio=4.0)
    made, _ = predictions()
    plain = LOSSES["l1"].of_predictions(made, TARGET, WEIGHT)
    assert (warm.of_predictions(made, TARGET, WEIGHT) > plain)[0, 0].all()
    with torch.no_grad():
        assert torch.equal(warm.of_predictions(made, TARGET, WEIGHT), plain)
    warm.set_step(100)
    assert torch.equal(warm.of_predictions(made, TARGET, WEIGHT), plain)
    assert torch.equal(warm.of_prediction(made[0], TARGET, WEIGHT, 0), plain[0])


def test_nothing_labelled_leaves_no_gradient_that_is_not_finite():
    warm = MatchedWarmStart(LOSSES["mle"], HeatmapCrossEntropy(2, 1.0), steps=100, ratio=4.0)
    made, leaves = predictions()
    value = warm.of_predictions(made, TARGET, torch.zeros(3, 5)).sum()
    gradients = torch.autograd.grad(value, leaves, allow_unused=True)
    assert value == 0 and all(g is None or not g.any() for g in gradients)


def test_it_is_a_loss():
    testing.check_loss(MatchedWarmStart(ResidualLogLikelihood(), HeatmapCrossEntropy(), steps=10, ratio=1.0))


@pytest.mark.parametrize(("steps", "ratio", "stages"), [(0, 1, 2), (1, 0, 2), (1, 1, 1)])
def test_refuses_what_makes_no_sense(steps, ratio, stages):
    with pytest.raises(ValueError, match=r"expected more than 0|give both the network's"):
        MatchedWarmStart(LOSSES["l1"], HeatmapCrossEntropy(stages), steps, ratio)
