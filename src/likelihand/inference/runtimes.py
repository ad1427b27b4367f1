"""Runtimes: run a model on crops behind one interface.

A runtime is anything with `metadata` and `__call__((N, H, W, 3) uint8) -> {name: (N, ...) float}`. The crop
goes in as it is: normalisation lives inside the network.
"""

import os
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from likelihand.inference.devices import CPU, DeviceError, Provider, open_on, open_with, provider_name
from likelihand.inference.metadata import KEY, ModelMetadata

if TYPE_CHECKING:
    from torch import nn

Outputs: TypeAlias = dict[str, NDArray[np.float32]]
"""`points` (N, 21, 2) and `scale` (N, 21, 2) in crop pixels; more by name where the model gives more."""

EXPORT: Final = "make one with `likelihand export RUN --out hand.onnx`"


class Runtime(Protocol):
    """What the predictor requires of a runtime."""

    @property
    def metadata(self) -> ModelMetadata:
        """The model's metadata: crop size, padding, names of the outputs."""

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 RGB crops; return the outputs by name."""


class OnnxRuntime:
    """Runs a file that `likelihand export` wrote, on ONNX Runtime.

    It can be pickled, and used in threads and in forked processes: what travels is the path (or the bytes) and the
    settings, and the model is opened anew. A CUDA device cannot be used after a fork: start processes by spawn.

    Args:
        path: the `.onnx` file, or its bytes.
        threads: how many threads one call may use on the CPU; None leaves it to ONNX Runtime.
        device: where to run; see `likelihand.inference.devices.Device`. The CPU where None.
        providers: ONNX Runtime's own names of where to run, in place of `device`, each alone or with its options.

    Attributes:
        device: name of the provider that runs the model, as "CPUExecutionProvider".

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no ONNX model, or none of this library's, or `threads` is not positive.
        DeviceError: the device is not there or cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | bytes,
        threads: int | None = None,
        *,
        device: str | None = None,
        providers: Sequence[Provider] | None = None,
    ) -> None:
        if device is not None and providers is not None:
            raise ValueError("device and providers exclude each other; give one of them")
        if providers is not None and not providers:
            raise ValueError("providers is empty; give at least one, as ['CPUExecutionProvider']")
        self.path = Path("model in memory") if isinstance(path, bytes) else _model_path(path)
        self._settings = (path if isinstance(path, bytes) else self.path, _checked(threads), device, providers)
        self._open()
        self.metadata = _metadata(self._session, self.path)
        self.device: str = self._session.get_providers()[0]

    def _open(self) -> None:
        self._session = _session(*self._settings)
        self._process = os.getpid()

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 crops.

        Raises:
            ValueError: the file cannot run crops of this shape and type.
        """
        if self._process != os.getpid():
            _OF_PARENTS.append(self._session)
            self._open()
        names = list(self.metadata.outputs)
        try:
            return dict(zip(names, self._session.run(names, {"crops": crops}), strict=True))
        except Exception as error:  # ONNX Runtime's own exceptions share no public base
            raise _cannot_run(self.path, crops, error) from error

    def __reduce__(self) -> tuple[Any, ...]:
        model, threads, device, providers = self._settings
        model = model if isinstance(model, bytes) else model.absolute()
        return partial(type(self), device=device, providers=providers), (model, threads)


_OF_PARENTS: Final[list[object]] = []
"""Sessions that a forked process has of its parent. Their threads are not in this process, so that closing them
could wait for ever."""


def _session(
    model: Path | bytes, threads: int | None, device: str | None, providers: Sequence[Provider] | None
) -> Any:  # noqa: ANN401
    import onnxruntime

    available = onnxruntime.get_available_providers()
    create = partial(_created, model, threads)
    if providers is not None:
        asked = f"providers={[provider_name(p) for p in providers]}"
        return open_with(asked, providers, available, create)
    return open_on(device or "cpu", available, create)


def _created(model: Path | bytes, threads: int | None, providers: Sequence[Provider]) -> Any:  # noqa: ANN401
    """Open a session; its libraries' own messages stay away, what is wrong is told by an error."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
    if any(provider_name(p) != CPU for p in providers):  # a provider that fails talks to the default logger
        onnxruntime.set_default_logger_severity(_FATAL)
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=list(providers), enable_fallback=0)
    except Exception as error:  # ONNX Runtime's own exceptions share no public base
        raise _unreadable(model if isinstance(model, Path) else Path("in memory"), error) from error
    finally:
        onnxruntime.set_default_logger_severity(_WARNINGS)


_WARNINGS: Final = 2
"""ONNX Runtime's own severity of what it tells."""
_FATAL: Final = 4


def _metadata(session: Any, path: Path) -> ModelMetadata:  # noqa: ANN401
    inputs, outputs = ({a.name for a in side} for side in (session.get_inputs(), session.get_outputs()))
    return _contract(session.get_modelmeta().custom_metadata_map.get(KEY), inputs, outputs, path)


