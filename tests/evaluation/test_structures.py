"""What a model said: all hands for scores, those of a known size for the rest, parts put together."""

from typing import Any

import numpy as np
import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.evaluation import concatenated, predictions, score
from tests.evaluation.test_collect import Brightness, same


def test_hands_without_a_size_are_scored_and_left_out_of_what_needs_one() -> None:
    class Partly(DrawnHands):
        def record(self, index: int) -> Any:
            record = super().record(index)
            record.visibility[[1, 0, 21][index] :] = 0
            return record

    found = predictions(Brightness(), Partly(3, size=64), progress=False)
    assert (found.length > 0).tolist() == [False, False, True]
    assert found.sized().index.tolist() == [2]
    report = score(found)
    assert (report.samples, report.scores.hands, report.breakdown.unscored) == (3, 1, 2)
    with pytest.raises(ValueError, match="no hand has two labelled keypoints"):
        found.take(np.array([0, 1])).sized()


def test_points_that_are_not_finite_are_scored_as_misses_and_named_elsewhere() -> None:
    found = predictions(Brightness(), DrawnHands(2, size=64), progress=False)
    found.points[1, 4] = np.nan
    assert score(found).scores.misses == 1
    with pytest.raises(ValueError, match=r"hand 1 of drawn: the model gave points that are not finite"):
        found.sized()


def test_parts_come_together_in_the_data_sets_order() -> None:
    found = predictions(Brightness(), DrawnHands(5, size=64), progress=False)
    assert same(concatenated([found.take(np.array([4, 1])), found.take(np.array([0, 3, 2]))]), found)
