"""Calibrations written into the model's own file."""

import os
from dataclasses import replace
from pathlib import Path

from likelihand.metadata import KEY, ModelMetadata
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
        _into_onnx(file, calibrations, target)
    else:
        from likelihand.checkpoint import read_info, rewrite_info

        info = replace(read_info(file), calibration=calibrations.to_json() or None)
        rewrite_info(file, info, target)
    return target


def _into_onnx(file: Path, calibrations: Calibrations, target: Path) -> None:
    import onnx

    if not file.is_file():
        raise FileNotFoundError(f"model {file} does not exist; give an .onnx file of likelihand export")
    model = onnx.load(file)
    entries = [entry for entry in model.metadata_props if entry.key == KEY]
    if not entries:
        raise ValueError(f"model {file} carries no likelihand metadata; give an .onnx file of likelihand export")
    metadata = replace(ModelMetadata.from_json(entries[0].value), calibrations=calibrations)
    entries[0].value = metadata.checked().to_json()
    partial = target.with_name(f".{target.stem}.{os.getpid()}.onnx")
    try:
        onnx.save(model, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
