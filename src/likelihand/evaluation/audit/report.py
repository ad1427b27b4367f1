"""The results of an audit: a table, a contact sheet, and labels without the suspects."""

import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from likelihand.data.dataset import Dataset
from likelihand.data.formats.coco import hand_entry, image_entry, write_document
from likelihand.data.images import picture_id
from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.patterns import Suspicion
from likelihand.evaluation.audit.whole_set import Offset
from likelihand.evaluation.calibration import density_of
from likelihand.geometry import (
    Image,
    crop_matrix,
    invert,
    transform_covariances,
    transform_points,
    warp_image,
)
from likelihand.structures import KEYPOINTS, Record
from likelihand.uncertainty import UNIT, Calibration, Radial
from likelihand.visualization.drawing import Drawing, contact_sheet, draw_keypoints, draw_ring

CELL: Final = 224


@dataclass(frozen=True)
class Audit:
    """The result of an audit.

    Attributes:
        suspicions: one per hand, the likeliest to be wrong first.
        offsets: one a data set.
        whole: wrong orders that would explain most of the hands.
        folder: where the files are.
    """

    suspicions: list[Suspicion]
    offsets: list[Offset]
    whole: list[str]
    folder: Path

    def __str__(self) -> str:
        counts = Counter(s.pattern for s in self.suspicions if s.suspect)
        listed = ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"
        lines = [f"{len(self.suspicions)} hands, {sum(counts.values())} suspects: {listed}"]
        lines += [f"the whole data set: {line}" for line in self.whole]
        lines += [str(offset) for offset in self.offsets]
        return "\n".join([*lines, f"files: {self.folder}"])


def write_csv(path: Path, suspicions: list[Suspicion], dataset: Dataset) -> None:
    """Write a line per hand, the likeliest to be wrong first."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["rank", "index", "key", "dataset", "suspect", "nats", "pattern", "detail", "keypoints"])
        for rank, s in enumerate(suspicions, 1):
            record = dataset.record(s.index)
            names = " ".join(KEYPOINTS[k] for k in s.keypoints)
            if not math.isfinite(s.nats):
                raise ValueError(f"{record.key} has the score {s.nats}; inspect it with `likelihand data check`")
            row = [rank, s.index, record.key, record.dataset, int(s.suspect), f"{s.nats:.2f}"]
            writer.writerow([*row, s.pattern, s.detail, names])


def write_sheet(
    path: Path,
    suspicions: list[Suspicion],
    dataset: Dataset,
    predictions: Predictions,
    covariance: Any,  # noqa: ANN401
    radial: Radial,
) -> None:
    """Draw the label (left) against the estimate with its 90 % regions (right) for each of some suspicions."""
    position = {int(index): n for n, index in enumerate(predictions.index)}
    tiles: list[Image] = []
    captions: list[str] = []
    for s in suspicions:
        tiles += pair(dataset, s.index, predictions, position.get(s.index), covariance, radial, s.keypoints)
        captions += [f"{s.index}: {s.pattern}", f"{s.detail} {s.nats:.0f} nats"]
    Drawing(contact_sheet(tiles, columns=8, cell=CELL, captions=captions)).save(path)


def write_worst(
    path: Path, predictions: Predictions, dataset: Dataset, calibration: Calibration | None, count: int = 20
) -> None:
    """Draw label (left) and estimate with its 90 % regions (right) of the hands that err most."""
    o = predictions
    error = (o.error * o.labelled).sum(1) / o.labelled.sum(1)
    covariance, radial = density_of(o, calibration)
    tiles: list[Image] = []
    captions: list[str] = []
    for n in np.argsort(-error, kind="stable")[:count]:
        tiles += pair(dataset, int(o.index[n]), o, int(n), covariance, radial)
        captions += [f"{o.index[n]}: error {error[n]:.3f}", str(o.dataset[n])]
    Drawing(contact_sheet(tiles, columns=8, cell=CELL, captions=captions)).save(path)


def pair(
    dataset: Dataset,
    index: int,
    predictions: Predictions,
    n: int | None,
    covariance: Any,  # noqa: ANN401
    radial: Radial,
    ringed: Sequence[int] = (),
) -> tuple[Image, Image]:
    """Draw a hand twice: its label, some keypoints ringed, and its estimate with 90 % regions.

    `n` is its place among the predictions; where None the right side stays bare. `covariance` (N, K, 2, 2) is
    theirs, square crop pixels.
    """
    record = dataset.record(index)
    tile_from_image = crop_matrix(record.box, (CELL, CELL), padding=1.5)
    left = warp_image(record.read(), tile_from_image, (CELL, CELL), fill=(90, 90, 90))
    right = left.copy()
    shown = transform_points(tile_from_image, record.points)
    draw_keypoints(left, shown, record.weight)
    for at in shown[[k for k in ringed if record.weight[k]]] if len(ringed) < len(shown) else []:
        draw_ring(left, at, 9, (255, 60, 60))
    if n is None:
        return left, right
    image_from_crop = invert(predictions.crop_from_image[n])
    points = transform_points(image_from_crop, predictions.points[n])
    regions = transform_covariances(image_from_crop, covariance[n])
    grown = transform_covariances(tile_from_image, regions) * (float(radial.radius(0.9)) / UNIT) ** 2
    draw_keypoints(right, transform_points(tile_from_image, points), covariance=grown)
    return left, right


def write_clean(path: Path, dataset: Dataset, suspicions: list[Suspicion]) -> None:
    """Write the data set as COCO keypoints, the suspected keypoints with visibility 0 and without a place.

    Pictures are named by the records' groups, the reader's file names; further pictures of a group by the records'
    keys. The first pixel's centre is (0, 0).
    """
    wrong = {s.index: s for s in suspicions if s.suspect}
    images: dict[tuple[str, bytes], dict[str, Any]] = {}
    annotations, named = [], set[str]()
    for index in range(len(dataset)):
        record = dataset.record(index)
        image = record.read()
        picture = picture_id(record, image)
        if picture not in images:
            name = record.key if picture[0] in named else picture[0]
            images[picture] = image_entry(len(images), name, image.shape[:2])
            named.add(name)
        annotations.append(_annotation(record, index, images[picture]["id"], wrong.get(index)))
    write_document(path, images.values(), annotations)


def _annotation(record: Record, index: int, image: int, wrong: Suspicion | None) -> dict[str, Any]:
    codes = record.visibility.astype(int)
    if wrong is not None:
        codes[list(wrong.keypoints)] = 0
    side_is_wrong = wrong is not None and not wrong.keypoints
    return hand_entry(
        index,
        image,
        record.points,
        visibility=codes,
        box=record.box,
        side=None if side_is_wrong else record.side,
        dataset=record.dataset,
    )
