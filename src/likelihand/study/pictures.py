"""The picture grid: the same hands as every method sees them (the paper's fig. 8)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from likelihand.data.augment import sample_of
from likelihand.data.dataset import Dataset
from likelihand.evaluation import evenly, predict_crops_of
from likelihand.geometry import Image
from likelihand.models.checkpoint import load_checkpoint
from likelihand.study.plan import Experiment
from likelihand.study.runner import folder_of
from likelihand.study.setting import Setting
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
    records = [dataset.record(i) for i in chosen]
    pairs, padding = list(zip(records, chosen, strict=True)), setting.train.padding
    samples = [sample_of(r, i, setting.size, padding=padding) for r, i in pairs]
    large = [sample_of(r, i, (CELL, CELL), padding=padding) for r, i in pairs]
    crops = np.stack([sample.crop for sample in samples])
    cells: list[list[Image]] = [[_drawn(s.crop, s.target, s.weight) for s in large]]
    for file in known.values():
        points = predict_crops_of(load_checkpoint(file)[0].eval())(crops)[-1] * (CELL / setting.size[0])
        cells.append([_drawn(s.crop, p) for s, p in zip(large, points, strict=True)])
    captions = ["truth", *(f"{run.method.label}, {run.labels.label}" for run in known)]
    images = [column[row] for row in range(len(chosen)) for column in cells]
    return Drawing(contact_sheet(images, columns=len(cells), cell=CELL, captions=captions * len(chosen)))


def _drawn(crop: Image, points: np.ndarray, where: np.ndarray | None = None) -> Image:
    canvas = crop.copy()
    draw_keypoints(canvas, points, where=where)
    return canvas
