"""The flow of a checkpoint's loss comes back from its description."""

from pathlib import Path

import numpy as np
import pytest
import torch

from likelihand.evaluation.calibration import simulated
from likelihand.evaluation.calibration.flow import learned_density
from likelihand.losses import (
    HeatmapCrossEntropy,
    IntegralLoss,
    ResidualLogLikelihood,
    ScaleWeighted,
    SourceConditional,
    WarmStart,
)
from likelihand.models.checkpoint import CheckpointError, CheckpointInfo, save_checkpoint
from tests.tiny import tiny_network


def written(folder: Path, loss: torch.nn.Module, described: torch.nn.Module | None = None) -> Path:
    config = (described or loss).config()  # type: ignore[operator]
    info = CheckpointInfo(size=(64, 64), loss=config)
    save_checkpoint(folder / "best.safetensors", tiny_network(), info, loss=loss)
    return folder / "best.safetensors"


@pytest.mark.parametrize("warm", [False, True])
def test_the_flow_comes_back_from_the_checkpoint(warm: bool, tmp_path: Path) -> None:
    """Its density is the loss's: nats at given residuals, and coverage of its own samples."""
    torch.manual_seed(0)
    loss = ResidualLogLikelihood(stages=2, symmetric=True)
    density = learned_density(written(tmp_path, WarmStart(loss, HeatmapCrossEntropy(2), 9) if warm else loss))
    assert density is not None
    residual = np.random.default_rng(0).normal(size=(5, 2))
    target, zeros = torch.from_numpy(residual).float()[:, None], torch.zeros(5, 1, 2)
    with torch.no_grad():
        nats = loss(zeros, zeros, target, torch.ones(5, 1), reduction="none", stage=1)
    np.testing.assert_allclose(density.log_prob(residual), -nats[:, 0].numpy(), rtol=1e-5)
    # a fresh flow is close to N(0, I), and the simulated errors are scale times N(0, I)
    said = density.statement(simulated(60))
    assert np.quantile(said["probability"], 0.9) == pytest.approx(0.9, abs=0.05)
    assert np.abs(density.covariance() - np.eye(2)).max() < 0.2


def test_the_density_is_the_losss_with_a_floor_under_the_scale_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    loss = ResidualLogLikelihood(stages=2, floor=2.0)
    density, o = learned_density(written(tmp_path, loss)), simulated(20)
    assert density is not None
    points, scale, target = (torch.from_numpy(a).float() for a in (o.points, o.scale, o.target))
    with torch.no_grad():
        nats = loss(points, scale.log(), target, torch.ones(20, 21), reduction="none", stage=1)
    said = density.statement(o)
    np.testing.assert_allclose(said["log_density"], -nats[o.labelled].numpy(), rtol=1e-4)
    assert (said["radius"] * np.broadcast_to(o.unit, o.labelled.shape)[o.labelled]).min() > 2.0


def test_the_flow_within_a_weighted_loss_is_found(tmp_path: Path) -> None:
    for wrapped in (ScaleWeighted, SourceConditional):
        assert learned_density(written(tmp_path, wrapped(ResidualLogLikelihood(2)))) is not None


def test_what_has_no_flow_has_no_density(tmp_path: Path) -> None:
    assert learned_density(written(tmp_path, IntegralLoss(2))) is None
    assert learned_density(written(tmp_path, ResidualLogLikelihood(variant="rle"))) is None
    assert learned_density(written(tmp_path, ResidualLogLikelihood(2, keypoints=3))) is None


def test_a_description_of_another_loss_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, ResidualLogLikelihood(2), ResidualLogLikelihood(3))
    with pytest.raises(CheckpointError, match=r"of shape .* expected"):
        learned_density(file)
