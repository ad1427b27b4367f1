"""What holds for a whole data set: an offset, another order."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.whole_set import _median, of_whole_set, offsets
from likelihand.evaluation.calibration import simulated
from likelihand.structures import RHD_ORDER
from tests.evaluation.audit.planted import HANDS


def test_half_a_pixel_is_named_for_the_whole_set_and_nothing_else(hands: Predictions) -> None:
    (still,) = offsets(hands)
    assert still.name == ""
    (moved,) = offsets(replace(hands, target=hands.target - 0.5))
    assert "half a pixel" in moved.name
    assert (moved.x, moved.y) == pytest.approx((still.x - 0.5, still.y - 0.5), abs=0.01)
    (far,) = offsets(replace(hands, target=hands.target + 2.0))
    assert far.name == "a systematic shift"
    assert offsets(hands.take(np.arange(20))) == []


def test_a_wrong_order_of_the_whole_set_is_named(hands: Predictions) -> None:
    assert of_whole_set(hands) == []
    (line,) = of_whole_set(replace(hands, target=hands.target[:, list(RHD_ORDER)]))
    assert line == f"fingers counted from tip to palm: {HANDS} of {HANDS} hands"


@pytest.mark.filterwarnings("error")
def test_a_set_in_which_an_order_has_no_keypoint_left_is_audited_without_a_warning() -> None:
    hands = simulated(HANDS)
    labelled = np.zeros_like(hands.labelled)
    labelled[:, [1, 2, 5, 6]] = True
    assert of_whole_set(replace(hands, labelled=labelled)) == []


def test_the_median_of_what_counts_by_hand() -> None:
    values = np.array([[3.0, 1.0, 9.0, 2.0], [4.0, 8.0, 6.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    where = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    assert _median(values, where).tolist() == [3.0, 6.0, np.inf]
