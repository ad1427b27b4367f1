import json
from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation.robustness import CONDITIONS, Outcome, chosen, measure
from likelihand.geometry import box_length, box_of_points
from likelihand.structures import Visibility


class Shifted:
    """A data set of given records."""

    def __init__(self, *records):
        self.records = records

    def __len__(self):
        return len(self.records)

    def record(self, index):
        return self.records[index]


def outcomes(*arguments, **named):
    return list(measure(*arguments, progress=False, **named))


def test_a_known_offset_is_the_error(drawn, truth):
    record = drawn.record(0)
    (outcome,) = outcomes([truth([record.points])], Shifted(record), CONDITIONS[:1])
    size = box_length(box_of_points(record.points))
    assert outcome.found
    np.testing.assert_allclose(outcome.error, 5 / size)
    np.testing.assert_array_equal(outcome.near, np.full(21, 5 / size <= 0.1))
    np.testing.assert_allclose(outcome.level, 1 - np.exp(-0.5))  # one standard deviation off
    assert outcome.asked.all()
    assert not outcome.cut.any()
    assert outcome.others == 0


def test_a_tool_without_certainty_says_nothing(drawn, truth):
    record = drawn.record(0)
    (outcome,) = outcomes([truth([record.points], sure=False)], Shifted(record), CONDITIONS[:1])
    assert np.isnan(outcome.confidence).all()
    assert np.isnan(outcome.level).all()
    assert np.isfinite(outcome.error).all()


def test_a_hand_elsewhere_is_a_miss_and_another_hand(drawn, truth):
    record = drawn.record(0)
    far = record.points + 10 * box_length(record.box)
    (outcome,) = outcomes([truth([far])], Shifted(record), CONDITIONS[:1])
    assert not outcome.found
    assert outcome.others == 1
    assert np.isnan(outcome.error).all()
    assert outcome.asked.all()


def test_a_find_serves_one_of_two_hands_of_a_picture(drawn, truth):
    record = replace(drawn.record(0), group="a")
    other = replace(record, points=record.points + 0.2 * box_length(record.box))
    both = Shifted(record, other)
    first, second = outcomes([truth([record.points], offset=(0, 0))], both, CONDITIONS[:1])
    assert (first.found, second.found) == (True, False)
    assert (first.others, second.others) == (0, 0)


def test_hands_of_a_group_in_other_pictures_are_no_neighbours(drawn, truth):
    record = replace(drawn.record(0), group="a")
    other = replace(record, read=lambda: 255 - record.read())
    found = outcomes([truth([record.points])], Shifted(record, other), CONDITIONS[:1])
    assert all(outcome.found for outcome in found)


def test_cut_away_keypoints_are_kept_apart(drawn, truth):
    record = drawn.record(0)
    condition = chosen(["30 % cut off"])[0]
    _, matrix = condition.apply(record.read(), record, 0, seed=0)
    moved = record.points + matrix[:2, 2]
    (outcome,) = outcomes([truth([moved])], Shifted(record), [condition])
    assert outcome.cut.any()
    assert outcome.asked.any()
    np.testing.assert_array_equal(outcome.asked, ~outcome.cut)
    np.testing.assert_array_equal(outcome.cut, (moved < 0).any(1))  # the first edge is the left one
    np.testing.assert_allclose(outcome.error, 5 / box_length(box_of_points(record.points)))


def test_labels_outside_the_whole_picture_are_asked_as_ever(drawn, truth):
    record = drawn.record(0)
    outside = replace(record, points=record.points - record.points[0] - 1)
    (outcome,) = outcomes([truth([outside.points])], Shifted(outside), CONDITIONS[:1])
    assert outcome.asked.all()


def test_unlabelled_keypoints_are_not_asked_and_a_single_one_is_passed_over(drawn, truth):
    record = drawn.record(0)
    some = replace(record, visibility=np.where(np.arange(21) < 5, Visibility.VISIBLE, 0).astype(np.int8))
    one = replace(record, visibility=(np.arange(21) == 5).astype(np.int8))
    (outcome,) = outcomes([truth([record.points])], Shifted(some, one), CONDITIONS[:1])
    np.testing.assert_array_equal(outcome.asked, np.arange(21) < 5)
    np.testing.assert_array_equal(np.isfinite(outcome.error), np.arange(21) < 5)


def test_given_boxes_lie_in_the_cut_picture(drawn):
    given = []

    class Boxed:
        name, sure = "boxed", False

        def __call__(self, image, box):
            given.append((image.shape, box))
            from likelihand.structures import Hand

            return [Hand(np.zeros((21, 2)), np.zeros((21, 2)), box)]

    record = drawn.record(0)
    found = outcomes([Boxed()], Shifted(record), chosen(["as it is", "50 % cut off"]), boxes=True)
    assert all(outcome.found for outcome in found)
    np.testing.assert_array_equal(given[0][1], record.box)
    (height, width, _), box = given[1]
    assert (box >= 0).all()
    assert box[2] <= width
    assert box[3] <= height


def test_what_is_done_is_not_measured_again(drawn, truth):
    record = drawn.record(0)
    data, conditions = Shifted(record, record), chosen(["grey", "dark"])
    every = outcomes([truth([record.points])], data, conditions)
    left = outcomes([truth([record.points])], data, conditions, done={o.key for o in every[:3]})
    assert [o.key for o in left] == [every[3].key]
    np.testing.assert_array_equal(left[0].error, every[3].error)


def test_outcomes_survive_json(drawn, truth):
    record = drawn.record(0)
    for tool in (truth([record.points]), truth([])):
        (outcome,) = outcomes([tool], Shifted(record), CONDITIONS[:1])
        back = Outcome.from_json(json.loads(json.dumps(outcome.to_json(), allow_nan=False)))
        assert back.key == outcome.key
        assert back.found == outcome.found
        np.testing.assert_array_equal(back.asked, outcome.asked)
        np.testing.assert_allclose(back.error, outcome.error, atol=1e-5)


@pytest.mark.parametrize("values", [{}, {"asked": 3}, [], {"asked": [1], "cut": [0]}])
def test_other_json_is_refused(values):
    with pytest.raises(ValueError, match="no outcome of a hand"):
        Outcome.from_json(values)
