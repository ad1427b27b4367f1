import math

import pytest
import torch

from likelihand import testing
from likelihand.losses import (
    Batch,
    HeatmapCrossEntropy,
    ResidualLogLikelihood,
    SourceConditional,
    WarmStart,
    from_config,
)
from likelihand.losses.sources import hand_frame
from likelihand.ops.flows import StandardNormal
from likelihand.ops.heatmaps import Prediction
from likelihand.structures import INDEX, KeypointLabels

TURN = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
MIRROR = torch.diag(torch.tensor([-1.0, 1.0], dtype=torch.float64))


def hand(count: int = 1, seed: int = 0) -> torch.Tensor:
    """Points of about 100 crop pixels, in general position."""
    points = torch.rand(count, 21, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return 20 + 100 * points


def prediction(mean: torch.Tensor, scale: float = 3.0) -> Prediction:
    return Prediction(mean.new_zeros(*mean.shape[:2], 0, 0), mean, torch.full_like(mean, math.log(scale)))


def batch(target: torch.Tensor, weight: torch.Tensor | None = None) -> Batch:
    count = len(target)
    weight = torch.ones(target.shape[:2]) if weight is None else weight
    labels = KeypointLabels(target, weight, torch.full((count, 2), torch.nan))
    return Batch(torch.zeros(count, 8, 8, 3, dtype=torch.uint8), labels, torch.arange(count))


def conditional(source: list[int], sources: int = 2, seed: int = 1) -> SourceConditional:
    """A loss whose sources differ, under a normal density."""
    loss = SourceConditional(ResidualLogLikelihood(density=StandardNormal()), source, sources).double()
    torch.manual_seed(seed)
    with torch.no_grad():
        loss.offset.normal_(std=0.05)
        loss.log_noise.uniform_(-4, -2)
    return loss


def test_a_label_has_the_closed_form_of_a_shifted_and_widened_normal() -> None:
    mean, target = hand(2), hand(2, seed=3)
    loss = conditional([1, 0])
    nats = loss.of_batch([prediction(mean)], batch(target))["1"]
    frame, length = hand_frame(mean)
    for n, own in enumerate((True, False)):
        at = mean[n] + (length[n] * (loss.offset[0] @ frame[n].T) if own else 0.0)
        variance = 9.0 + ((loss.log_noise[0].exp() * length[n]) ** 2 if own else torch.zeros(21)).double()
        normal = torch.distributions.Normal(at, variance.sqrt()[:, None])
        torch.testing.assert_close(nats[n], -normal.log_prob(target[n]).sum())


def test_it_is_a_density_of_the_label() -> None:
    mean = hand()
    loss = conditional([1])
    axis = torch.linspace(-60, 60, 481, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).reshape(-1, 2)
    tip = INDEX["index_tip"]
    target = mean.expand(len(grid), -1, -1).clone()
    target[:, tip] = mean[0, tip] + grid
    weight = torch.zeros(len(grid), 21)
    weight[:, tip] = 1
    alike = SourceConditional(loss.loss, [1] * len(grid)).double()
    alike.load_state_dict(loss.state_dict())
    nats = alike.of_batch([prediction(mean.expand(len(grid), -1, -1))], batch(target, weight))["1"]
    assert float((-nats.detach()).exp().sum()) * 0.25**2 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("motion", [TURN, MIRROR, TURN @ MIRROR])
def test_turned_and_mirrored_crops_cost_the_same(motion: torch.Tensor) -> None:
    mean, target = hand(4), hand(4, seed=3)
    loss = conditional([1, 2, 1, 0], sources=3)
    before = loss.of_batch([prediction(mean)], batch(target))["1"]
    after = loss.of_batch([prediction(mean @ motion.T)], batch(target @ motion.T))["1"]
    torch.testing.assert_close(after, before)
    torch.testing.assert_close(hand_frame(mean @ motion.T)[0], motion @ hand_frame(mean)[0])


def test_offsets_and_noise_of_a_source_are_found() -> None:
    torch.manual_seed(0)
    count, mean = 400, hand(400, seed=5)
    frame, length = hand_frame(mean)
    shift, noise = torch.tensor([-0.1, 0.04], dtype=torch.float64), 0.05
    source = [n % 2 for n in range(count)]
    own = torch.tensor(source).bool()[:, None, None]
    target = mean + 2.0 * torch.randn_like(mean)
    target = target + torch.where(own, (frame @ shift)[:, None] * length[:, None, None], 0.0)
    target = target + torch.where(own, noise * length[:, None, None] * torch.randn_like(mean), 0.0)
    loss = SourceConditional(ResidualLogLikelihood(density=StandardNormal()), source).double()
    optimizer = torch.optim.Adam(loss.parameters(), 0.02)
    for _ in range(300):
        optimizer.zero_grad()
        loss.of_batch([prediction(mean, 2.0)], batch(target))["1"].mean().backward()
        optimizer.step()
    torch.testing.assert_close(loss.offset[0].mean(0), shift, atol=0.002, rtol=0)
    torch.testing.assert_close(loss.offset[0], shift.expand(21, 2), atol=0.015, rtol=0)
    assert float(loss.log_noise.detach().exp().mean()) == pytest.approx(noise, abs=0.002)


def test_no_gradient_reaches_the_points_through_the_frame() -> None:
    mean = hand().requires_grad_()
    loss = conditional([1])
    loss.of_batch([prediction(mean)], batch(hand(seed=3)))["1"].sum().backward()
    frame, length = hand_frame(mean.detach())
    variance = 9.0 + (loss.log_noise[0].exp() * length[0]) ** 2
    residual = mean.detach()[0] + length[0] * (loss.offset[0] @ frame[0].T) - hand(seed=3)[0]
    assert mean.grad is not None
    torch.testing.assert_close(mean.grad[0], (residual / variance[:, None]).detach())


def test_the_first_source_and_scoring_know_neither() -> None:
    mean, target = hand(3), hand(3, seed=3)
    loss = conditional([0, 0, 0])
    plain = loss.loss.of_batch([prediction(mean)], batch(target))["1"]
    torch.testing.assert_close(loss.of_batch([prediction(mean)], batch(target))["1"], plain)
    scored = SourceConditional(loss.loss).of_batch([prediction(mean)], batch(target))["1"]
    torch.testing.assert_close(scored, plain)
    torch.testing.assert_close(loss.of_prediction(prediction(mean), target, torch.ones(3, 21), 0).sum(-1), plain)


def test_what_is_not_labelled_may_be_anything() -> None:
    target, weight = hand(seed=3), torch.ones(1, 21)
    target[0, 4], weight[0, 4] = torch.nan, 0
    loss = conditional([1])
    value = loss.of_batch([prediction(hand())], batch(target, weight))["1"]
    value.sum().backward()
    assert torch.isfinite(value).all() and torch.isfinite(loss.offset.grad).all()  # type: ignore[arg-type]
    assert not loss.offset.grad[0, 4].any()  # type: ignore[index]


def test_a_hand_in_one_spot_has_a_frame() -> None:
    frame, length = hand_frame(torch.zeros(1, 21, 2, requires_grad=True))
    assert torch.isfinite(frame).all() and float(length.detach()) > 0
    torch.testing.assert_close(frame[0].T @ frame[0], torch.eye(2))


def test_it_is_a_loss_that_a_file_can_describe() -> None:
    own = ResidualLogLikelihood(stages=2, residual="laplace")
    loss = SourceConditional(WarmStart(own, HeatmapCrossEntropy(2), steps=10), [0, 1], sources=3)
    testing.check_loss(loss)
    again = from_config(loss.config())  # type: ignore[arg-type]
    assert again.config() == loss.config()
    again.load_state_dict(loss.state_dict())  # type: ignore[attr-defined]
    loss.set_step(5)
    assert loss.loss.fade == 0.5


@pytest.mark.parametrize(
    ("source", "sources", "message"),
    [([0, 2], 2, "source holds 0 to 2: expected 0 to 1"), ([-1], 2, "source holds -1"), (None, 0, "sources is 0")],
)
def test_wrong_sources_are_refused(source: list[int] | None, sources: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SourceConditional(ResidualLogLikelihood(), source, sources)


def test_a_sample_without_a_source_is_named() -> None:
    with pytest.raises(ValueError, match="sample 2 has no source: 2 given"):
        conditional([0, 1]).of_batch([prediction(hand(3))], batch(hand(3)))
