"""Run a model over a data set once: the source of every score that the library reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likelihand.data.dataset import Dataset
from likelihand.evaluation.loop import batches
from likelihand.evaluation.models import STAGES
from likelihand.evaluation.structures import Predictions, gathered, joined
from likelihand.geometry import (
    FloatArray,
    Image,
    box_length,
    box_of_points,
    points_inside,
    transform_points,
    warp_image,
)
from likelihand.inference.runtimes import Outputs, Runtime
from likelihand.inference.settings import PHOTOS
from likelihand.inference.tta import LOOKS, Look, beyond_edge
from likelihand.structures import Record


def predictions(
    model: Runtime,
    dataset: Dataset,
    indices: Sequence[int] | None = None,
    *,
    batch_size: int = 32,
    padding: float | None = None,
    beyond: float = PHOTOS["beyond"],
    workers: int = 0,
    progress: bool = True,
) -> Predictions:
    """Run a model over labelled hands and keep its predictions together with the truth.

    With several processes each runs whole batches of its own and every process gets all hands: the model sees the
    same batches as with one process, so the numbers are the same bit for bit.

    Args:
        model: a runtime, as `likelihand.load(...).runtime`; `EveryStage(network, ...)`, or `Function(...)`.
        dataset: the labelled hands.
        indices: which of them, in this order; all where None.
        batch_size: crops per call.
        padding: side of the crop over the longer side of the box; the model's where None.
        beyond: how far the crop of a box at the picture's edge reaches beyond it, as a share of its length, as
            a predictor's does; 0 for the plain box.
        workers: threads that read and warp pictures; 0 for none.
        progress: shows a bar on standard error.

    Returns:
        All hands, the same on every process.

    Raises:
        ValueError: the data set is empty, a sample cannot be read, or the model's output is no array of points.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> from likelihand.evaluation import Function
        >>> middle = Function(lambda crops: np.full((len(crops), 21, 2), 32.0), (64, 64))
        >>> predictions(middle, DrawnHands(3), progress=False).error.shape
        (3, 21)
    """
    how: dict[str, Any] = {"batch_size": batch_size, "padding": padding, "beyond": beyond}
    return predictions_by_look(model, dataset, LOOKS[:1], indices, **how, workers=workers, progress=progress)[0]


def predictions_by_look(
    model: Runtime,
    dataset: Dataset,
    looks: Sequence[Look] = LOOKS,
    indices: Sequence[int] | None = None,
    *,
    batch_size: int = 32,
    padding: float | None = None,
    beyond: float = PHOTOS["beyond"],
    workers: int = 0,
    progress: bool = True,
) -> list[Predictions]:
    """Run a model over rotated and mirrored crops of labelled hands, as a predictor with `tta` does.

    Returns predictions of each of the `looks`, in the pixels of its own crop, all of the same hands;
    `likelihand.evaluation.calibration.join` combines them. The probability of a right hand is that of the hand
    itself, also where a view mirrors it. Each picture is read once. Other arguments are those of `predictions`.

    Raises:
        ValueError: as `predictions`.
    """
    chosen = list(range(len(dataset)) if indices is None else indices)
    padded, size = model.metadata.padding if padding is None else padding, model.metadata.size

    def load(position: int) -> _Loaded:
        index = chosen[position]
        return _loaded(dataset.record(index), index, position, looks, size, padded, beyond)

    found: list[list[Predictions]] = [[] for _ in looks]
    places: list[int] = []
    for batch in batches(range(len(chosen)), load, batch_size=batch_size, workers=workers, progress=progress):
        places += [each.position for each in batch]
        for number, look in enumerate(looks):
            found[number].append(_looked(model, look, number, batch, padded))
    order = np.array(places, np.int64)
    whole = [joined(parts, order) if parts else None for parts in found]
    return [gathered(each, order, size, padded) for each in whole]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A loaded hand with a crop for each view."""

    record: Record
    index: int
    position: int
    picture: tuple[int, int]
    matrices: list[FloatArray]
    crops: list[Image]


def _loaded(
    record: Record,
    index: int,
    position: int,
    looks: Sequence[Look],
    size: tuple[int, int],
    padding: float,
    beyond: float,
) -> _Loaded:
    image = record.read()
    picture = image.shape[0], image.shape[1]
    box = beyond_edge(record.box, picture, beyond) if beyond and padding > 1 else record.box
    matrices = [look.crop_from_image(box, size, padding) for look in looks]
    crops = [warp_image(image, matrix, size) for matrix in matrices]
    return _Loaded(record, index, position, picture, matrices, crops)


def _looked(model: Runtime, look: Look, number: int, batch: Sequence[_Loaded], padding: float) -> Predictions:
    """Run a batch of hands in one view, and keep the predictions together with the truth."""
    records, outputs = (
        [each.record for each in batch],
        dict(model(np.stack([each.crops[number] for each in batch]))),
    )
    truth = np.stack([record.points for record in records])
    points = _checked(outputs, truth.shape)
    visibility = np.stack([record.visibility for record in records])
    labelled = np.stack([record.labelled for record in records])
    matrices = np.stack([each.matrices[number] for each in batch])
    target = np.where(
        labelled[..., None], transform_points(matrices, np.where(labelled[..., None], truth, 0.0)), 0.0
    )
    picture = np.array([each.picture for each in batch], np.float64)
    return Predictions(
        index=np.array([each.index for each in batch], np.int64),
        points=points[-1],
        earlier=points[:-1],
        target=target,
        labelled=labelled,
        visibility=visibility,
        inside=points_inside(truth, picture),
        scale=_float(outputs.get("scale", np.full(truth.shape, np.nan))),
        spread=_float(outputs["spread"]) if "spread" in outputs else None,
        right=_right(outputs, look, len(batch)),
        length=np.array([_length(*each) for each in zip(target, labelled, strict=True)]),
        box=np.stack([record.box for record in records]),
        crop_from_image=matrices,
        group=np.array([r.inseparable for r in records]),
        dataset=np.array([record.dataset for record in records]),
        picture=picture,
        input_size=model.metadata.size,
        padding=padding,
    )


def _checked(outputs: Outputs, expected: tuple[int, ...]) -> FloatArray:
    """Return the points (stages, N, K, 2) of a model's outputs."""
    points = _float(outputs.get(STAGES, outputs["points"]))
    if points.shape[-3:] != expected or points.ndim not in (3, 4):
        raise ValueError(
            f"the model gave an array {points.shape} for {expected[0]} crops: expected points "
            f"{expected} or (stages, {', '.join(map(str, expected))}) in crop pixels"
        )
    return points if points.ndim == 4 else points[None]


def _right(outputs: Outputs, look: Look, count: int) -> FloatArray:
    right = _float(outputs.get("side", np.full(count, np.nan)))
    return 1 - right if look.mirrored else right


def _length(target: FloatArray, labelled: NDArray[np.bool_]) -> float:
    return box_length(box_of_points(target, labelled)) if labelled.sum() > 1 else 0.0


def _float(values: NDArray[Any]) -> FloatArray:
    return np.asarray(values, np.float64)