def _contract(text: str | None, inputs: set[str], outputs: set[str], path: Path) -> ModelMetadata:
    """Read a file's metadata, and check it against the file's graph."""
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
    """Runs a file that `likelihand export` wrote, on one of OpenVINO's devices, in single precision.

    OpenVINO would compute in bfloat16 where the processor can, which moves points by pixels: it is told not to.
    Needs the extra `likelihand[openvino]`. It can be pickled, and used in threads.

    Args:
        path: the `.onnx` file.
        threads: how many threads one call may use on the CPU; None leaves it to OpenVINO.
        device: "cpu", "gpu" or "npu" (Intel's), or "auto", which leaves it to OpenVINO. The CPU where None.

    Attributes:
        device: OpenVINO's name of it, as "CPU".

    Raises:
        FileNotFoundError: there is no such file.
        ModuleNotFoundError: OpenVINO is not installed.
        ValueError: the file is no ONNX model, or none of this library's, or `threads` is not positive.
        DeviceError: OpenVINO has no such device.
    """

    def __init__(
        self, path: str | os.PathLike[str], threads: int | None = None, *, device: str | None = None
    ) -> None:
        self.path = _model_path(path)
        self._threads = _checked(threads)
        settings: dict[str, object] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        core = _openvino_core()
        self.device = _openvino_device(device or "cpu", core.available_devices)
        try:
            model = core.read_model(str(self.path))
            self._model: Any = core.compile_model(model, self.device, settings)
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
        request = self._model.create_infer_request()  # the model's own one serves one thread at a time
        try:
            results = request.infer({"crops": np.ascontiguousarray(crops)})
        except RuntimeError as error:
            raise _cannot_run(self.path, crops, error) from error
        return {name: np.array(results[name]) for name in self.metadata.outputs}

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), device=self.device.lower()), (self.path.absolute(), self._threads)


def _openvino_device(device: str, available: Sequence[str]) -> str:
    """Return OpenVINO's name of a device.

    Raises:
        DeviceError: it is none of OpenVINO's, or is not there.

    Example:
        >>> _openvino_device("cuda", ["CPU"])
        Traceback (most recent call last):
        likelihand.inference.devices.DeviceError: device 'cuda' is none that OpenVINO has here ...
    """
    here = {"auto": "AUTO"} | {name.split(".")[0].lower(): name for name in reversed(available)}
    if device not in here:
        known = ", ".join(map(repr, sorted(here)))
        raise DeviceError(
            f"device {device!r} is none that OpenVINO has here ({known}); give one of these, or runtime 'onnx'"
        )
    return here[device]


@cache
def _openvino_core() -> Any:  # noqa: ANN401
    """Return the process's one OpenVINO core, which is never released.

    Its CPU plugin sets a stack for signal handlers and unmaps it when the last core goes, without setting the
    earlier one again: the next signal, a Ctrl-C say, would then end the process by a segmentation fault.
    """
    import openvino

    return openvino.Core()


def _model_path(path: str | os.PathLike[str]) -> Path:
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"model {file} does not exist; {EXPORT}")
    return file


def _checked(threads: int | None) -> int | None:
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}; give 1 or more")
    return threads


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(f"model {path} is not a readable ONNX file ({_short(error)}); {EXPORT}")


def _cannot_run(path: Path, crops: NDArray[np.uint8], error: Exception) -> ValueError:
    return ValueError(f"model {path} cannot run {crops.dtype} crops of shape {crops.shape} ({_short(error)})")


class TorchRuntime:
    """Runs a deployed network, `module((N, H, W, 3) uint8) -> (points, scale, ...)`, on PyTorch.

    It can be pickled where the module can; the weights travel with it. It runs where the module's parameters are,
    on as many `threads` as the whole process is then allowed.
    """

    def __init__(self, module: "nn.Module", metadata: ModelMetadata, threads: int | None = None) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self._module, self._threads = module, threads
        self.metadata = metadata

    @property
    def device(self) -> str:
        """PyTorch's name of where it runs, as "cpu"."""
        return str(next((p.device for p in self._module.parameters()), "cpu"))

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 crops."""
        import torch

        with torch.inference_mode():
            results = self._module(torch.from_numpy(np.ascontiguousarray(crops)).to(self.device))
        arrays = (result.float().cpu().numpy() for result in results)
        return dict(zip(self.metadata.outputs, arrays, strict=True))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._module, self.metadata, self._threads)


def torch_device(device: str | None) -> str:
    """Return PyTorch's name of a device: its own, or "auto", which is CUDA where PyTorch has it, else the CPU.

    Raises:
        DeviceError: PyTorch does not know it, or it is not there.

    Example:
        >>> torch_device("directml")
        Traceback (most recent call last):
        likelihand.inference.devices.DeviceError: device 'directml' is none that PyTorch has here ('auto', ...
    """
    import torch

    here = [
        "cpu",
        *(["cuda"] if torch.cuda.is_available() else []),
        *(["mps"] if torch.mps.is_available() else []),
    ]
    if device == "auto":
        return here[1] if "cuda" in here else "cpu"
    if (device or "cpu").split(":")[0] not in here:
        known = ", ".join(map(repr, ["auto", *here]))
        raise DeviceError(
            f"device {device!r} is none that PyTorch has here ({known}); give one of these, or export the model"
        )
    return device or "cpu"
