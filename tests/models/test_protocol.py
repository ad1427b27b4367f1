"""What is a network, and what is none."""

import pytest
import torch
from torch import nn

from likelihand.models import Deployed, Network, as_network, deployed
from tests.tiny import tiny_network


class Bare(nn.Module):
    """The least that is a network."""

    kind, outputs = "hand", ("points", "scale")

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [images]

    def deploy(self, stages: int | None = None) -> Deployed:
        form = Deployed()
        form.outputs = self.outputs
        return form

    def config(self) -> None:
        return None


def test_whatever_has_the_parts_is_a_network() -> None:
    bare = Bare()
    assert isinstance(bare, Network) and as_network(bare) is bare
    assert deployed(bare, ["spread"]).outputs == ("points", "scale")
    assert isinstance(tiny_network(), Network)


@pytest.mark.parametrize("lacking", ["kind", "outputs", "deploy", "config"])
def test_what_lacks_a_part_is_told(lacking: str) -> None:
    parts = {name: value for name, value in vars(Bare).items() if name != lacking and name[:2] != "__"}
    less = type("Less", (nn.Module,), parts)()
    with pytest.raises(ValueError, match=r"Less lacks a part of likelihand\.models\.Network"):
        as_network(less)


def test_the_spread_comes_where_it_is_asked_for() -> None:
    network = tiny_network()
    assert network.outputs == ("points", "scale", "spread")
    assert deployed(network).outputs == ("points", "scale")
    assert deployed(network, network.outputs, 1).outputs == network.outputs
