from pathlib import Path

import numpy as np
import torch

import likelihand as lh
from experiments.models.release import average, release
from likelihand.inference.runtimes import OnnxRuntime
from likelihand.models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint


def test_training_goes_on_where_the_exported_file_ends(tmp_path: Path) -> None:
    torch.manual_seed(0)
    backbone = lh.TimmBackbone("tf_efficientnet_lite0", stride=8, context=[16, 32], frozen=8)
    network = lh.SequentialHeatmapNetwork(backbone, stages=2, width=8, traits=True).eval()
    save_checkpoint(
        tmp_path / "last.safetensors", network, CheckpointInfo(size=(64, 64)), loss=torch.nn.Linear(1, 1)
    )
    assert release(tmp_path / "last.safetensors", tmp_path / "out", "rendered hands", "one step") < 1e-3
    weights, info = load_checkpoint(tmp_path / "out/hand.safetensors")
    assert info.loss is None and info.network is not None and info.network["backbone"]["frozen"] == 0
    model = OnnxRuntime(tmp_path / "out/hand.onnx", threads=1)
    assert (model.metadata.recipe, model.metadata.training_data) == ("one step", "rendered hands")
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    with torch.inference_mode():
        expected = weights(torch.from_numpy(crops))[-1].mean
    np.testing.assert_allclose(model(crops)["points"], expected, atol=2e-3)


def test_an_average_lies_between_both() -> None:
    first, second = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3)
    with torch.no_grad():
        second.weight.fill_(5.0)
        second.running_mean.fill_(2.0)  # type: ignore[union-attr,operator]
        second.num_batches_tracked.fill_(7)  # type: ignore[union-attr,operator]
    average(first, second, 0.25)
    torch.testing.assert_close(first.weight.detach(), torch.full((3,), 2.0))
    torch.testing.assert_close(first.running_mean, torch.full((3,), 0.5))
    assert int(first.num_batches_tracked or 0) == 0


def test_what_is_trained_further_takes_no_depths_from_its_start() -> None:
    torch.manual_seed(0)
    network, start = (
        lh.SequentialHeatmapNetwork(lh.TimmBackbone("resnet18"), stages=1, width=8, depth=deep)
        for deep in (False, True)
    )
    before = next(iter(network.parameters())).detach().clone()
    average(network, start, 1.0)
    torch.testing.assert_close(next(iter(network.parameters())), next(iter(start.parameters())))
    assert network.depth is None and not torch.equal(before, next(iter(network.parameters())))
