import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from likelihand.losses import ResidualLogLikelihood
from likelihand.models import DeployedNetwork, SequentialHeatmapNetwork, TimmBackbone, from_config
from likelihand.models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from likelihand.models.folding import FoldedNetwork, folded
from likelihand.models.heads import separable_transposed_convolution, transposed_convolution
from likelihand.models.stages import RefiningStage, planes, recalling_stage, refining_stage
from likelihand.ops.heatmaps import Prediction, soft_argmax
from tests.models.test_sequential import TinyBackbone, pictures


def build(stages: int = 3) -> SequentialHeatmapNetwork:
    torch.manual_seed(0)
    return SequentialHeatmapNetwork(
        TimmBackbone("resnet18"),
        stages,
        width=16,
        upsampling=separable_transposed_convolution,
        later=refining_stage,
    )


def prediction(side: int, keypoints: int = 2) -> Prediction:
    heatmaps = torch.randn(1, keypoints, side, side, generator=torch.Generator().manual_seed(1))
    return Prediction(heatmaps, soft_argmax(heatmaps, 4), torch.full((1, keypoints, 2), 5.0).log())


@pytest.mark.parametrize("stride", [4, 8, 16, 32])
def test_heatmaps_have_stride_four_whatever_the_backbones(stride: int) -> None:
    network = SequentialHeatmapNetwork(TinyBackbone(stride), 3, keypoints=5, width=8, later=refining_stage)
    found = network(pictures(2, 64, 96))
    assert [type(stage) is RefiningStage for stage in network.stages] == [False, True, True]
    for each in found:
        assert each.heatmaps.shape == (2, 5, 16, 24)
        assert each.mean.shape == each.log_scale.shape == (2, 5, 2)


def test_the_planes_are_shares_and_squashed_offsets_in_scales() -> None:
    found = prediction(8)
    share, x, y = planes(found, 2)[0].chunk(3)
    torch.testing.assert_close(share.sum((1, 2)), torch.ones(2))
    whole = found.heatmaps[0].flatten(1).softmax(1).view(2, 8, 8)
    torch.testing.assert_close(share[1, 0, 3], whole[1, :2, 6:].sum())
    for k, row, column in ((0, 0, 0), (1, 3, 1)):
        offset = (torch.tensor([8.0 * column + 4, 8.0 * row + 4]) - found.mean[0, k]) / 5
        squashed = offset / (1 + offset.abs())
        torch.testing.assert_close(torch.stack([x[k, row, column], y[k, row, column]]), squashed)


def test_gradients_go_back_through_heatmaps_and_not_through_points_and_scales() -> None:
    found = prediction(8)
    leaves = [each.clone().requires_grad_() for each in found[:3]]
    values = planes(Prediction(*leaves), 2)
    (values * torch.randn(values.shape)).sum().backward()
    assert leaves[0].grad is not None and leaves[0].grad.any()
    assert leaves[1].grad is None and leaves[2].grad is None


def test_the_last_stages_loss_teaches_the_first_ones_heatmaps_and_not_its_scales() -> None:
    network = build(2).train()
    last = network(pictures(4))[-1]
    (last.mean.square().sum() + last.log_scale.square().sum()).backward()
    first = network.stages[0]
    assert all(p.grad is not None and p.grad.any() for p in first.heatmaps[0].parameters())
    assert all(p.grad is None for p in first.scales.parameters())


def test_every_parameter_learns() -> None:
    network, loss = build().train(), ResidualLogLikelihood(stages=3)
    loss.of_predictions(network(pictures(4)), torch.rand(4, 21, 2) * 64, torch.ones(4, 21)).sum().backward()
    for name, parameter in network.stages.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


@pytest.mark.parametrize(("later", "far"), [(refining_stage, True), (recalling_stage, False)])
def test_it_looks_around(later: object, far: bool) -> None:
    """A change of the features in one corner is seen in the opposite one, 5 cells of stride 8 away."""
    torch.manual_seed(0)
    stage = later(4, 8, 2, 1, transposed_convolution).eval()  # type: ignore[operator]
    features = torch.rand(1, 4, 6, 6)
    moved = features.clone()
    moved[..., 0, 0] += 1
    found = prediction(12)
    change = stage.join(moved, found) - stage.join(features, found)
    assert bool(change[..., -1, -1].any()) is far


def test_a_stage_cut_off_leaves_the_others_as_they_are() -> None:
    network = build().eval()
    for count, expected in enumerate(network(pictures()), 1):
        torch.testing.assert_close(network.deploy(count)(pictures())[0], expected.mean)


def test_a_checkpoint_rebuilds_it(tmp_path: Path) -> None:
    network = build().eval()
    save_checkpoint(tmp_path / "a.safetensors", network, CheckpointInfo(size=(64, 64)))
    again, info = load_checkpoint(tmp_path / "a.safetensors")
    assert info.network is not None and info.network["later"] == "refining_stage"
    expected: Tensor = network(pictures())[-1].mean
    torch.testing.assert_close(again.eval()(pictures())[-1].mean, expected, rtol=0, atol=0)


def test_older_files_have_the_papers_stages() -> None:
    config = SequentialHeatmapNetwork(TimmBackbone("resnet18"), 2, width=8).config()
    assert config.pop("later") == "recalling_stage"
    assert from_config(json.loads(json.dumps(config))).options()["later"] is recalling_stage


def test_only_the_papers_stages_are_folded() -> None:
    deployed = build().deploy()
    assert folded(deployed) is deployed and isinstance(deployed, DeployedNetwork)
    assert isinstance(folded(build().deploy(stages=1)), FoldedNetwork)


def test_the_exported_file_gives_the_same(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from likelihand.inference.export import export
    from likelihand.inference.metadata import ModelMetadata

    network = build(2).train()
    for seed in range(3):
        network(pictures(4, seed=seed))
    with torch.no_grad():
        for stage in network.stages:
            stage.heatmaps[-1][-1].weight *= 20
    metadata = ModelMetadata(size=(64, 64), stages=2)
    assert export(network, tmp_path / "hand.onnx", metadata) < 1e-2
