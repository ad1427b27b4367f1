"""Devices by name, and ONNX Runtime's execution providers that run a model on them.

ONNX Runtime comes as several packages, of which an environment can hold one: `onnxruntime` (CPU, and CoreML on
macOS), `onnxruntime-gpu` (CUDA and TensorRT), `onnxruntime-directml` (Windows). The package says which are there.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, get_args

Device: TypeAlias = Literal["cpu", "cuda", "tensorrt", "coreml", "directml", "auto"]
"""Where a model runs; "auto" takes the first of `AUTO` that works here, else the CPU."""

Provider: TypeAlias = str | tuple[str, Mapping[str, Any]]
"""Name of one of ONNX Runtime's execution providers, alone or with its options."""

Create: TypeAlias = Callable[[Sequence[Provider]], Any]
"""Makes a session with providers; it has `get_providers()`."""

CPU: Final = "CPUExecutionProvider"
PROVIDERS: Final[Mapping[str, tuple[Provider, ...]]] = {
    "cpu": (CPU,),
    "cuda": (("CUDAExecutionProvider", {"use_tf32": "0"}), CPU),
    "tensorrt": ("TensorrtExecutionProvider", ("CUDAExecutionProvider", {"use_tf32": "0"}), CPU),
    "coreml": ("CoreMLExecutionProvider", CPU),
    "directml": ("DmlExecutionProvider", CPU),
}
"""Device to its providers, each taking what the one before cannot run. CUDA is kept from rounding to TF32, whose
mantissa has 10 bits: points are to be the CPU's."""

AUTO: Final = ("cuda", "directml", "coreml")
"""The order in which "auto" tries devices. TensorRT takes minutes to build its engines: it must be asked for."""

PACKAGES: Final[Mapping[str, str]] = {
    "CUDAExecutionProvider": "onnxruntime-gpu",
    "TensorrtExecutionProvider": "onnxruntime-gpu",
    "DmlExecutionProvider": "onnxruntime-directml",
    "OpenVINOExecutionProvider": "onnxruntime-openvino",
    "MIGraphXExecutionProvider": "onnxruntime-migraphx",
    "QNNExecutionProvider": "onnxruntime-qnn",
}
"""Provider to the package that brings it; CoreML comes with `onnxruntime` itself, on macOS."""


_ADVICE: Final = (
    "check the driver and the provider's libraries (for CUDA: pip install 'onnxruntime-gpu[cuda,cudnn]'), "
    "or give device 'cpu'"
)


class DeviceError(ValueError):
    """Raised where a device is missing or cannot be used."""


def check_device(device: str) -> None:
    """Check the name of a device.

    Raises:
        ValueError: it is none.

    Example:
        >>> check_device("gpu")
        Traceback (most recent call last):
        ValueError: device 'gpu' is not known; give 'cpu', 'cuda', 'tensorrt', 'coreml', 'directml' or 'auto'
    """
    if device not in get_args(Device):
        *most, last = map(repr, get_args(Device))
        raise ValueError(f"device {device!r} is not known; give {', '.join(most)} or {last}")


def provider_name(provider: Provider) -> str:
    """Return a provider's name without its options."""
    return provider if isinstance(provider, str) else provider[0]


def open_on(device: str, available: Sequence[str], create: Create) -> Any:  # noqa: ANN401
    """Open a session on a device that is among the available providers, and make sure that it runs there.

    With "auto" a device that is there but cannot be used is told by a warning, and the next one is tried.

    Raises:
        ValueError: there is no such device.
        DeviceError: the device asked for is not there or cannot be used.
    """
    check_device(device)
    for name in candidates(device, available):
        first, *rest = PROVIDERS[name]
        providers = [first, *(p for p in rest if provider_name(p) in available)]
        try:
            return open_with(f"device {name!r}", providers, available, create)
        except DeviceError as error:
            if device != "auto":
                raise
            warnings.warn(f"{error}; the next device is tried", stacklevel=2)
    raise DeviceError("this ONNX Runtime runs nothing, not even on the CPU; install it again")


def candidates(device: str, available: Sequence[str]) -> list[str]:
    """Return the devices to try: the one asked for, or those of `AUTO` that this ONNX Runtime has, then the CPU.

    Example:
        >>> candidates("auto", ["CUDAExecutionProvider", CPU]), candidates("cuda", [CPU])
        (['cuda', 'cpu'], ['cuda'])
    """
    if device != "auto":
        return [device]
    return [*(name for name in AUTO if provider_name(PROVIDERS[name][0]) in available), "cpu"]


def open_with(
    asked: str,
    providers: Sequence[Provider],
    available: Sequence[str],
    create: Create,
) -> Any:  # noqa: ANN401
    """Open a session with providers, in the order of preference, and make sure that it uses every one of them.

    ONNX Runtime goes on in silence without a provider whose libraries it cannot load: here that is an error, which
    repeats what the user `asked` for.

    Raises:
        DeviceError: a provider is not there, or the session does not use it.

    Example:
        >>> open_with("device 'directml'", PROVIDERS["directml"], [CPU], create=print)
        Traceback (most recent call last):
        likelihand.inference.devices.DeviceError: device 'directml' needs DmlExecutionProvider, ...
    """
    names = [provider_name(provider) for provider in providers]
    if missing := [name for name in names if name not in available]:
        raise DeviceError(
            f"{asked} needs {missing[0]}, which this ONNX Runtime lacks (it has {', '.join(available)}); "
            f"{_cure(missing[0])}"
        )
    said = _preloaded(names)
    try:
        session = create(providers)
    except Exception as error:  # ONNX Runtime's own exceptions share no public base
        if names == [CPU]:
            raise
        create([CPU])  # raises its own error where not the device but the model is at fault
        reason = " ".join(str(error.__cause__ or error).split())
        raise DeviceError(f"{asked} cannot be used ({reason[-200:]}); {_ADVICE}") from error
    if unused := [name for name in names if name not in session.get_providers()]:
        reason = f"ONNX Runtime has {unused[0]} but could not start it" + (f" ({said})" if said else "")
        raise DeviceError(f"{asked} cannot be used: {reason}; {_ADVICE}")
    return session


def _preloaded(names: Sequence[str]) -> str:
    """Load the libraries of CUDA that pip installed, where it is wanted; return the first one that is missing."""
    if not any(name.startswith(("CUDA", "Tensorrt")) for name in names):
        return ""
    import onnxruntime

    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        onnxruntime.preload_dlls()
    return told.getvalue().partition("\n")[0]


def _cure(provider: str) -> str:
    """Say how a provider comes into an environment, which holds one of ONNX Runtime's packages at a time."""
    package = PACKAGES.get(provider)
    if package is None:
        return (
            "it comes with onnxruntime on macOS" if "CoreML" in provider else "install an ONNX Runtime that has it"
        )
    from importlib import metadata  # slow to import, and only wanted here

    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return f"run: pip uninstall -y onnxruntime; pip install {package}"
    return (
        f"{package} is installed, but another package of ONNX Runtime lies over it; run: pip uninstall -y "
        f"onnxruntime {package}; pip install {package}"
    )
