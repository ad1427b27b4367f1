"""From a model and a data set to scores: the same numbers whatever runs the model and however it is spread."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from likelihand.data.augment import sample_of
from likelihand.data.dataset import Dataset
from likelihand.geometry import BOX_PADDING, invert, transform_points
from likelihand.hand import KEYPOINTS
from likelihand.metrics import PAPER, Accumulator, Breakdown, Protocol, Scores
from likelihand.structures import Record, Sample
from likelihand.utils import distributed
from likelihand.utils.tables import aligned

if TYPE_CHECKING:
    from torch import nn

PredictCrops: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""Takes crops (N, H, W, 3) uint8, gives points (N, K, 2) or (stages, N, K, 2) in crop pixels."""


@dataclass(frozen=True)
class Report:
    """Scores with all that is needed to compare them with others.

    Attributes:
        protocol: how they were made.
        split: what they were made on.
        samples: number of samples of the split that were run.
        breakdown: the scores.
        size: (height, width) of the crops.
        padding: side of the crop over the longer side of the box.
    """

    protocol: Protocol
    split: str
    samples: int
    breakdown: Breakdown
    size: tuple[int, int]
    padding: float

    @property
    def scores(self) -> Scores:
        """The last stage's scores over everything."""
        return self.breakdown.total

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values, null where a number is not finite."""
        keypoints = self.breakdown.by_keypoint
        names = KEYPOINTS if len(keypoints) == len(KEYPOINTS) else [str(i) for i in range(len(keypoints))]
        parts = self.breakdown.to_json()
        return {
            "protocol": self.protocol.name,
            "normaliser": self.protocol.normaliser_text,
            "average": self.protocol.average.value,
            "auc_thresholds": list(self.protocol.auc_thresholds),
            "split": self.split,
            "samples": self.samples,
            "size": list(self.size),
            "padding": self.padding,
            **parts,
            "by_keypoint": dict(zip(names, parts["by_keypoint"], strict=True)),
        }

    def save(self, path: str | Path) -> None:
        """Write `to_json` to a file."""
        Path(path).write_text(json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n", encoding="utf-8")

    def __str__(self) -> str:
        head = [
            f"protocol {self.protocol.name}: normalised by {self.protocol.normaliser_text}",
            f"{self.split}: {self.samples} samples, {self.scores.keypoints} keypoints counted",
        ]
        if self.breakdown.unscored:
            head.append(f"{self.breakdown.unscored} samples not scored: no counted keypoint, or length 0")
        if self.scores.misses:
            head.append(f"{self.scores.misses} keypoints missed: wrong in PCK, left out of NME and EPE")
        rows = [("", *_columns(self.protocol))]
        rows += [(f"stage {i + 1}", *_row(s)) for i, s in enumerate(self.breakdown.by_stage[:-1])]
        rows += [(name, *_row(s)) for name, s in self.breakdown.by_dataset.items()]
        return "\n".join([*head, aligned([*rows, ("all", *_row(self.scores))])])


def _columns(protocol: Protocol) -> list[str]:
    return ["NME", "median", *(f"PCK@{t:g}" for t in protocol.thresholds), "AUC", "EPE px", "median", "hands"]


def _row(scores: Scores) -> list[str]:
    values = [scores.nme, scores.nme_median, *scores.pck.values(), scores.auc]
    pixels = [f"{v:.2f}" for v in (scores.epe, scores.epe_median)]
    return [*(f"{v:.4f}" for v in values), *pixels, str(scores.hands)]


def evaluate(
    predict_crops: PredictCrops,
    dataset: Dataset,
    protocol: Protocol = PAPER,
    *,
    size: tuple[int, int],
    batch_size: int = 32,
    padding: float = BOX_PADDING,
    split: str = "",
    indices: Sequence[int] | None = None,
    workers: int = 0,
    progress: bool = True,
) -> Report:
    """Run a model over a data set and score its points in the pixels of the original images.

    With several processes each runs whole batches of its own and every process gets the full report: the model
    sees the same batches as with one process, so the numbers are the same bit for bit.

    Args:
        predict_crops: the model: a network (`predict_crops_of`), an ONNX session, anything.
        dataset: what to run it on.
        protocol: how to score.
        size: (height, width) of the crops.
        batch_size: crops a call.
        padding: side of the crop over the longer side of the box.
        split: name of the data for the report; the data set's own `name`, or its class, where empty.
        indices: samples to run; all where None.
        workers: threads that read and warp pictures; 0 for none.
        progress: shows a bar on standard error.

    Returns:
        The report, the same on every process.

    Raises:
        ValueError: the data set is empty, a sample cannot be read, nothing can be scored, or the model gave
            something else than points.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> report = evaluate(lambda crops: np.full((len(crops), 21, 2), 32.0), DrawnHands(4), size=(64, 64),
        ...     progress=False)
        >>> report.scores.hands, report.protocol.name
        (4, 'paper')
    """
    chosen = list(range(len(dataset)) if indices is None else indices)
    if not chosen:
        raise ValueError("the data set has no samples: expected at least one to evaluate")
    accumulator = Accumulator(protocol)
    mine = _batches(chosen, batch_size)
    with tqdm(total=len(chosen), unit="img", desc="evaluate", leave=False, disable=_quiet(progress)) as bar:
        for records, samples in _load(dataset, mine, size, padding, workers):
            _add(accumulator, predict_crops, records, samples)
            bar.update(len(samples) * distributed.world_size())
    _merge(accumulator)
    name = split or str(getattr(dataset, "name", "") or type(dataset).__name__)
    return Report(protocol, name, len(set(chosen)), accumulator.breakdown(), size, padding)


def _quiet(progress: bool) -> bool:
    return not progress or distributed.rank() != 0


def _batches(indices: Sequence[int], batch_size: int) -> list[Sequence[int]]:
    """Cut indices into batches and give those of this process."""
    batches = [indices[i : i + batch_size] for i in range(0, len(indices), batch_size)]
    return batches[distributed.rank() :: distributed.world_size()]


def _load(
    dataset: Dataset, batches: Sequence[Sequence[int]], size: tuple[int, int], padding: float, workers: int
) -> Iterator[tuple[list[Record], list[Sample]]]:
    """Read batches in order, at most two ahead of the model."""

    def load(index: int) -> tuple[Record, Sample]:
        record = dataset.record(index)
        return record, sample_of(record, index, size, padding=padding)

    def split(pairs: Sequence[tuple[Record, Sample]]) -> tuple[list[Record], list[Sample]]:
        return [p[0] for p in pairs], [p[1] for p in pairs]

    if not workers:
        yield from (split([load(i) for i in batch]) for batch in batches)
        return
    with ThreadPoolExecutor(workers) as pool:
        ahead = [[pool.submit(load, i) for i in batch] for batch in batches[:2]]
        for position in range(len(batches)):
            pairs = [future.result() for future in ahead.pop(0)]
            ahead += [[pool.submit(load, i) for i in batch] for batch in batches[position + 2 : position + 3]]
            yield split(pairs)


def _add(
    accumulator: Accumulator, predict_crops: PredictCrops, records: list[Record], samples: list[Sample]
) -> None:
    """Run one batch and take in its points in image pixels."""
    points = np.asarray(predict_crops(np.stack([s.crop for s in samples])), np.float64)
    truth = np.stack([r.points for r in records])
    if points.shape[-3:] != truth.shape or points.ndim not in (3, 4):
        raise ValueError(
            f"the model gave an array {points.shape} for {len(samples)} crops: expected points "
            f"{truth.shape} or (stages, {', '.join(map(str, truth.shape))}) in crop pixels"
        )
    image_from_crop = invert(np.stack([s.crop_from_image for s in samples]))
    accumulator.add(
        index=[s.index for s in samples],
        points=transform_points(image_from_crop, points),
        target=truth,
        visibility=np.stack([r.visibility for r in records]),
        box=np.stack([r.box for r in records]),
        dataset=[r.dataset for r in records],
    )


def _merge(accumulator: Accumulator) -> None:
    """Gather what all processes have seen."""
    if distributed.world_size() == 1:
        return
    mine = {str(index): name for index, name in accumulator.datasets().items()}
    parts = distributed.gather_json({**mine})
    names = {int(k): str(v) for part in parts if isinstance(part, dict) for k, v in part.items()}
    accumulator.merge(distributed.gather_rows(accumulator.rows()), names)


def predict_crops_of(network: "nn.Module") -> PredictCrops:
    """Make a network, with all its stages, into what `evaluate` runs; it computes in evaluation mode.

    Args:
        network: images (N, H, W, 3) uint8 -> one `Prediction` a stage.

    Returns:
        crops (N, H, W, 3) -> points (stages, N, K, 2) in crop pixels, computed in the network's own precision.
    """
    import torch

    device = next((p.device for p in network.parameters()), torch.device("cpu"))

    def predict(crops: NDArray[np.uint8]) -> NDArray[Any]:
        training = network.training
        network.eval()
        with torch.inference_mode():
            predictions = network(torch.from_numpy(crops).to(device))
            points = torch.stack([p.mean.float() for p in predictions]).cpu().numpy()
        network.train(training)
        return np.asarray(points)

    return predict


def evenly(count: int, limit: int | None) -> list[int]:
    """Return at most `limit` indices spread evenly over `count` samples.

    Example:
        >>> evenly(10, 3)
        [0, 3, 6]
    """
    if limit is None or limit >= count:
        return list(range(count))
    return [math.floor(i * count / limit) for i in range(limit)]
