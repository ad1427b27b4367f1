"""An exact accumulator of errors, keyed by sample index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.evaluation.metrics.functions import FloatArray, distance
from likelihand.evaluation.metrics.protocol import Protocol, Scores, Truth, scores


@dataclass(frozen=True)
class Breakdown:
    """Scores of a set of hands, and of its parts.

    Attributes:
        total: of the last stage.
        by_stage: of each stage, in order; the last is `total`.
        by_keypoint: of the last stage, of each keypoint, in order.
        by_dataset: of the last stage, by the name of the data set.
        unscored: number of samples left out because no keypoint counts or their length is 0.
    """

    total: Scores
    by_stage: tuple[Scores, ...] = field(repr=False)
    by_keypoint: tuple[Scores, ...] = field(repr=False)
    by_dataset: Mapping[str, Scores] = field(repr=False)
    unscored: int

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "total": self.total.to_json(),
            "by_stage": [s.to_json() for s in self.by_stage],
            "by_keypoint": [s.to_json() for s in self.by_keypoint],
            "by_dataset": {name: s.to_json() for name, s in self.by_dataset.items()},
            "unscored": self.unscored,
        }


class Accumulator:
    """Collects errors by sample index, so that order, batches, processes and repeats change no score.

    Args:
        protocol: how to score.

    Example:
        >>> from likelihand.evaluation.metrics import PAPER
        >>> accumulator, box = Accumulator(PAPER), np.array([[0.0, 0.0, 9.0, 9.0]])
        >>> target = np.array([[[0.0, 0.0], [10.0, 0.0]]])
        >>> for _ in range(2):                       # the repeat is dropped
        ...     accumulator.add([7], target + 1.0, target, [[2, 2]], box, ["d"])
        >>> accumulator.breakdown().total.hands
        1
    """

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self._rows: dict[int, FloatArray] = {}
        self._datasets: dict[int, str] = {}

    def add(
        self,
        index: Sequence[int] | NDArray[np.int64],
        points: ArrayLike,
        target: ArrayLike,
        visibility: ArrayLike,
        box: ArrayLike,
        dataset: Sequence[str],
    ) -> None:
        """Add a batch.

        Args:
            index: (N,) positions in the data set; one that is known already is dropped.
            points: (N, K, 2), or (stages, N, K, 2), in image pixels; not finite where missed.
            target: (N, K, 2) in image pixels, anything where not labelled.
            visibility: (N, K) codes of `likelihand.structures.Visibility`.
            box: (N, 4) in image pixels.
            dataset: (N,) names.
        """
        truth, boxes = np.asarray(target, np.float64), np.asarray(box, np.float64)
        counted = np.asarray(visibility) >= 1
        predicted = np.asarray(points, np.float64)
        predicted = predicted[None] if predicted.ndim == 3 else predicted
        errors = distance(predicted, np.where(counted[..., None], truth, 0.0))
        for n, key in enumerate(int(i) for i in index):
            if key not in self._rows:
                length = self.protocol.normaliser(Truth(truth[n], counted[n], boxes[n], dataset[n]))
                self._rows[key] = np.concatenate([[key, len(predicted), length], counted[n], errors[:, n].ravel()])
                self._datasets[key] = dataset[n]

    def rows(self) -> FloatArray:
        """Return what was collected, (N, 3 + K + stages K), sorted by index.

        A row holds the index, the number of stages, the length, then by keypoint 1 where counted, then the
        errors stage by stage.
        """
        return np.stack([self._rows[key] for key in sorted(self._rows)]) if self._rows else np.zeros((0, 0))

    def datasets(self) -> dict[int, str]:
        """Return the name of each sample's data set by index."""
        return dict(self._datasets)

    def merge(self, rows: FloatArray, datasets: Mapping[int, str]) -> None:
        """Merge `rows` and `datasets` of other accumulators; known indices are dropped."""
        for row in rows:
            self._rows.setdefault(int(row[0]), row)
        self._datasets = {**datasets, **self._datasets}

    def breakdown(self) -> Breakdown:
        """Compute the scores of everything added.

        Raises:
            ValueError: no sample can be scored under the protocol.
        """
        rows = self.rows()
        stages = int(rows[0, 1]) if len(rows) else 1
        keypoints = (rows.shape[1] - 3) // (stages + 1)
        lengths, counted = rows[:, 2], rows[:, 3 : 3 + keypoints].astype(bool)
        usable = counted.any(-1) & (lengths > 0)
        if not usable.any():
            raise ValueError(
                f"none of {len(rows)} samples can be scored under protocol {self.protocol.name}: each needs a "
                f"counted keypoint and a length > 0, the length being {self.protocol.normaliser_text}"
            )
        errors = rows[usable, 3 + keypoints :].reshape(-1, stages, keypoints)
        lengths, counted = lengths[usable], counted[usable]
        names = np.array([self._datasets[int(key)] for key in rows[usable, 0]])
        by_stage = tuple(scores(errors[:, t], counted, lengths, self.protocol) for t in range(stages))
        last, one = errors[:, -1], [slice(k, k + 1) for k in range(keypoints)]
        return Breakdown(
            total=by_stage[-1],
            by_stage=by_stage,
            by_keypoint=tuple(scores(last[:, k], counted[:, k], lengths, self.protocol) for k in one),
            by_dataset={
                str(name): scores(
                    last[names == name], counted[names == name], lengths[names == name], self.protocol
                )
                for name in sorted(set(names))
            },
            unscored=int((~usable).sum()),
        )
