"""Scores of predictions: the same numbers for every runtime and any number of processes."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from likelihand.data.abilities import name_of
from likelihand.data.dataset import Dataset
from likelihand.evaluation.collect import predictions
from likelihand.evaluation.metrics import PAPER, Accumulator, Breakdown, Protocol, Scores
from likelihand.evaluation.structures import Predictions
from likelihand.geometry import invert, transform_points
from likelihand.inference.runtimes import Runtime
from likelihand.structures import KEYPOINTS, Visibility
from likelihand.utils.tables import aligned


@dataclass(frozen=True)
class Report:
    """Scores with everything needed to compare them with others.

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


def score(found: Predictions, protocol: Protocol = PAPER, split: str = "") -> Report:
    """Score predictions in the pixels of the original images.

    Args:
        found: the predictions; a hand that occurs twice counts once.
        protocol: how to score.
        split: name of the data for the report.

    Raises:
        ValueError: nothing can be scored.

    Example:
        >>> from likelihand.evaluation.calibration import simulated
        >>> score(simulated(5), split="simulated").scores.hands
        5
    """
    p = found
    accumulator = Accumulator(protocol)
    accumulator.add(
        index=p.index,
        points=p.image_points,
        target=transform_points(invert(p.crop_from_image), p.target),
        visibility=np.where(p.labelled, p.visibility, Visibility.UNLABELLED),
        box=p.box,
        dataset=list(map(str, p.dataset)),
    )
    return Report(protocol, split, len(np.unique(p.index)), accumulator.breakdown(), p.input_size, p.padding)


def evaluate(
    model: Runtime,
    dataset: Dataset,
    protocol: Protocol = PAPER,
    *,
    batch_size: int = 32,
    padding: float | None = None,
    split: str = "",
    indices: Sequence[int] | None = None,
    workers: int = 0,
    progress: bool = True,
) -> Report:
    """Run a model over a data set and score its points: `predictions` on plain boxes, then `score`.

    Args:
        model: a runtime, as `likelihand.load(...).runtime`; `EveryStage(network, ...)`, or `Function(...)`.
        dataset: what to run it on.
        protocol: how to score.
        batch_size: crops per call.
        padding: side of the crop over the longer side of the box; the model's where None.
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
        >>> from likelihand.evaluation import Function
        >>> middle = Function(lambda crops: np.full((len(crops), 21, 2), 32.0), (64, 64))
        >>> report = evaluate(middle, DrawnHands(4), progress=False)
        >>> report.scores.hands, report.protocol.name
        (4, 'paper')
    """
    how: dict[str, Any] = {"batch_size": batch_size, "padding": padding, "beyond": 0.0}
    found = predictions(model, dataset, indices, **how, workers=workers, progress=progress)
    return score(found, protocol, split or name_of(dataset))


def evenly(count: int, limit: int | None) -> list[int]:
    """Return at most `limit` indices spread evenly over `count` samples.

    Example:
        >>> evenly(10, 3)
        [0, 3, 6]
    """
    if limit is None or limit >= count:
        return list(range(count))
    return [math.floor(i * count / limit) for i in range(limit)]
