"""From model files to a predictor."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from likelihand.inference.detection import Detector, Tiles
from likelihand.inference.devices import Provider
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.predictor import PROPOSED, FindHands, Predictor
from likelihand.inference.runtimes import OnnxRuntime, OpenVinoRuntime, Runtime, TorchRuntime, torch_device
from likelihand.inference.settings import PHOTOS
from likelihand.uncertainty import Calibration, Calibrations

if TYPE_CHECKING:
    from likelihand.models import Network
    from likelihand.models.checkpoint import CheckpointInfo

RuntimeName: TypeAlias = Literal["onnx", "openvino", "torch"]

_RUNTIMES: Final[dict[str, tuple[RuntimeName, ...]]] = {
    ".onnx": ("onnx", "openvino"),
    ".safetensors": ("torch",),
}
"""Ending of a model file to the runtimes that read it, the default first."""

WEIGHTS: Final = Path(__file__).parent / "weights"
"""Folder of the models that come with the package."""


def load(
    path: str | os.PathLike[str] | None = None,
    runtime: RuntimeName | None = None,
    threads: int | None = None,
    *,
    device: str | None = None,
    providers: Sequence[Provider] | None = None,
    detector: bool = True,
    tiles: Tiles = PHOTOS["tiles"],
    batch_size: int = PHOTOS["batch_size"],
    passes: int = PHOTOS["passes"],
    tta: int = PHOTOS["tta"],
    calibration: str | Calibration | None = None,
    mirrored: bool = False,
    beyond: float = PHOTOS["beyond"],
) -> Predictor:
    """Load a model as a predictor, which can be pickled, and used in threads and in other processes.

    The defaults are those for pictures, `likelihand.inference.PHOTOS`; for films there is `FILMS`.

    Args:
        path: an `.onnx` file written by `likelihand export`, a `.safetensors` checkpoint or the folder of a
            training run; None takes the model that comes with the package.
        runtime: "onnx", "openvino" (needs `likelihand[openvino]`) or "torch"; None goes by the file.
        threads: how many threads a prediction may use; None leaves it to the runtime.
        device: where to run: "cpu", "cuda", "tensorrt", "coreml", "directml", or "auto" for what works here. The
            CPU where None. On OpenVINO "cpu", "gpu", "npu" or "auto"; on PyTorch its own names, and the detector
            beside it runs on the CPU.
        providers: ONNX Runtime's own names of where to run, in place of `device`, each alone or with its options.
        detector: finds hands in whole pictures, where a detector comes with the package.
        tiles: when the detector also searches tiles of a picture, for small hands: "always", "empty" (where the
            whole picture shows no hand) or "never", which is the fastest, and keeps the detector's own threshold.
        batch_size: crops in one call of the model; more of them take more memory, and on a CPU hardly less time.
        passes: number of refinement passes per hand; see `Predictor`.
        tta: 1 to 4 crops of a hand whose answers are joined; see `Predictor`.
        calibration: what regions and confidence are to hold on: "photos", "rendered" or a calibration of your own;
            None takes "photos" where the model has it. See `Predictor`.
        mirrored: whether pictures are mirror images, as selfie cameras make: left and right are swapped.
        beyond: how far the crop of a box at the picture's edge reaches beyond it, as a share of the box's length.

    Raises:
        FileNotFoundError: the file is not there, or no model comes with this package.
        ValueError: the file is of another kind, damaged, or not for the runtime asked for.
        DeviceError: the device is not there or cannot be used; it is a ValueError.

    Example:
        >>> load("hand.tflite")
        Traceback (most recent call last):
        ValueError: model hand.tflite is not a file that a runtime reads; give .onnx or .safetensors
    """
    file = bundled() if path is None else model_file(path)
    kind = _runtime_name(file, runtime)
    if providers is not None and kind != "onnx":
        raise ValueError(
            f"providers are ONNX Runtime's, and the runtime is {kind!r}; give a device, or an .onnx file"
        )
    where = {"device": device} | ({"providers": providers} if providers is not None else {})
    run = _opened(file, kind, threads, where)
    if run.metadata.kind != "hand":
        raise ValueError(f"model {file} is of kind {run.metadata.kind!r}, not 'hand'; give a hand model")
    find = _detector(kind, threads, where, tiles, mirrored) if detector else None
    how: dict[str, Any] = {"passes": passes, "tta": tta, "beyond": beyond}
    return Predictor(run, batch_size, find, **how, calibration=calibration, mirrored=mirrored)


def _runtime_name(file: Path, asked: RuntimeName | None) -> RuntimeName:
    """Say which runtime reads a file: the one asked for, where it can."""
    able = _RUNTIMES.get(file.suffix.lower())
    if able is None:
        raise ValueError(f"model {file} is not a file that a runtime reads; give .onnx or .safetensors")
    known = [name for names in _RUNTIMES.values() for name in names]
    if asked is not None and asked not in known:
        raise ValueError(f"runtime {asked!r} is not known; give {', '.join(map(repr, known))}")
    if asked is not None and asked not in able:
        advice = "give the .safetensors checkpoint" if asked == "torch" else "run `likelihand export` first"
        raise ValueError(f"model {file} is for runtime {able[0]!r}, not {asked!r}; {advice}")
    return asked or able[0]


def _opened(file: Path, name: RuntimeName, threads: int | None, where: Mapping[str, Any]) -> Runtime:
    openers: dict[RuntimeName, Callable[..., Runtime]] = {
        "onnx": OnnxRuntime,
        "openvino": OpenVinoRuntime,
        "torch": _torch_runtime,
    }
    return openers[name](file, threads, **where)


def _torch_runtime(file: Path, threads: int | None, device: str | None) -> TorchRuntime:
    from likelihand.models import deployed
    from likelihand.models.checkpoint import load_checkpoint

    place = torch_device(device)
    network, info = load_checkpoint(file)
    metadata = metadata_of(network, info)
    return TorchRuntime(deployed(network, metadata.outputs).to(place), metadata, threads)


def _detector(
    runtime: RuntimeName, threads: int | None, where: Mapping[str, Any], tiles: Tiles, mirrored: bool
) -> FindHands | None:
    """Open the bundled detector, where there is one; beside a hand model on PyTorch it runs on ONNX Runtime's CPU.

    Where it searches tiles, it proposes whatever the joint score could still keep.
    """
    file = WEIGHTS / "detect.onnx"
    if not file.is_file():
        return None
    threshold = None if tiles == "never" else PROPOSED
    opened = _opened(file, "onnx", threads, {}) if runtime == "torch" else _opened(file, runtime, threads, where)
    return Detector(opened, threshold, tiles=tiles, mirrored=mirrored)


def metadata_of(network: "Network", info: "CheckpointInfo") -> ModelMetadata:
    """Return the metadata that an export of a checkpoint's network would have, its validation as the scores."""
    from likelihand.models import KeypointNetwork

    scores = info.scores or {}
    name = " ".join(str(scores.get(key, "")) for key in ("protocol", "split"))
    total = {k: v for k, v in scores.get("total", {}).items() if isinstance(v, float)}
    return ModelMetadata(
        size=info.size,
        stages=len(network.stages) if isinstance(network, KeypointNetwork) else 1,
        padding=info.padding,
        kind=network.kind,
        outputs=network.outputs,
        training_data=json.dumps(info.data),
        scores={f"{metric} ({name.strip()})": value for metric, value in total.items()},
        calibrations=Calibrations.from_json(info.calibration),
    )


def bundled() -> Path:
    """Return the path of the hand model that comes with the package.

    Raises:
        FileNotFoundError: this version of the package carries none.
    """
    file = WEIGHTS / "hand.onnx"
    if not file.is_file():
        raise FileNotFoundError(
            "no model comes with this version of likelihand; train one with `likelihand train`, "
            "make it a file with `likelihand export RUN --out hand.onnx` and give that file as the model"
        )
    return file


def model_file(path: str | os.PathLike[str]) -> Path:
    """Find the model file that a path means: itself, or the best (else last) checkpoint of a run's folder.

    Raises:
        FileNotFoundError: nothing is there.
    """
    file = Path(path)
    if not (file.suffix or file.exists()):
        raise FileNotFoundError(f"model {file} does not exist; give an .onnx file, a checkpoint or a run's folder")
    if not file.is_dir():
        return file
    for name in ("best.safetensors", "last.safetensors"):
        if (file / name).is_file():
            return file / name
    raise FileNotFoundError(f"folder {file} holds neither best.safetensors nor last.safetensors")
