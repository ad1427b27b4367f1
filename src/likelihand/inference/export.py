"""From a trained network to one ONNX file that explains itself, checked against PyTorch before it is kept."""

import contextlib
import math
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from likelihand.inference.metadata import KEY, ModelMetadata
from likelihand.inference.runtimes import OnnxRuntime, TorchRuntime
from likelihand.models import as_network, deployed
from likelihand.models.folding import folded
from likelihand.uncertainty import Calibrations
from likelihand.utils.files import replacing

TOLERANCE: Final = 1e-3
"""Crop pixels by which any result of the file may differ from PyTorch's."""
HALF_TOLERANCE: Final = 0.05
"""The same where the weights are stored in half precision."""
SMALLEST_HALVED: Final = 256
"""Arrays of fewer numbers stay in single precision: biases, statistics, constants."""


def export(
    network: nn.Module,
    path: str | os.PathLike[str],
    metadata: ModelMetadata,
    stages: int | None = None,
    half: bool = False,
) -> float:
    """Write a network as one ONNX file: uint8 crops (N, H, W, 3) in, points and scale (N, 21, 2) out.

    The file holds the network's folded form (`likelihand.models.folding`), which computes the same with less work.
    The batch is dynamic, the contract travels inside as metadata, and the file appears only once ONNX Runtime
    has given PyTorch's answers on noise and on structured crops, in batches of 1, 2 and 5.

    Args:
        network: a `likelihand.models.Network`, as `SequentialHeatmapNetwork`.
        path: the file to write; an older one is replaced.
        metadata: crop size, padding, licence and the like; `stages` is filled in here where one is given. Where
            its outputs name `spread`, the file gives the heatmaps' spread too.
        stages: cuts the network after this many stages, and drops the calibrations, which are the last stage's;
            None keeps all.
        half: stores the weights in half precision, in half the space; they are widened as the file is loaded,
            and all arithmetic stays in single precision.

    Returns:
        The greatest difference to PyTorch found, in crop pixels.

    Raises:
        ValueError: the path does not end in `.onnx`, or the file would not agree with PyTorch.
    """
    file = Path(path)
    if file.suffix.lower() != ".onnx":
        raise ValueError(f"export path {file} does not end in .onnx; give a name like hand.onnx")
    module = deployed(as_network(network), metadata.outputs, stages).eval()
    metadata = replace(metadata, outputs=module.outputs)
    if stages is not None and stages != metadata.stages:
        metadata = replace(metadata, stages=stages, calibrations=Calibrations())
    metadata = metadata.checked()
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        _write(folded(module), partial, metadata)
        if half:
            _halve(partial)
        difference = parity(module, partial, metadata)
        if not difference <= (tolerance := HALF_TOLERANCE if half else TOLERANCE):
            raise ValueError(
                f"the exported file differs from PyTorch by {difference:.3g} crop pixels, over {tolerance:g}; "
                "no file was written: export on the CPU in float32, and check the network for NaN"
            )
    return difference


def _write(module: nn.Module, file: Path, metadata: ModelMetadata) -> None:
    height, width = metadata.size
    # a batch of 1 would be taken for a constant
    example = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8))
    parameters: Any = next(iter(module.parameters()), example)
    with _quiet():
        program = torch.onnx.export(
            module,
            (example.to(parameters.device),),
            dynamo=True,
            external_data=False,
            input_names=["crops"],
            output_names=list(metadata.outputs),
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
        )
    if program is None:
        raise ValueError("PyTorch gave no ONNX program; update torch to 2.8 or newer")
    _forget_sources(program.model)
    program.model.metadata_props[KEY] = metadata.to_json()
    program.save(file, external_data=False)


def _forget_sources(model: Any) -> None:  # noqa: ANN401
    """Drop the stack traces that the exporter leaves in every node: they name the folders of this machine."""
    for graph in (model.graph, *model.functions.values()):
        for node in graph:
            node.metadata_props.clear()
            node.doc_string = None


def _halve(file: Path) -> None:
    """Store an ONNX file's large arrays in half precision, each widened by a Cast that the runtime folds away."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(file)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and math.prod(tensor.dims) >= SMALLEST_HALVED:
            name = tensor.name
            tensor.CopyFrom(
                numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
            )
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    for position, cast in enumerate(casts):
        model.graph.node.insert(position, cast)
    onnx.save(model, file)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's talk about its own dependencies away from the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parity(module: nn.Module, path: str | os.PathLike[str], metadata: ModelMetadata) -> float:
    """Measure how far an exported file is from the module it was made from; NaN where either gives NaN.

    That is the greatest absolute difference over outputs, crops and batches of 1, 2 and 5. The spread, which is in
    square pixels, counts as a share of the crop's longer side; boxes, those of cells that show no hand among them,
    count a tenth.
    """
    ours, theirs = TorchRuntime(module, metadata), OnnxRuntime(path)
    unit = {"spread": max(metadata.size), "boxes": 10.0}
    worst = [
        np.max(np.abs(ours(crops)[name].astype(np.float64) - theirs(crops)[name])) / unit.get(name, 1)
        for batch in (1, 2, 5)
        for crops in (_noise(batch, metadata.size), _structured(batch, metadata.size))
        for name in metadata.outputs
    ]
    return float(np.max(worst))


def _noise(batch: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.random.default_rng(batch).integers(0, 256, (batch, *size, 3), np.uint8)


def _structured(batch: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Make crops with edges, slopes and flat parts: ramps, discs, stripes, black and white."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float64) + 0.5
    y, x = y / size[0], x / size[1]
    disc = np.hypot(x - 0.3, y - 0.6) < 0.2
    patterns = [x, y, disc, (x * 8).astype(int) % 2, np.zeros(size), np.ones(size)]
    chosen = [np.stack([patterns[(i + c) % len(patterns)] for c in range(3)], -1) for i in range(batch)]
    return np.asarray(np.stack(chosen) * 255, np.uint8)
