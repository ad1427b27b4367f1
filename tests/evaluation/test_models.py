"""A network with all its stages, and any function, as models."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from likelihand.data import DrawnHands
from likelihand.evaluation import EveryStage, Function, predictions
from likelihand.inference import metadata_of
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.runtimes import TorchRuntime
from likelihand.models import deployed
from likelihand.models.checkpoint import CheckpointInfo
from likelihand.ops.heatmaps import Prediction
from tests.tiny import tiny_network


class Constant(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> list[Prediction]:
        assert not self.training
        zeros = torch.zeros(len(images), 21, 2)
        return [Prediction(zeros, zeros + 1, zeros), Prediction(zeros, zeros + 2, zeros)]


def test_network_gives_all_its_stages_and_its_mode_back() -> None:
    network = Constant().train()
    found = predictions(EveryStage(network, ModelMetadata(size=(8, 8))), DrawnHands(3), progress=False)
    assert found.earlier.shape == (1, 3, 21, 2)
    assert (found.earlier[0, 0, 0, 0], found.points[0, 0, 0]) == (1, 2)
    assert (found.scale == 1).all()
    assert network.training


def test_the_last_stage_says_what_the_deployed_network_says() -> None:
    network = tiny_network()
    metadata = metadata_of(network, CheckpointInfo(size=(64, 64)))
    crops = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    whole = EveryStage(network, metadata)(crops)
    last = TorchRuntime(deployed(network, metadata.outputs), metadata)(crops)
    assert whole["stages"].shape == (2, 3, 21, 2)
    np.testing.assert_array_equal(whole["stages"][-1], whole["points"])
    assert set(last) == {"points", "scale", "spread"}
    for name, values in last.items():
        np.testing.assert_allclose(whole[name], values, rtol=1e-6, err_msg=name)
    plain = EveryStage(network, replace(metadata, outputs=("points", "scale")))(crops)
    assert "spread" not in plain


@pytest.mark.parametrize("stages", [0, 3])
def test_any_function_is_a_model(stages: int) -> None:
    shape = (stages,) if stages else ()
    model = Function(lambda crops: np.ones((*shape, len(crops), 21, 2)), (32, 48), padding=2.0)
    found = predictions(model, DrawnHands(2), progress=False)
    assert (found.input_size, found.padding, len(found.earlier)) == ((32, 48), 2.0, max(0, stages - 1))
    assert np.isnan(found.scale).all() and np.isnan(found.right).all() and found.spread is None
