"""A loss comes back from its own description, in plain JSON, and from a checkpoint's header."""

import json
import math

import pytest
import torch
from torch import nn

from likelihand.losses import (
    DetectionLoss,
    HeatmapCrossEntropy,
    HeatmapLoss,
    IntegralLoss,
    ResidualLogLikelihood,
    WarmStart,
    from_config,
)
from likelihand.ops.flows import RealNVP, StandardLaplace, StandardStudent

LOSSES = {
    "paper": ResidualLogLikelihood(5),
    "laplace": ResidualLogLikelihood(2, residual="laplace", symmetric=True, floor=0.5),
    "rle": ResidualLogLikelihood(variant="rle"),
    "a flow a keypoint": ResidualLogLikelihood(2, keypoints=3),
    "student": ResidualLogLikelihood(2, density=[RealNVP(hidden=8, base=StandardStudent(4)) for _ in range(2)]),
    "no flow": ResidualLogLikelihood(3, density=StandardLaplace()),
    "warm": WarmStart(ResidualLogLikelihood(2), HeatmapCrossEntropy(2, sigma=1.5, stride=8), steps=30, weight=2.0),
    "always warm": WarmStart(IntegralLoss(), HeatmapLoss(), steps=math.inf),
    "detector": DetectionLoss(doubt=0.7),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_rebuilt_from_its_description(name: str) -> None:
    loss = LOSSES[name]
    config = json.loads(json.dumps(loss.config(), allow_nan=False))
    again = from_config(config)
    assert type(again) is type(loss) and again.config() == loss.config()
    assert isinstance(again, nn.Module)
    assert {n: t.shape for n, t in again.state_dict().items()} == {
        n: t.shape for n, t in loss.state_dict().items()
    }
    assert repr(again) == repr(loss)


def test_a_rebuilt_likelihood_says_what_the_first_said() -> None:
    torch.manual_seed(0)
    loss = LOSSES["laplace"]
    again = from_config(loss.config())
    assert isinstance(again, ResidualLogLikelihood)
    again.load_state_dict(loss.state_dict())
    mean, target = torch.rand(2, 21, 2) * 9, torch.rand(2, 21, 2) * 9
    given = mean, torch.zeros(2, 21, 2), target, torch.ones(2, 21)
    assert torch.equal(loss(*given, stage=1), again(*given, stage=1))


def test_a_density_of_ones_own_has_no_description() -> None:
    class Own:
        def log_prob(self, x: torch.Tensor) -> torch.Tensor:
            return -x.square().sum(-1)

    loss = ResidualLogLikelihood(density=Own())
    assert loss.config() is None
    assert WarmStart(loss, IntegralLoss(), steps=3).config() is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"class": "os.system"}, "cannot build loss 'os.system'"),
        ({}, "cannot build loss None"),
        ({"class": "IntegralLoss", "stages": 10**9}, "expected a whole number from 1 to 10000"),
        ({"class": "IntegralLoss", "stages": True}, "stages is True"),
        ({"class": "ResidualLogLikelihood", "keypoints": "many"}, "keypoints is many"),
        ({"class": "ResidualLogLikelihood", "width": 3}, "does not describe a ResidualLogLikelihood"),
        (
            {"class": "ResidualLogLikelihood", "density": [{"class": "RealNVP", "hidden": 8, "flows": 1}]},
            "couplings",
        ),
        ({"class": "ResidualLogLikelihood", "density": [{"class": "Evil"}]}, "cannot build density 'Evil'"),
        ({"class": "ResidualLogLikelihood", "density": [3]}, "does not describe"),
        ({"class": "WarmStart", "loss": {"class": "IntegralLoss"}, "steps": 3}, "does not describe a WarmStart"),
    ],
)
def test_a_forged_description_is_refused_in_one_line(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        from_config(config)
    assert "\n" not in str(caught.value)
