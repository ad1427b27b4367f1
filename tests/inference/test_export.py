"""Export: one file that explains itself and agrees with PyTorch, or none."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")

from likelihand.inference import load  # noqa: E402
from likelihand.inference.export import export, parity  # noqa: E402
from likelihand.inference.metadata import KEY, ModelMetadata  # noqa: E402
from likelihand.inference.runtimes import OnnxRuntime  # noqa: E402
from likelihand.models import SequentialHeatmapNetwork  # noqa: E402
from tests.tiny import TinyBackbone, tiny_network  # noqa: E402

METADATA = ModelMetadata(size=(64, 64), stages=2, licence="CC0-1.0", training_data="none", scores={"NME": 0.5})
IMAGE = np.random.default_rng(1).integers(0, 256, (90, 140, 3), np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    assert export(tiny_network(), folder / "hand.onnx", METADATA) <= 1e-3
    return folder


def test_it_writes_one_file(folder: Path) -> None:
    assert [p.name for p in folder.iterdir()] == ["hand.onnx"]
    model = onnx.load(folder / "hand.onnx", load_external_data=False)
    assert not any(t.data_location == onnx.TensorProto.EXTERNAL for t in model.graph.initializer)


def test_the_file_tells_nothing_of_the_machine_that_wrote_it(folder: Path) -> None:
    content = (folder / "hand.onnx").read_bytes()
    assert b"stack_trace" not in content
    assert b".py" not in content


def test_the_contract_travels_inside(folder: Path) -> None:
    props = {p.key: p.value for p in onnx.load(folder / "hand.onnx").metadata_props}
    assert ModelMetadata.from_json(props[KEY]) == METADATA
    assert OnnxRuntime(folder / "hand.onnx").metadata == METADATA


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 9])
def test_it_gives_what_the_network_gives(folder: Path, batch: int) -> None:
    """Against the network's own last stage, not against its deployed form."""
    crops = np.random.default_rng(batch).integers(0, 256, (batch, 64, 64, 3), np.uint8)
    with torch.no_grad():
        last = tiny_network()(torch.from_numpy(crops))[-1]
    outputs = OnnxRuntime(folder / "hand.onnx", threads=1)(crops)
    np.testing.assert_allclose(outputs["points"], last.mean.numpy(), atol=1e-3)
    np.testing.assert_allclose(outputs["scale"], last.log_scale.exp().numpy(), atol=1e-3)
    assert np.ptp(outputs["points"], axis=1).max() > 5  # the points differ, so that agreement means something


def test_stages_cuts_the_network(tmp_path: Path) -> None:
    export(tiny_network(), tmp_path / "one.onnx", METADATA, stages=1)
    runtime = OnnxRuntime(tmp_path / "one.onnx")
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    with torch.no_grad():
        first, second = tiny_network()(torch.from_numpy(crops))
    assert runtime.metadata.stages == 1
    np.testing.assert_allclose(runtime(crops)["points"], first.mean.numpy(), atol=1e-3)
    assert np.abs(runtime(crops)["points"] - second.mean.numpy()).max() > 0.1


def test_hands_come_out_of_the_file(folder: Path) -> None:
    hand = load(folder / "hand.onnx", threads=1)(IMAGE, [[20, 10, 80, 70]])[0]
    assert hand.points.shape == hand.scale.shape == (21, 2)
    assert (hand.points > [50 - 37.5, 40 - 37.5]).all() and (hand.points < [50 + 37.5, 40 + 37.5]).all()


def test_a_network_that_gives_nan_leaves_no_file(tmp_path: Path) -> None:
    network = tiny_network()
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    (tmp_path / "hand.onnx").write_bytes(b"the older file")
    with pytest.raises(ValueError, match="differs from PyTorch by nan crop pixels"):
        export(network, tmp_path / "hand.onnx", METADATA)
    assert [p.name for p in tmp_path.iterdir()] == ["hand.onnx"]
    assert (tmp_path / "hand.onnx").read_bytes() == b"the older file"


def test_parity_sees_a_difference(folder: Path) -> None:
    assert parity(tiny_network().deploy(), folder / "hand.onnx", METADATA) <= 1e-3
    assert parity(tiny_network(seed=1).deploy(), folder / "hand.onnx", METADATA) > 0.1


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"does not end in \.onnx"):
        export(tiny_network(), tmp_path / "hand.pt", METADATA)


def test_half_precision_takes_half_the_space_and_moves_points_little(tmp_path: Path) -> None:
    network = SequentialHeatmapNetwork(TinyBackbone(), stages=2, width=64).eval()
    export(network, tmp_path / "full.onnx", METADATA)
    difference = export(network, tmp_path / "half.onnx", METADATA, half=True)
    assert 0 < difference <= 0.05
    assert (tmp_path / "half.onnx").stat().st_size < 0.6 * (tmp_path / "full.onnx").stat().st_size
    model = onnx.load(tmp_path / "half.onnx")
    kept = {t.data_type for t in model.graph.initializer if np.prod(t.dims) >= 256}
    assert kept == {onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE}  # weights, and the cells' exact positions
    onnx.checker.check_model(model)
