"""Store calibrations in the model file."""

import os
from dataclasses import replace
from pathlib import Path

from likelihand.inference.metadata import describe
from likelihand.uncertainty import Calibrations
from likelihand.utils.files import made_ready


def store(
    path: str | os.PathLike[str], calibrations: Calibrations, out: str | os.PathLike[str] | None = None
) -> Path:
    """Write calibrations into a checkpoint's header or an exported file's metadata; the weights stay as they are.

    A checkpoint needs PyTorch (extra `train`), an `.onnx` file the package `onnx` (extra `calibrate`).

    Args:
        path: a `.safetensors` checkpoint or an `.onnx` file.
        calibrations: in place of those that are there; an empty `Calibrations()` takes them away.
        out: the file to write; the model's own where None.

    Returns:
        The file that was written.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no model file, or a calibration needs an output that the model has not.
    """
    file, target = Path(path), checked_target(path, out)
    if file.suffix.lower() == ".onnx":
        describe(file, out=target, calibrations=calibrations)
    else:
        from likelihand.models.checkpoint import read_info, rewrite_info

        info = replace(read_info(file), calibration=calibrations.to_json() or None)
        rewrite_info(file, info, target)
    return target


def checked_target(path: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> Path:
    """Return the file that `store` will write; what would stop it there is raised here, before any work is done.

    Raises:
        ValueError: the file would be of another kind than the model's.
        OSError: it cannot be written.
        ModuleNotFoundError: the package that writes it is missing.
    """
    file, target = Path(path), Path(out or path)
    if file.suffix.lower() != target.suffix.lower():
        raise ValueError(f"{target} is to hold what {file} holds; give a name that ends in {file.suffix}")
    if file.suffix.lower() == ".onnx":
        import onnx  # noqa: F401
    made_ready(target)
    return target
