"""Runtimes: a foreign file is refused, and what PyTorch gives comes out by name."""

from pathlib import Path

import numpy as np
import pytest

from likelihand.inference.metadata import KEY, ModelMetadata
from likelihand.inference.runtimes import OnnxRuntime, TorchRuntime

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")


def onnx_file(path: Path, metadata: str | None, name: str = "crops") -> Path:
    """Write a model that gives its input as it is."""
    kind = onnx.TensorProto.UINT8
    ends = [onnx.helper.make_tensor_value_info(n, kind, ["n", 8, 8, 3]) for n in (name, "points")]
    node = onnx.helper.make_node("Identity", [name], ["points"])
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)])
    if metadata is not None:
        model.metadata_props.add(key=KEY, value=metadata)
    onnx.save(model, path)
    return path


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"foreign\.onnx carries no likelihand metadata"):
        OnnxRuntime(onnx_file(tmp_path / "foreign.onnx", None))


def test_damaged_metadata_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"bad\.onnx: model metadata is not JSON"):
        OnnxRuntime(onnx_file(tmp_path / "bad.onnx", "{"))


def test_a_graph_that_does_not_keep_its_contract_is_refused(tmp_path: Path) -> None:
    text = ModelMetadata(size=(8, 8)).to_json()
    with pytest.raises(ValueError, match=r"outputs \['points'\], its metadata says .*'scale'"):
        OnnxRuntime(onnx_file(tmp_path / "short.onnx", text))
    with pytest.raises(ValueError, match=r"has inputs \['images'\]"):
        OnnxRuntime(onnx_file(tmp_path / "named.onnx", text, name="images"))


def test_threads_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="threads is 0; give 1 or more"):
        OnnxRuntime(onnx_file(tmp_path / "a.onnx", None), threads=0)


def test_torch_outputs_come_by_name() -> None:
    class Brightness(torch.nn.Module):  # type: ignore[name-defined,misc]
        def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[name-defined]
            mean = crops.float().mean((1, 2, 3))[:, None, None].expand(-1, 21, 2)
            return mean, mean + 1

    outputs = TorchRuntime(Brightness(), ModelMetadata(size=(8, 8)))(np.full((2, 8, 8, 3), 7, np.uint8))
    assert outputs["points"].shape == (2, 21, 2)
    assert (outputs["points"] == 7).all() and (outputs["scale"] == 8).all()
