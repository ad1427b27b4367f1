"""A calibration in the model's file: both paths read the same, and the weights stay as they were."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")

from likelihand.data.drawn import DrawnHands  # noqa: E402
from likelihand.evaluation import predictions  # noqa: E402
from likelihand.evaluation.calibration import fit, store  # noqa: E402
from likelihand.inference import Predictor, load, metadata_of  # noqa: E402
from likelihand.inference.export import export  # noqa: E402
from likelihand.inference.runtimes import TorchRuntime  # noqa: E402
from likelihand.losses import ResidualLogLikelihood  # noqa: E402
from likelihand.models.checkpoint import CheckpointInfo, load_checkpoint, read_tensors, save_checkpoint  # noqa: E402
from likelihand.uncertainty import Calibrations  # noqa: E402
from tests.tiny import tiny_network  # noqa: E402

IMAGE = np.random.default_rng(1).integers(0, 256, (90, 140, 3), np.uint8)
BOXES = [[20, 10, 80, 70], [40, 5, 130, 85]]


def torch_runtime(checkpoint: Path) -> TorchRuntime:
    network, info = load_checkpoint(checkpoint, tiny_network())
    return TorchRuntime(network.deploy(spread=True), metadata_of(network, info))  # type: ignore[operator]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("store") / "best.safetensors"
    torch.manual_seed(0)
    loss = ResidualLogLikelihood(stages=2, symmetric=True)
    save_checkpoint(file, tiny_network(), CheckpointInfo(size=(64, 64), loss=loss.config()), loss=loss)
    seen = predictions(torch_runtime(file), DrawnHands(24, size=64), progress=False).sized()
    store(file, Calibrations((fit(seen, scale=0.5, spread=0.5, source="drawn hands"),)))
    return file


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    network, info = load_checkpoint(checkpoint, tiny_network())
    file = checkpoint.with_name("hand.onnx")
    export(network, file, metadata_of(network, info))
    return file


def test_both_paths_say_the_same(checkpoint: Path, exported: Path) -> None:
    by_torch, by_onnx = Predictor(torch_runtime(checkpoint), tta=1), load(exported, detector=False, tta=1)
    for ours, theirs in zip(by_torch(IMAGE, BOXES), by_onnx(IMAGE, BOXES), strict=True):
        np.testing.assert_allclose(theirs.scale, ours.scale, atol=1e-3)
        np.testing.assert_allclose(theirs.confidence, ours.confidence, atol=1e-4)
        np.testing.assert_allclose(theirs.covariance, ours.covariance, rtol=1e-3, atol=1e-3)
        assert np.abs(ours.covariance[:, 0, 1]).max() > 0.01  # the heatmap's turn, which a scale cannot say


def test_the_calibration_changes_the_answer(checkpoint: Path, exported: Path) -> None:
    plain = store(exported, Calibrations(), exported.with_name("plain.onnx"))
    with_it, without = (load(file, detector=False, tta=1)(IMAGE, BOXES)[0] for file in (exported, plain))
    np.testing.assert_array_equal(with_it.points, without.points)
    assert np.abs(with_it.scale / without.scale - 1).min() > 0.01


def test_the_tensors_stay_bit_for_bit(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "other.safetensors"
    store(checkpoint, Calibrations(), out)
    ours, theirs = read_tensors(checkpoint)[0], read_tensors(out)[0]
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not torch_runtime(out).metadata.calibrations


def test_a_cut_network_loses_the_calibration_of_its_last_stage(checkpoint: Path, tmp_path: Path) -> None:
    network, info = load_checkpoint(checkpoint, tiny_network())
    export(network, tmp_path / "one.onnx", metadata_of(network, info), stages=1)
    assert not load(tmp_path / "one.onnx", detector=False).runtime.metadata.calibrations


def test_another_ending_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.safetensors"):
        store(checkpoint, Calibrations(), "hand.onnx")


def test_an_onnx_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    onnx.save(onnx.ModelProto(), tmp_path / "a.onnx")
    with pytest.raises(ValueError, match="no likelihand metadata"):
        store(tmp_path / "a.onnx", Calibrations())
