"""From a picture and boxes to hands: crop, run, and take the answer back through the crop's inverse matrix."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.geometry import (
    FloatArray,
    Image,
    check_box,
    crop_matrix,
    invert,
    transform_covariances,
    transform_points,
    warp_image,
)
from likelihand.hand import Side
from likelihand.metadata import ModelMetadata
from likelihand.runtimes import OnnxRuntime, Outputs, Runtime, TorchRuntime
from likelihand.structures import Hand

if TYPE_CHECKING:
    from torch import nn

    from likelihand.checkpoint import CheckpointInfo

RuntimeName: TypeAlias = Literal["onnx", "torch"]

_SUFFIXES: Final[dict[str, RuntimeName]] = {".onnx": "onnx", ".safetensors": "torch"}


class Predictor:
    """Finds the 21 keypoints of the hands in a picture, and how sure it is of each.

    Args:
        runtime: runs crops; see `likelihand.load`.
        batch_size: crops in one call of the runtime.

    Example:
        >>> from likelihand.metadata import ModelMetadata
        >>> class Centre:                     # a runtime that always answers with the middle of the crop
        ...     metadata = ModelMetadata(size=(64, 64))
        ...     def __call__(self, crops):
        ...         return {"points": np.full((len(crops), 21, 2), 32.0), "scale": np.ones((len(crops), 21, 2))}
        >>> predict = Predictor(Centre())
        >>> predict(np.zeros((100, 200, 3), np.uint8), boxes=[[10, 20, 50, 60]])[0]["wrist"]
        array([30., 40.])
    """

    def __init__(self, runtime: Runtime, batch_size: int = 32) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; give 1 or more")
        self.runtime = runtime
        self.batch_size = batch_size

    def __call__(self, image: Image, boxes: ArrayLike | None = None) -> list[Hand]:
        """Predict the hands in the boxes of a picture.

        Args:
            image: (height, width, 3) uint8 RGB.
            boxes: (N, 4) (x0, y0, x1, y1) in image pixels, one a hand, in the order of the answer. None takes
                the whole picture for one hand, without padding.

        Returns:
            One hand a box; points, scale and covariance in image pixels.

        Raises:
            ValueError: the image is not (height, width, 3) uint8, or a box is not finite, empty or outside.
        """
        check_image(image)
        height, width = image.shape[:2]
        whole = boxes is None
        checked = np.array([[0.0, 0.0, width, height]]) if boxes is None else check_boxes(boxes, image)
        size = self.runtime.metadata.size
        padding = 1.0 if whole else self.runtime.metadata.padding
        matrices = [crop_matrix(box, size, padding=padding) for box in checked]
        return list(self._hands(image, checked, matrices))

    def _hands(self, image: Image, boxes: FloatArray, matrices: list[FloatArray]) -> Iterator[Hand]:
        size = self.runtime.metadata.size
        for start in range(0, len(boxes), self.batch_size):
            batch = slice(start, start + self.batch_size)
            crops = np.stack([warp_image(image, matrix, size) for matrix in matrices[batch]])
            outputs = self.runtime(crops)
            for i, (box, matrix) in enumerate(zip(boxes[batch], matrices[batch], strict=True)):
                yield _hand({name: values[i] for name, values in outputs.items()}, box, invert(matrix))


def _hand(outputs: Outputs, box: FloatArray, image_from_crop: FloatArray) -> Hand:
    """Take one crop's answer to image pixels."""
    scale_crop = np.asarray(outputs["scale"], np.float64)
    covariance = transform_covariances(image_from_crop, scale_crop[:, :, None] ** 2 * np.eye(2))
    return Hand(
        points=transform_points(image_from_crop, outputs["points"]),
        scale=np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)),
        box=box,
        covariance=covariance,
        side=_side(outputs.get("side")),
        score=float(outputs.get("presence", np.float32(1.0))),
    )


def _side(right: NDArray[np.float32] | None) -> Side | None:
    """Read the optional output `side`, the chance in 0..1 that the hand is a right one."""
    if right is None:
        return None
    return "right" if float(right) >= 0.5 else "left"


def check_image(image: Image) -> None:
    """Check that an array is a picture as this library means it.

    Raises:
        ValueError: it is not (height, width, 3) uint8 with at least one pixel.

    Example:
        >>> check_image(np.zeros((4, 4), np.uint8))
        Traceback (most recent call last):
        ValueError: image has shape (4, 4) and dtype uint8; give (height, width, 3) uint8 RGB, as read_image does
    """
    array = np.asarray(image)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise ValueError(
            f"image has shape {array.shape} and dtype {array.dtype}; "
            "give (height, width, 3) uint8 RGB, as read_image does"
        )


