"""Checkpoints come back as they were; hostile or damaged ones are refused before their code could run."""

import json
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from likelihand.losses import IntegralLoss, ResidualLogLikelihood
from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
from likelihand.models.checkpoint import (
    CheckpointError,
    CheckpointInfo,
    Started,
    load_checkpoint,
    read_info,
    read_tensors,
    save_checkpoint,
    start_from,
)
from tests.tiny import TinyBackbone, tiny_network


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=1, width=8).eval()


@pytest.fixture
def saved(network: nn.Module, tmp_path: Path) -> Path:
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, network, CheckpointInfo(size=(64, 64), data={"training": {"class": "X"}}))
    return path


def forged(saved: Path, **changes: Any) -> Path:
    """Write the same tensors under a changed header."""
    tensors, info = read_tensors(saved)
    path = saved.with_name("forged.safetensors")
    save_file(tensors, path, {"likelihand": json.dumps({**vars(info), **changes})})
    return path


def test_a_network_comes_back_with_its_description(saved: Path, network: nn.Module) -> None:
    loaded, info = load_checkpoint(saved)
    images = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    assert torch.equal(loaded(images)[0].mean, network(images)[0].mean)
    assert (info.size, info.data["training"]["class"]) == ((64, 64), "X")
    assert read_info(saved) == info
    assert not loaded.training


def test_the_deployable_file_holds_no_flow_and_half_is_half(network: nn.Module, tmp_path: Path) -> None:
    loss = ResidualLogLikelihood()
    for name, options in {"all": {"loss": loss}, "bare": {}, "half": {"half": True}}.items():
        save_checkpoint(tmp_path / f"{name}.safetensors", network, CheckpointInfo(size=(64, 64)), **options)
    assert any(n.startswith("loss.") for n in read_tensors(tmp_path / "all.safetensors")[0])
    assert all(n.startswith("network.") for n in read_tensors(tmp_path / "bare.safetensors")[0])
    sizes = [(tmp_path / f"{n}.safetensors").stat().st_size for n in ("bare", "half")]
    assert sizes[1] == pytest.approx(sizes[0] / 2, rel=0.05)
    half = load_checkpoint(tmp_path / "half.safetensors")[0]
    for a, b in zip(half.parameters(), network.parameters(), strict=True):
        assert a.dtype == torch.float32
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-6)


def test_a_network_of_an_unknown_class_is_loaded_into_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    save_checkpoint(path, nn.Linear(2, 3), CheckpointInfo(size=(8, 8)))
    with pytest.raises(CheckpointError, match="does not say how to build"):
        load_checkpoint(path)
    assert load_checkpoint(path, nn.Linear(2, 3))[1].network is None
    with pytest.raises(CheckpointError, match=r"'bias' of shape \(3,\), expected \(4,\)"):
        load_checkpoint(path, nn.Linear(2, 4))


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("kind", ["pickle", "torch"])
def test_a_pickle_in_disguise_runs_nothing(kind: str, tmp_path: Path) -> None:
    mark, path = tmp_path / "ran", tmp_path / "evil.safetensors"
    if kind == "torch":
        torch.save({"state": Bomb(mark)}, path)
    else:
        path.write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(CheckpointError, match="is not a whole safetensors file"):
        load_checkpoint(path)
    assert not mark.exists()
    assert (
        "pickle"
        not in (Path(__file__).parents[2] / "src/likelihand/models/checkpoint.py").read_text().split("import ")[1:]
    )


@pytest.mark.parametrize("length", [0, 4, 8, 100, -1])
def test_a_truncated_file_is_refused(saved: Path, length: int) -> None:
    saved.write_bytes(saved.read_bytes()[:length])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        load_checkpoint(saved)


@pytest.mark.parametrize("claim", [2**63, 10**12, 99_999_999])
def test_a_header_that_claims_to_be_huge_is_refused(tmp_path: Path, claim: int) -> None:
    path = tmp_path / "huge.safetensors"
    path.write_bytes(struct.pack("<Q", claim) + b'{"a":1}')
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        read_info(path)


