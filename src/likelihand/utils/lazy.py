"""Packages whose public names are imported when they are first asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

EXTRAS: Final[dict[str, str]] = {
    "numba": "synth",
    "matplotlib": "plots",
    "av": "video",
    **dict.fromkeys(("starlette", "uvicorn", "multipart", "python_multipart", "websockets"), "serve"),
    "pythonosc": "osc",
    **dict.fromkeys(("supervision", "pose_format", "ezc3d"), "interop"),
    **dict.fromkeys(("ray", "pyarrow", "fsspec"), "ray"),
    "openvino": "openvino",
    "onnx": "calibrate",
    **dict.fromkeys(("torch", "torchvision", "timm", "accelerate", "safetensors", "onnxscript"), "train"),
}
"""Package to the extra of this library that brings it."""


def lazy_names(
    package: str, home: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make a package's `__getattr__`, `__dir__` (PEP 562) and `__all__`.

    Args:
        package: its `__name__`.
        home: module below `likelihand` -> the names that it holds, with spaces between them; a module that is a
            name itself holds its own name.

    Example:
        >>> get, names, every = lazy_names("likelihand.utils.lazy", {"data.images": "ImageError read_image"})
        >>> get("read_image").__module__, "read_image" in names(), every
        ('likelihand.data.images', True, ['ImageError', 'read_image'])
    """
    modules = {name: module for module, names in home.items() for name in names.split()}

    def get(name: str) -> Any:  # noqa: ANN401
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            module = import_module(f"likelihand.{modules[name]}")
        except ModuleNotFoundError as error:
            if help_ := how_to_install(error):
                error.add_note(help_)
            raise
        value = module if modules[name] == name else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *modules}), sorted(modules)


def how_to_install(error: ModuleNotFoundError) -> str | None:
    """Return what brings a missing package; None where it is none that an extra has.

    Example:
        >>> how_to_install(ModuleNotFoundError("No module named 'timm'", name="timm"))
        "install it with: pip install 'likelihand[train]'"
    """
    extra = EXTRAS.get((error.name or "").split(".")[0])
    return extra and f"install it with: pip install 'likelihand[{extra}]'"