def check_boxes(boxes: ArrayLike, image: Image) -> FloatArray:
    """Give boxes as (N, 4) float64 after checking each against the picture.

    Raises:
        ValueError: not (N, 4), or a box is not finite, is empty, or shares no pixel with the picture.

    Example:
        >>> check_boxes([[50, 0, 60, 9]], np.zeros((20, 40, 3), np.uint8))
        Traceback (most recent call last):
        ValueError: box 0 [50.0, 0.0, 60.0, 9.0] lies outside the picture of 40 x 20 pixels; ...
    """
    try:
        array = np.asarray(boxes, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"boxes are not numbers of shape (N, 4) ({error}); give (x0, y0, x1, y1)") from error
    if array.size == 0:
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes have shape {array.shape}; give (N, 4), one (x0, y0, x1, y1) a hand")
    height, width = image.shape[:2]
    for i, box in enumerate(array):
        try:
            x0, y0, x1, y1 = check_box(box)
        except ValueError as error:
            raise ValueError(f"box {i}: {error}") from error
        if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
            raise ValueError(
                f"box {i} {box.tolist()} lies outside the picture of {width} x {height} pixels; "
                "give (x0, y0, x1, y1) in pixels of this picture"
            )
    return array


def load(
    path: str | os.PathLike[str] | None = None,
    runtime: RuntimeName | None = None,
    threads: int | None = None,
) -> Predictor:
    """Load a model as a predictor.

    Args:
        path: an `.onnx` file written by `likelihand export`, a `.safetensors` checkpoint or the folder of a
            training run; None takes the model that comes with the package.
        runtime: "onnx" or "torch"; None goes by the file.
        threads: how many threads a prediction may use; None leaves it to the runtime.

    Raises:
        FileNotFoundError: the file is not there, or no model comes with this package.
        ValueError: the file is of another kind, damaged, or not for the runtime asked for.

    Example:
        >>> load("hand.tflite")
        Traceback (most recent call last):
        ValueError: model hand.tflite is not a file that a runtime reads; give .onnx or .safetensors
    """
    file = bundled() if path is None else model_file(path)
    kind = _SUFFIXES.get(file.suffix.lower())
    if kind is None:
        raise ValueError(f"model {file} is not a file that a runtime reads; give .onnx or .safetensors")
    if runtime is not None and runtime not in _SUFFIXES.values():
        raise ValueError(f"runtime {runtime!r} is not known; give 'onnx' or 'torch'")
    if runtime is not None and runtime != kind:
        mend = "give the .safetensors checkpoint" if kind == "onnx" else "run `likelihand export` first"
        raise ValueError(f"model {file} is for runtime {kind!r}, not {runtime!r}; {mend}")
    return Predictor(OnnxRuntime(file, threads) if kind == "onnx" else _torch_runtime(file, threads))


def _torch_runtime(file: Path, threads: int | None) -> TorchRuntime:
    from likelihand.checkpoint import load_checkpoint

    network, info = load_checkpoint(file)
    return TorchRuntime(network.deploy(), metadata_of(network, info), threads)  # type: ignore[operator]


def metadata_of(network: "nn.Module", info: "CheckpointInfo") -> ModelMetadata:
    """Say of a checkpoint's network what an exported file says of itself.

    Args:
        network: with its stages as `stages`.
        info: what the checkpoint says; its validation's total becomes the scores.
    """
    scores = info.scores or {}
    name = " ".join(str(scores.get(key, "")) for key in ("protocol", "split"))
    total = {k: v for k, v in scores.get("total", {}).items() if isinstance(v, float)}
    return ModelMetadata(
        size=info.size,
        stages=len(getattr(network, "stages", [None])),
        padding=info.padding,
        training_data=json.dumps(info.data),
        scores={f"{metric} ({name.strip()})": value for metric, value in total.items()},
    )


def bundled() -> Path:
    """Give the model that comes with the package.

    Raises:
        FileNotFoundError: this version of the package carries none.
    """
    file = Path(__file__).parent / "weights" / "hand.onnx"
    if not file.is_file():
        raise FileNotFoundError(
            "no model comes with this version of likelihand; train one with `likelihand train`, "
            "make it a file with `likelihand export RUN --out hand.onnx` and give that file as the model"
        )
    return file


def model_file(path: str | os.PathLike[str]) -> Path:
    """Give the model file that a path means: itself, or the best (else last) checkpoint of a run's folder.

    Raises:
        FileNotFoundError: nothing is there.
    """
    file = Path(path)
    if not file.is_dir():
        return file
    for name in ("best.safetensors", "last.safetensors"):
        if (file / name).is_file():
            return file / name
    raise FileNotFoundError(f"folder {file} holds neither best.safetensors nor last.safetensors")
