"""Hands as a second look sees them: turned until the palm points up, in the square around their points."""

from dataclasses import replace

import numpy as np

from likelihand.data.dataset import Dataset, groups_of
from likelihand.geometry import KNUCKLES, WRIST, box_length, upright_region
from likelihand.structures import Record


class Upright:
    """A data set whose hands are cropped upright, as `likelihand.geometry.upright_region` says.

    A hand whose wrist or knuckles are not labelled keeps its own box, and so does a place without a hand.

    Args:
        dataset: the whole.

    Example:
        >>> from likelihand.data import DrawnHands, sample_of
        >>> sample = sample_of(Upright(DrawnHands(3)).record(1), 1, (64, 64))
        >>> up = sample.target[list(KNUCKLES)].mean(0) - sample.target[WRIST]
        >>> bool(abs(up[0]) < 1e-4), bool(up[1] < 0)
        (True, True)
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    @property
    def name(self) -> str:
        """The name of the data set, and that it is upright."""
        return f"{getattr(self.dataset, 'name', '') or type(self.dataset).__name__}, upright"

    def __len__(self) -> int:
        """Count the records."""
        return len(self.dataset)

    def record(self, index: int) -> Record:
        """Give the record at `index` with its upright square for a box."""
        record = self.dataset.record(index)
        labelled = record.visibility != 0
        if not labelled[[WRIST, *KNUCKLES]].all():
            return record
        box, radians = upright_region(record.points, labelled)
        if not (np.isfinite(box).all() and box_length(box) > 0):
            return record
        return replace(record, box=box, radians=radians)

    def groups(self) -> list[str]:
        """List every record's group."""
        return groups_of(self.dataset)
