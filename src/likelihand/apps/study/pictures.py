"""The picture grid: the same hands as every method sees them (the paper's fig. 8)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from likelihand.apps.study.plan import Experiment
from likelihand.apps.study.runner import folder_of
from likelihand.apps.study.setting import Setting
from likelihand.data.augment import sample_of
from likelihand.data.dataset import Dataset
from likelihand.evaluation import EveryStage, evenly, predictions
from likelihand.geometry import Image
from likelihand.inference.metadata import ModelMetadata
from likelihand.models.checkpoint import load_checkpoint
from likelihand.training import LAST
from likelihand.visualization.drawing import Drawing, contact_sheet, draw_keypoints

CELL: Final = 192
"""Side of a picture in the grid."""


def picture_grid(
    runs: Sequence[Experiment], setting: Setting, dataset: Dataset, out: Path, hands: int = 6
) -> Drawing | None:
    """Draw what each run finds in some test hands: a row for each hand, the truth first.

    Args:
        runs: finished, a column each; those whose weights are not at hand are left out.
        setting: of the study.
        dataset: the test hands, from which a few are taken, spread evenly.
        out: folder of the study.
        hands: how many rows.

    Returns:
        The grid, None where no weights are at hand.
    """
    files = {run: folder_of(out, run) / LAST for run in runs}
    known = {run: file for run, file in files.items() if file.exists()}
    if not known:
        return None
    chosen = evenly(len(dataset), hands)
    padding = setting.train.padding
    large = [sample_of(dataset.record(i), i, (CELL, CELL), padding=padding) for i in chosen]
    cells: list[list[Image]] = [[_drawn(s.crop, s.target, s.weight) for s in large]]
    for file in known.values():
        model = EveryStage(load_checkpoint(file)[0], ModelMetadata(size=setting.size, padding=padding))
        found = predictions(model, dataset, chosen, beyond=0.0, progress=False)
        points = found.points * (CELL / setting.size[0])
        cells.append([_drawn(s.crop, p) for s, p in zip(large, points, strict=True)])
    captions = ["truth", *(f"{run.method.label}, {run.labels.label}" for run in known)]
    images = [column[row] for row in range(len(chosen)) for column in cells]
    return Drawing(contact_sheet(images, columns=len(cells), cell=CELL, captions=captions * len(chosen)))


def _drawn(crop: Image, points: np.ndarray, where: np.ndarray | None = None) -> Image:
    canvas = crop.copy()
    draw_keypoints(canvas, points, where=where)
    return canvas
