import itertools
import math
from pathlib import Path

import torch

import likelihand as lh
from experiments.models.gpu.train import Likelihood, Trainer, cross_entropy, fix_norms, go_on_from, shape_of
from likelihand.losses import HeatmapCrossEntropy
from likelihand.models.checkpoint import CheckpointInfo, config_of, save_checkpoint


def test_without_noise_it_is_the_library_s_loss() -> None:
    torch.manual_seed(0)
    loss = Likelihood(2)
    mean, log_scale = torch.randn(2, 3, 21, 2) * 5 + 60, torch.randn(2, 3, 21, 2) * 0.3 + 1
    target, weight = torch.randn(3, 21, 2) * 5 + 60, (torch.rand(3, 21) > 0.3).float()
    given = loss(mean, log_scale, target, weight, torch.zeros(3, 21))
    torch.testing.assert_close(given, loss.loss._nats(mean, log_scale, target, weight, None))
    heatmaps = torch.randn(3, 21, 40, 40)
    expected = HeatmapCrossEntropy(sigma=1.0)(heatmaps, target, weight, reduction="none")
    torch.testing.assert_close(cross_entropy(heatmaps, target, weight), expected)


def test_a_noisy_label_s_density_integrates_to_one() -> None:
    torch.manual_seed(0)
    loss = Likelihood(1).double()
    axis = (torch.arange(480, dtype=torch.float64) + 0.5) / 4 - 60
    target = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).reshape(1, -1, 2)
    mean = torch.zeros(1, *target.shape, dtype=torch.float64)
    log_scale = torch.full_like(mean, math.log(3.0))
    ones = torch.ones(target.shape[:2], dtype=torch.float64)
    nats = loss(mean, log_scale, target, ones, 4 * ones)
    assert abs(torch.exp(-nats).sum().item() / 16 - 1) < 1e-3
    exact = loss(mean, torch.full_like(mean, math.log(5.0)), target, ones, 0 * ones)
    torch.testing.assert_close(nats, exact)  # 3 and 4 make 5


def test_the_rate_rises_and_falls_to_zero() -> None:
    shares = [shape_of(i / 100) for i in range(101)]
    assert shares[0] == 0 and shares[-1] < 1e-12 and max(shares) > 0.99
    assert all(a >= b for a, b in itertools.pairwise(shares[4:]))


def test_a_gradient_that_is_not_finite_moves_nothing() -> None:
    class Broken(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = torch.nn.Linear(2, 1)

        def forward(self, value: torch.Tensor, helper: float) -> tuple[torch.Tensor, torch.Tensor]:
            loss = self.network(value).sum() * math.inf
            return loss, loss.detach()[None]

    step = Broken()
    before = step.network.weight.detach().clone()
    trainer = Trainer(step, [{"params": list(step.parameters()), "lr": 1.0, "weight_decay": 0.0}], 0.9, False)
    trainer((torch.ones(1, 2),), 1.0, 0.0)
    torch.testing.assert_close(step.network.weight.detach(), before)


def test_a_network_goes_on_from_a_checkpoint_with_its_own_size(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = lh.SequentialHeatmapNetwork(
        lh.TimmBackbone("tf_efficientnet_lite0", stride=8, context=[16, 32]), stages=2, width=8
    )
    info = CheckpointInfo(
        size=(64, 64), network=config_of(network), loss=None, padding=1.25, data={}, training={}, scores=None
    )
    save_checkpoint(tmp_path / "start.safetensors", network, info)
    further, size = go_on_from(tmp_path / "start.safetensors", frozen=8)
    fix_norms(further.train())
    crops = torch.rand(2, 64, 64, 3).mul(255).byte()
    assert size == (64, 64)
    for mine, theirs in zip(further(crops), network.eval()(crops), strict=True):
        torch.testing.assert_close(mine.mean, theirs.mean)
    still = [name for name, p in further.named_parameters() if not p.requires_grad]
    assert still and all(name.startswith("backbone.") for name in still)
