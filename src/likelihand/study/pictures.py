"""The picture grid: the same hands as every method sees them (the paper's fig. 8)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from likelihand.data.augment import sample_of
from likelihand.data.dataset import Dataset
from likelihand.evaluation import EveryStage, evenly, predictions
from likelihand.geometry import Image
from likelihand.inference.metadata import ModelMetadata
from likelihand.study.methods import Method
from likelihand.study.plan import CLEAN, Experiment
from likelihand.study.results import Results
from likelihand.study.runner import folder_of
from likelihand.study.scoring import load_network
from likelihand.visualization.drawing import Drawing, contact_sheet, draw_keypoints

CELL: Final = 192
"""Side of a picture in the grid."""


def picture_grid(
    results: Results, methods: Sequence[Method], dataset: Dataset, out: Path, hands: int = 6
) -> Drawing | None:
    """Draw what each method finds in some test hands: a row for each hand, the truth first, first seed each.

    Args:
        results: tell which runs are done.
        methods: a column each; those without a finished run of seed 0 are left out.
        dataset: the test hands, from which a few are taken, spread evenly.
        out: folder of the study.
        hands: how many rows.

    Returns:
        The grid, None where no method has a finished run.
    """
    runs = [e for method in methods if (e := Experiment(method, CLEAN, 0)) in results.scores]
    if not runs:
        return None
    size, padding = results.setting.size, results.setting.train.padding
    chosen = evenly(len(dataset), hands)
    large = [sample_of(dataset.record(i), i, (CELL, CELL), padding=padding) for i in chosen]
    cells: list[list[Image]] = [[_drawn(s.crop, s.target, s.weight) for s in large]]
    for run in runs:
        model = EveryStage(load_network(folder_of(out, run)), ModelMetadata(size=size, padding=padding))
        points = predictions(model, dataset, chosen, beyond=0.0, progress=False).points * (CELL / size[0])
        cells.append([_drawn(s.crop, p) for s, p in zip(large, points, strict=True)])
    captions = ["truth", *(run.method.label for run in runs)]
    images = [column[row] for row in range(len(chosen)) for column in cells]
    return Drawing(contact_sheet(images, columns=len(cells), cell=CELL, captions=captions * len(chosen)))


def _drawn(crop: Image, points: np.ndarray, where: np.ndarray | None = None) -> Image:
    canvas = crop.copy()
    draw_keypoints(canvas, points, where=where)
    return canvas