def test_tensors_that_claim_more_than_the_file_holds_are_refused(tmp_path: Path) -> None:
    header = json.dumps({"network.a": {"dtype": "F32", "shape": [10**9, 10**6], "data_offsets": [0, 4 * 10**15]}})
    path = tmp_path / "claim.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + b"0000")
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "of format 99, this likelihand reads 1"),
        ({"network": {"class": "os.system"}}, "cannot build 'os.system'"),
        ({"network": {"class": "SequentialHeatmapNetwork"}}, "does not describe"),
        ({"network": {"class": "SequentialHeatmapNetwork", "backbone": {"class": "Popen"}}}, "backbone 'Popen'"),
        ({"network": {"class": "../../evil"}}, "not a plain name"),
        ({"network": {"class": "hf-hub:evil/model"}}, "not a plain name"),
        ({"network": {"class": "SequentialHeatmapNetwork", "width": 10**12}}, "holds the number"),
        ({"network": {"class": "SequentialHeatmapNetwork", "stages": 999_999}}, "claims 999999 stages"),
        ({"network": [1]}, "network is not an object"),
        ({"loss": [1]}, "loss is not an object"),
        ({"loss": {"class": "../../evil"}}, "the loss's description holds '../../evil'"),
        ({"loss": {"class": "IntegralLoss", "stages": 1e13}}, "the loss's description holds the number"),
        ({"size": [64]}, "is not .height, width."),
        ({"size": ["a", "b"]}, "is not .height, width."),
        ({"size": 3}, "malformed"),
        ({"padding": "x"}, "padding"),
        ({"training": 3}, "training is not an object"),
        ({"calibration": [1]}, "calibration is not an object"),
    ],
)
def test_a_forged_header_is_refused(saved: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(forged(saved, **changes))
    assert "\n" not in str(caught.value)


def test_a_file_from_before_losses_described_themselves_is_read(saved: Path) -> None:
    old = forged(saved, loss="ResidualLogLikelihood(stages=1, residual='none')")
    assert read_info(old).loss is None
    assert load_checkpoint(old)[1].loss is None


def test_a_loss_stands_in_the_header(network: nn.Module, tmp_path: Path) -> None:
    loss = ResidualLogLikelihood(symmetric=True)
    info = CheckpointInfo(size=(64, 64), loss=loss.config())
    save_checkpoint(tmp_path / "a.safetensors", network, info, loss=loss)
    assert read_info(tmp_path / "a.safetensors").loss == loss.config()


def test_another_architecture_than_the_tensors_is_refused(saved: Path) -> None:
    config = dict(read_info(saved).network or {})
    with pytest.raises(CheckpointError, match="expected"):
        load_checkpoint(forged(saved, network={**config, "width": 16}))
    with pytest.raises(CheckpointError, match="lacks tensor"):
        load_checkpoint(forged(saved, network={**config, "stages": 2}))


def test_deeply_nested_json_is_refused(saved: Path) -> None:
    path = saved.with_name("deep.safetensors")
    save_file({"network.a": torch.zeros(1)}, path, {"likelihand": "[" * 100_000})
    with pytest.raises(CheckpointError, match="not JSON"):
        read_info(path)


def test_files_that_are_not_there_or_not_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        read_info(tmp_path / "none.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="no likelihand header"):
        read_info(tmp_path / "other.safetensors")


def test_a_network_starts_from_a_checkpoint_and_its_loss_where_it_fits(tmp_path: Path) -> None:
    network, loss = tiny_network(stages=1), ResidualLogLikelihood()
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, network, CheckpointInfo(size=(64, 64)), loss=loss)
    other, flows = tiny_network(stages=1, seed=1), ResidualLogLikelihood()
    assert start_from(path, other, flows) == Started(loss=True, fresh=())
    for ours, theirs in ((network, other), (loss, flows)):
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert not start_from(path, other, ResidualLogLikelihood(stages=2)).loss
    assert not start_from(path, other, IntegralLoss()).loss
    with pytest.raises(CheckpointError, match="another network"):
        start_from(path, tiny_network(stages=2), loss)


def test_takes_the_parts_that_are_asked_for(tmp_path: Path) -> None:
    path, network = tmp_path / "a.safetensors", tiny_network(stages=1)
    save_checkpoint(path, network, CheckpointInfo(size=(64, 64)), loss=ResidualLogLikelihood())
    other = tiny_network(stages=2, seed=1)
    stages = {name: t.clone() for name, t in other.state_dict().items() if name.startswith("stages.")}
    started = start_from(path, other, ResidualLogLikelihood(), ["backbone"])
    assert started == Started(loss=False, fresh=("mean", "stages", "std"))
    assert all(torch.equal(other.state_dict()[name], t) for name, t in stages.items())
    assert torch.equal(other.backbone.layers[0].weight, network.backbone.layers[0].weight)  # type: ignore[attr-defined]
    with pytest.raises(CheckpointError, match="no part 'body'; its parts are backbone"):
        start_from(path, other, ResidualLogLikelihood(), ["body"])


def test_a_backbone_may_end_earlier_than_the_one_it_takes_its_weights_from(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    whole, early, late = (
        TimmBackbone("tf_efficientnet_lite0", stride=16, context=c) for c in ((32,), False, (32,))
    )
    long, short = (SequentialHeatmapNetwork(b, stages=1, width=8) for b in (whole, early))
    save_checkpoint(path, long, CheckpointInfo(size=(64, 64)))
    start_from(path, short, IntegralLoss(), ["backbone"])
    for name, tensor in early.state_dict().items():
        assert torch.equal(tensor, whole.state_dict()[name]), name
    with pytest.raises(CheckpointError, match="another network"):
        start_from(path, SequentialHeatmapNetwork(early, stages=1, width=8), IntegralLoss())
    two = SequentialHeatmapNetwork(early, stages=2, width=8)
    save_checkpoint(path, two, CheckpointInfo(size=(64, 64)))
    with pytest.raises(CheckpointError, match="another network"):
        start_from(path, short, IntegralLoss(), ["stages"])
    save_checkpoint(path, short, CheckpointInfo(size=(64, 64)))
    with pytest.raises(CheckpointError, match="another network"):
        start_from(path, SequentialHeatmapNetwork(late, stages=1, width=8), IntegralLoss(), ["backbone"])


def test_depths_are_left_behind_where_the_network_has_none(tmp_path: Path) -> None:
    path, smaller = (
        tmp_path / "a.safetensors",
        SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=1, width=8),
    )
    deep = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=1, width=8, depth=True)
    save_checkpoint(path, deep, CheckpointInfo(size=(64, 64)))
    start_from(path, smaller, IntegralLoss())
    for name, tensor in smaller.state_dict().items():
        assert torch.equal(tensor, deep.state_dict()[name]), name
    again, _ = load_checkpoint(path)
    assert torch.equal(again.state_dict()["depth.output.weight"], deep.depth.output.weight)


def test_a_part_that_the_checkpoint_lacks_stays_fresh(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, tiny_network(stages=1), CheckpointInfo(size=(64, 64)), loss=ResidualLogLikelihood())
    larger = SequentialHeatmapNetwork(TinyBackbone(), stages=1, width=8, traits=True)
    before = {name: t.clone() for name, t in larger.state_dict().items()}
    started = start_from(path, larger, ResidualLogLikelihood())
    assert started == Started(loss=True, fresh=("traits",))
    unchanged = {name for name, t in larger.state_dict().items() if torch.equal(t, before[name])}
    assert {name for name in before if name.startswith("traits.")} <= unchanged
    assert "stages.0.reduce.0.weight" not in unchanged
