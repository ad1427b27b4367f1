"""Bring another model's labels to the rendered hands' convention, and join them with a model's own estimates.

    python -m experiments.models.relabel runs/packed/photos --model runs/hand-2 --anatomy runs/hand-1 \
        --out runs/packed/photos-2

Models and people put a fingertip or a knuckle at other places of the same hand. What the labels of a set and
the estimates of `--anatomy`, trained on rendered hands alone, differ by in the median, along the bone that
ends in the keypoint, is taken from the labels, and from the estimates of `--model` in the same way. Then a
label becomes the mean of itself and the estimate where the two agree, and no label where they do not; a
keypoint without a label gets the estimate where all labels of its hand agree with theirs. Labels made so are
for training under a loss that expects them to be wrong at times, never for scores.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likelihand.data.shards import Shards, write_shards
from likelihand.inference import Predictor, load
from likelihand.structures import BONES, Record, Visibility

Floats = NDArray[np.float64]

CLOSE = 0.1  # of the hand's size: hands whose estimates are this close in the mean tell the convention
AGREED = 0.15  # of the hand's size: where label and estimate are about the same place
CERTAIN = 0.08  # the same, for labels that speak for the whole hand's estimate
PARENTS = np.array([0, *(start for start, _ in sorted(BONES, key=lambda bone: bone[1]))])


class Relabelled:
    """The records of a set with other points.

    Args:
        shards: the set.
        points: (N, 21, 2) in pixels of its pictures.
        labelled: (N, 21) which of them are labels.
    """

    def __init__(self, shards: Shards, points: Floats, labelled: NDArray[np.bool_]) -> None:
        self.shards, self.points, self.labelled = shards, points, labelled

    def __len__(self) -> int:
        return len(self.shards)

    def record(self, index: int) -> Record:
        """Return record `index` with its new points."""
        record = self.shards.record(index)
        visibility = np.where(self.labelled[index], Visibility.VISIBLE, Visibility.UNLABELLED)
        return replace(record, points=self.points[index], visibility=visibility.astype(np.int8))


def estimates(predict: Predictor, shards: Shards) -> Floats:
    """Return the (N, 21, 2) points that a model finds in the boxes of a set."""
    records = (shards.record(i) for i in range(len(shards)))
    return np.stack([predict(record.read(), [record.box])[0].points for record in records])


def along(points: Floats) -> Floats:
    """Return (..., 21, 2) unit vectors along the bones that end in keypoints; the wrist's is the palm's."""
    bones = points - points[..., PARENTS, :]
    bones[..., 0, :] = points[..., 9, :] - points[..., 0, :]
    return np.asarray(bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9))


def convention(points: Floats, anatomy: Floats, labelled: NDArray[np.bool_], size: Floats) -> Floats:
    """Return (21,) shares of the hand's size by which keypoints lie further along their bones than `anatomy`'s."""
    away = (points - anatomy) / size[:, None, None]
    distance = np.where(labelled, np.linalg.norm(away, axis=-1), np.nan)
    near = np.nanmean(distance, 1) < CLOSE
    shift = np.where(labelled, (away * along(anatomy)).sum(-1), np.nan)[near]
    unknown = np.isnan(shift).all(0)
    return np.where(unknown, 0.0, np.nanmedian(np.where(unknown, 0.0, shift), 0))


def to_anatomy(points: Floats, anatomy: Floats, labelled: NDArray[np.bool_], size: Floats) -> Floats:
    """Take the difference in convention from points (N, 21, 2)."""
    shift = convention(points, anatomy, labelled, size)
    print(" ".join(f"{value:+.3f}" for value in shift))
    return points - (shift * size[:, None])[..., None] * along(points)


def joined(
    labels: Floats, estimate: Floats, labelled: NDArray[np.bool_], size: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Join labels with estimates; return points and which of them are labels now."""
    distance = np.where(labelled, np.linalg.norm(labels - estimate, axis=-1) / size[:, None], np.inf)
    agreed = distance < AGREED
    certain = np.where(labelled, distance, 0).max(1) < CERTAIN
    points = np.where(agreed[..., None], (labels + estimate) / 2, estimate)
    return points, agreed | (~labelled & certain[:, None])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("shards", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--anatomy", type=Path, required=True)
    parser.add_argument("--quality", type=int, default=88)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    shards = Shards(arguments.shards)
    records = [shards.record(i) for i in range(len(shards))]
    labelled = np.stack([record.visibility > 0 for record in records])
    size = np.array([max(record.box[2:] - record.box[:2]) for record in records])
    models = [load(path, detector=False, tta=4) for path in (arguments.anatomy, arguments.model)]
    anatomy, estimate = (estimates(predict, shards) for predict in models)
    labels = to_anatomy(np.stack([record.points for record in records]), anatomy, labelled, size)
    own = to_anatomy(estimate, anatomy, np.ones_like(labelled), size)
    points, kept = joined(labels, own, labelled, size)
    print(
        f"{(kept & labelled).sum() / labelled.sum():.1%} of the labels agree; {(kept & ~labelled).sum()} are new"
    )
    describe = {name: str(getattr(arguments, name)) for name in ("shards", "model", "anatomy")}
    write_shards(Relabelled(shards, points, kept), arguments.out, quality=arguments.quality, describe={**describe})


if __name__ == "__main__":
    main()
