import math

import pytest
import torch

from likelihand.ops.flows import Density, RealNVP, StandardLaplace, StandardNormal, StandardStudent
from likelihand.testing import check_density


def trained_looking(flow: RealNVP, seed: int = 0) -> RealNVP:
    """Move the weights far from the start, where a mistake would not show."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in flow.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.add_(0.15 * noise)
    return flow


def narrowed(flow: RealNVP) -> RealNVP:
    """Bring the density's tails in, so that a grid holds nearly all of it."""
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.mul_(0.7)
    return flow


@pytest.fixture
def flow() -> RealNVP:
    return trained_looking(RealNVP().double())


@pytest.fixture
def points() -> torch.Tensor:
    return torch.randn(40, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_starts_close_to_its_base(points):
    for base in (StandardNormal(), StandardLaplace()):
        flow = RealNVP(base=base).double()
        assert (flow.log_prob(points) - base.log_prob(points)).abs().max() < 0.5


def test_inverse_undoes_forward(flow, points):
    x, log_det = flow(points)
    z, inverse_log_det = flow.inverse(x)
    assert (x - points).abs().max() > 0.1
    torch.testing.assert_close(z, points)
    torch.testing.assert_close(inverse_log_det, -log_det)


def test_log_det_is_the_jacobians(flow, points):
    for direction in (flow, flow.inverse):
        _, log_det = direction(points)
        for point, value in zip(points[:8], log_det[:8], strict=True):
            jacobian = torch.autograd.functional.jacobian(lambda x, f=direction: f(x)[0], point)
            torch.testing.assert_close(value, torch.linalg.slogdet(jacobian)[1])


@pytest.mark.parametrize("base", [StandardNormal(), StandardLaplace()])
def test_integrates_to_one(base):
    check_density(narrowed(trained_looking(RealNVP(base=base))), reach=40.0)
    check_density(base)


def test_a_laplace_sample_is_finite_where_torch_draws_zero(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda shape, **options: torch.zeros(shape, dtype=options["dtype"]))
    for kind in (torch.float32, torch.float64):
        assert StandardLaplace().sample((3, 2), None, torch.zeros((), dtype=kind)).isfinite().all()


def test_samples_follow_the_density(flow):
    narrowed(flow)
    generator = torch.Generator().manual_seed(3)
    drawn = flow.sample(200_000, generator)
    axis = torch.arange(-20, 20, 0.1, dtype=torch.float64) + 0.05
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    with torch.no_grad():
        mass = flow.log_prob(grid).exp() * 0.01
    assert mass.sum() == pytest.approx(1, abs=1e-4)  # hardly anything lies beyond the grid
    for coordinate in range(2):
        expected = (mass * grid[..., coordinate]).sum()
        spread = (mass * (grid[..., coordinate] - expected) ** 2).sum().sqrt()
        assert abs(drawn[:, coordinate].mean() - expected) < 5 * spread / math.sqrt(200_000) + 1e-3
        torch.testing.assert_close(drawn[:, coordinate].std(), spread, rtol=0.02, atol=0)


def test_laplace_has_unit_variance_and_matches_torch(points):
    expected = torch.distributions.Laplace(0.0, 1 / math.sqrt(2)).log_prob(points).sum(-1)
    torch.testing.assert_close(StandardLaplace().log_prob(points), expected)
    drawn = StandardLaplace().sample((100_000, 2), torch.Generator().manual_seed(0), points)
    torch.testing.assert_close(drawn.var(0), torch.ones(2).double(), rtol=0.03, atol=0)


def test_normal_matches_torch(points):
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(points).sum(-1)
    torch.testing.assert_close(StandardNormal().log_prob(points), expected)


def test_gradients_are_exact(points):
    flow = trained_looking(RealNVP(couplings=3, hidden=4).double())
    x = points[:5].clone().requires_grad_()
    names, parameters = zip(*flow.named_parameters(), strict=True)

    def log_prob(x, *parameters):
        return torch.func.functional_call(
            _LogProb(flow), dict(zip(map("flow.{}".format, names), parameters, strict=True)), x
        )

    assert torch.autograd.gradcheck(log_prob, (x, *parameters))


class _LogProb(torch.nn.Module):
    def __init__(self, flow):
        super().__init__()
        self.flow = flow

    def forward(self, x):
        return self.flow.log_prob(x)


def test_every_parameter_learns(flow, points):
    flow.log_prob(points).sum().backward()
    for name, parameter in flow.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_a_batch_of_flows_is_each_of_them():
    flows = trained_looking(RealNVP(flows=3).double())
    x = torch.randn(3, 4, 5, 2, dtype=torch.float64)
    together = flows.log_prob(x)
    for i in range(3):
        torch.testing.assert_close(flows.log_prob(x[i], i), together[i])
    assert (flows.log_prob(x[0], 0) - flows.log_prob(x[0], 1)).abs().max() > 0.1
    assert flows.sample(7).shape == (3, 7, 2)
    assert flows.sample(7, index=1).shape == (7, 2)


def test_two_coordinates_both_move():
    flow = trained_looking(RealNVP(couplings=2).double())
    jacobian = torch.autograd.functional.jacobian(lambda x: flow(x)[0], torch.ones(2, dtype=torch.float64))
    assert (jacobian.abs() > 1e-6).all()


def test_nothing_comes_of_nothing():
    flow = RealNVP(flows=5)
    value = flow.log_prob(torch.zeros(5, 0, 2))
    value.sum().backward()
    assert value.shape == (5, 0)
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in flow.parameters())


