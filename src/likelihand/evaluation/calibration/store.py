"""Store calibrations in the model file."""

import os
from dataclasses import replace
from pathlib import Path

from likelihand.inference.metadata import describe
from likelihand.uncertainty import Calibrations


def store(
    path: str | os.PathLike[str], calibrations: Calibrations, out: str | os.PathLike[str] | None = None
) -> Path:
    """Write calibrations into a checkpoint's header or an exported file's metadata; the weights stay as they are.

    A checkpoint needs PyTorch, an `.onnx` file the package `onnx`; both come with the extra `train`.

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
    file, target = Path(path), Path(out or path)
    if file.suffix.lower() != target.suffix.lower():
        raise ValueError(f"{target} is to hold what {file} holds; give a name that ends in {file.suffix}")
    if file.suffix.lower() == ".onnx":
        describe(file, out=target, calibrations=calibrations)
    else:
        from likelihand.models.checkpoint import read_info, rewrite_info

        info = replace(read_info(file), calibration=calibrations.to_json() or None)
        rewrite_info(file, info, target)
    return target
