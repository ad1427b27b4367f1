"""Densities in plain values and back."""

import pytest
import torch

from likelihand.losses.densities import density_config, density_from_config
from likelihand.ops.flows import Density, RealNVP, StandardLaplace, StandardNormal, StandardStudent

DENSITIES: list[Density] = [
    StandardNormal(),
    StandardLaplace(),
    StandardStudent(5),
    RealNVP(couplings=2, hidden=4, base=StandardStudent(2)),
]


@pytest.mark.parametrize("density", DENSITIES, ids=lambda d: type(d).__name__)
def test_a_density_comes_back(density: Density) -> None:
    config = density_config(density)
    assert config is not None
    again = density_from_config(config)
    if isinstance(density, RealNVP):
        assert isinstance(again, RealNVP)
        again.load_state_dict(density.state_dict())
    x = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(again.log_prob(x), density.log_prob(x), rtol=0, atol=0)


def test_a_flow_on_a_base_of_ones_own_has_no_description() -> None:
    class Own(StandardNormal):
        pass

    assert density_config(Own()) is None
    assert density_config(RealNVP(base=Own())) is None