def test_is_float32_inside_autocast(points):
    flow = trained_looking(RealNVP())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = flow.log_prob(points.float())
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, flow.log_prob(points.float()), rtol=0, atol=0)


def test_has_the_size_of_rles_flow():
    assert sum(parameter.numel() for parameter in RealNVP().parameters()) == 6 * (2 * 64 + 64 * 65 + 2 * 65)


def test_learns_a_ring():
    torch.manual_seed(0)
    angle = torch.rand(512) * 2 * math.pi
    ring = torch.stack([angle.cos(), angle.sin()], -1) * 2 + 0.1 * torch.randn(512, 2)
    flow = RealNVP()
    optimiser = torch.optim.Adam(flow.parameters(), 5e-3)
    start = -flow.log_prob(ring).mean().item()
    for _ in range(80):
        optimiser.zero_grad()
        loss = -flow.log_prob(ring).mean()
        loss.backward()
        optimiser.step()
    assert loss.item() < start - 0.5


def test_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="at least 1"):
        RealNVP(couplings=0)
    with pytest.raises(ValueError, match=r"expected \(5, \.\.\., 2\)"):
        RealNVP(flows=5).log_prob(torch.zeros(4, 3, 2))
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 2\)"):
        RealNVP().log_prob(torch.zeros(4, 3))
    with pytest.raises(ValueError, match=r"index 5: expected 0\.\.4"):
        RealNVP(flows=5).log_prob(torch.zeros(4, 2), 5)


def test_is_a_density():
    assert isinstance(RealNVP(), Density)
    assert not isinstance(torch.nn.Linear(2, 1), Density)


@pytest.mark.parametrize("freedom", [1, 3, 8])
def test_students_density_and_draws_are_scipys(freedom, points):
    stats = pytest.importorskip("scipy.stats")
    base = StandardStudent(freedom)
    expected = torch.from_numpy(stats.t.logpdf(3 * points.numpy(), freedom)).sum(-1)
    torch.testing.assert_close(base.log_prob(3 * points), expected)
    drawn = base.sample((20_000, 2), torch.Generator().manual_seed(0), points).numpy().ravel()
    assert stats.kstest(drawn, stats.t(freedom).cdf).pvalue > 0.01


def test_far_outliers_pull_less_on_a_heavy_tail():
    far = torch.tensor([[30.0, 0.0], [300.0, 0.0]], requires_grad=True)
    pulls = [torch.autograd.grad(b.log_prob(far).sum(), far)[0][:, 0].abs() for b in (
        StandardStudent(), StandardLaplace(), StandardNormal()
    )]  # fmt: skip
    student, laplace, normal = pulls
    assert student[1] < 0.2 * student[0] and laplace[1] == laplace[0] and normal[1] == 10 * normal[0]


def test_refuses_no_freedom():
    with pytest.raises(ValueError, match="freedom is 0: expected a whole number"):
        StandardStudent(0)
