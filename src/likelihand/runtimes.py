"""Runtimes: what turns crops into points, behind one call, so that the predictor knows none of them.

A runtime is anything with `metadata` and `__call__((N, H, W, 3) uint8) -> {name: (N, ...) float}`. The crop
goes in as it is: normalisation lives inside the network.
"""

import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from likelihand.metadata import KEY, ModelMetadata

Outputs: TypeAlias = dict[str, NDArray[np.float32]]
"""`points` (N, 21, 2) and `scale` (N, 21, 2) in crop pixels; more by name where the model gives more."""

EXPORT: Final = "make one with `likelihand export RUN --out hand.onnx`"


class Runtime(Protocol):
    """What the predictor asks of a runtime."""

    @property
    def metadata(self) -> ModelMetadata:
        """What the model says of itself: crop size, padding, names of the outputs."""

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 RGB crops; give the outputs by name."""


class OnnxRuntime:
    """Runs a file that `likelihand export` wrote, on ONNX Runtime's CPU provider.

    Args:
        path: the `.onnx` file.
        threads: how many threads one call may use; None leaves it to ONNX Runtime.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no ONNX model, or none of this library's, or `threads` is not positive.
    """

    def __init__(self, path: str | os.PathLike[str], threads: int | None = None) -> None:
        self.path = _model_path(path, threads)
        self._session = _session(self.path, threads)
        self.metadata = _metadata(self._session, self.path)

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 crops.

        Raises:
            ValueError: the file cannot run crops of this shape and type.
        """
        names = list(self.metadata.outputs)
        try:
            return dict(zip(names, self._session.run(names, {"crops": crops}), strict=True))
        except Exception as error:  # ONNX Runtime's own exceptions share no public base
            raise _cannot_run(self.path, crops, error) from error


def _session(path: Path, threads: int | None) -> Any:  # noqa: ANN401
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no public base
        raise _unreadable(path, error) from error


def _metadata(session: Any, path: Path) -> ModelMetadata:  # noqa: ANN401
    inputs, outputs = ({a.name for a in side} for side in (session.get_inputs(), session.get_outputs()))
    return _contract(session.get_modelmeta().custom_metadata_map.get(KEY), inputs, outputs, path)


def _contract(text: str | None, inputs: set[str], outputs: set[str], path: Path) -> ModelMetadata:
    """Read what a file says of itself, and check it against the file's graph."""
    if text is None:
        raise ValueError(f"model {path} carries no likelihand metadata, so its input is unknown; {EXPORT}")
    try:
        metadata = ModelMetadata.from_json(text)
    except ValueError as error:
        raise ValueError(f"model {path}: {error}") from error
    if inputs != {"crops"} or not set(metadata.outputs) <= outputs:
        raise ValueError(
            f"model {path} has inputs {sorted(inputs)} and outputs {sorted(outputs)}, "
            f"its metadata says ['crops'] and {sorted(metadata.outputs)}; {EXPORT}"
        )
    return metadata


class OpenVinoRuntime:
    """Runs a file that `likelihand export` wrote, on OpenVINO's CPU device, in single precision.

    OpenVINO would compute in bfloat16 where the processor can, which moves points by pixels: it is told not to.
    Needs the extra `likelihand[openvino]`.

    Args:
        path: the `.onnx` file.
        threads: how many threads one call may use; None leaves it to OpenVINO.

    Raises:
        FileNotFoundError: there is no such file.
        ModuleNotFoundError: OpenVINO is not installed.
        ValueError: the file is no ONNX model, or none of this library's, or `threads` is not positive.
    """

    def __init__(self, path: str | os.PathLike[str], threads: int | None = None) -> None:
        self.path = _model_path(path, threads)
        settings: dict[str, object] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        core = _openvino_core()
        try:
            model = core.read_model(str(self.path))
            self._model: Any = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            raise ValueError(
                f"model {self.path} is not a readable ONNX file ({_short(error)}); {EXPORT}"
            ) from error
        place = ["framework", KEY]
        text = str(model.get_rt_info(place).value) if model.has_rt_info(place) else None
        inputs, outputs = ({n for end in ends for n in end.get_names()} for ends in (model.inputs, model.outputs))
        self.metadata = _contract(text, inputs, outputs, self.path)

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 crops.

        Raises:
            ValueError: the file cannot run crops of this shape and type.
        """
        try:
            results = self._model({"crops": np.ascontiguousarray(crops)})
        except RuntimeError as error:
            raise _cannot_run(self.path, crops, error) from error
        return {name: np.array(results[name]) for name in self.metadata.outputs}


@cache
def _openvino_core() -> Any:  # noqa: ANN401
    """Give the process's one OpenVINO core, which is never let go.

    Its CPU plugin sets a stack for signal handlers and unmaps it when the last core goes, without setting the
    earlier one again: the next signal, a Ctrl-C say, would then end the process by a segmentation fault.
    """
    import openvino

    return openvino.Core()


def _model_path(path: str | os.PathLike[str], threads: int | None) -> Path:
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"model {file} does not exist; {EXPORT}")
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}; give 1 or more")
    return file


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(f"model {path} is not a readable ONNX file ({_short(error)}); {EXPORT}")


def _cannot_run(path: Path, crops: NDArray[np.uint8], error: Exception) -> ValueError:
    return ValueError(f"model {path} cannot run {crops.dtype} crops of shape {crops.shape} ({_short(error)})")


class TorchRuntime:
    """Runs a deployed network, `module((N, H, W, 3) uint8) -> (points, scale)`, on PyTorch.

    Args:
        module: as `network.deploy()` gives it; its parameters' device is where it runs.
        metadata: its contract.
        threads: how many threads PyTorch may use; the setting is the whole process's.
    """

    def __init__(self, module: Callable[..., Any], metadata: ModelMetadata, threads: int | None = None) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self._module = module
        self.metadata = metadata

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 crops."""
        import torch

        parameters: Iterable[Any] = getattr(self._module, "parameters", tuple)()
        device = next((p.device for p in parameters), torch.device("cpu"))
        with torch.inference_mode():
            results = self._module(torch.from_numpy(np.ascontiguousarray(crops)).to(device))
        arrays = (result.float().cpu().numpy() for result in results)
        return dict(zip(self.metadata.outputs, arrays, strict=True))
