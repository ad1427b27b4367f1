import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from likelihand.data.dataset import (
    Concatenated,
    Dataset,
    Repeated,
    Subset,
    check_record,
    groups_of,
    record_problems,
    split,
)
from likelihand.data.drawn import DrawnHands

RECORD = replace(DrawnHands(1).record(0), key="a.jpg")


def changed(**fields):
    return replace(RECORD, **fields)


def points_with(index, value):
    points = RECORD.points.copy()
    points[index] = value
    return points


BAD = [
    (changed(points=points_with(3, np.nan)), r"a\.jpg: labelled keypoints \[3\] are not finite"),
    (changed(points=points_with(20, np.inf)), r"keypoints \[20\] are not finite"),
    (changed(points=points_with(5, 5000.0)), r"keypoints \[5\] lie over 2 box lengths outside"),
    (changed(points=np.zeros((20, 2))), r"shapes \(20, 2\) and \(21,\)"),
    (changed(visibility=np.zeros(20)), r"give \(21, 2\) and \(21,\)"),
    (changed(visibility=np.full(21, 3, np.int8)), r"visibility \[3\]"),
    (changed(visibility=np.full(21, -1, np.int8)), r"visibility \[-1\]"),
    (changed(box=np.array([5.0, 5, 5, 9])), r"a\.jpg: box .* is empty"),
    (changed(box=np.array([5.0, 5, np.nan, 9])), r"a\.jpg: box .* not four finite"),
    (changed(box=np.array([-np.inf, 0, np.inf, 9])), r"a\.jpg: box .* not four finite"),
    (changed(box=np.zeros(3)), r"a\.jpg: box"),
]


@pytest.mark.parametrize(("record", "message"), BAD)
def test_wrong_labels_are_told_in_one_line_with_the_key(record, message):
    with pytest.raises(ValueError, match=message) as error:
        check_record(record)
    assert str(error.value).startswith("a.jpg: ")
    assert "\n" not in str(error.value)


def test_sound_labels_pass():
    assert check_record(RECORD) is RECORD
    unlabelled = np.full(21, 2, np.int8)
    unlabelled[3] = 0
    assert record_problems(changed(points=points_with(3, np.nan), visibility=unlabelled)) == []
    check_record(changed(points=points_with(3, np.nan), visibility=unlabelled))
    check_record(changed(visibility=np.zeros(21, np.int8)))


@given(
    st.lists(st.floats(allow_nan=True, width=32), min_size=2, max_size=2),
    st.lists(st.floats(allow_nan=True, width=32), min_size=4, max_size=4),
    st.integers(-2, 4),
)
def test_the_quick_check_agrees_with_the_list_of_problems(point, box, code):
    visibility = np.full(21, 2, np.int8)
    visibility[1] = code
    record = changed(points=points_with(2, point), box=np.array(box), visibility=visibility)
    problems = record_problems(record)
    try:
        check_record(record)
    except ValueError as error:
        assert problems and str(error).startswith("; ".join(problems))
    else:
        assert problems == []


def test_concatenated_counts_through_its_parts():
    parts = [DrawnHands(2), DrawnHands(0), DrawnHands(3, seed=1)]
    both = Concatenated(parts)
    assert isinstance(both, Dataset)
    assert [both.record(i).key for i in range(5)] == [
        "drawn 0/0",
        "drawn 0/1",
        "drawn 1/0",
        "drawn 1/1",
        "drawn 1/2",
    ]
    assert len(set(groups_of(both))) == 5
    with pytest.raises(ValueError, match="at least one"):
        Concatenated([])


@pytest.mark.parametrize("index", [-1, 5, 99])
def test_an_index_out_of_range(index):
    for dataset in (Concatenated([DrawnHands(5)]), Subset(DrawnHands(9), range(5)), DrawnHands(5)):
        with pytest.raises(IndexError, match=f"index {index} .* holds 5 records; give 0 to 4"):
            dataset.record(index)
    with pytest.raises(IndexError, match="index 12"):
        Subset(DrawnHands(9), [12])


class Moments:
    """Four pictures of each moment, without a method `groups`."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return 4 * self.count

    def record(self, index):
        return changed(key=str(index), group=str(index % self.count))


@given(count=st.integers(2, 30), fraction=st.floats(0.01, 0.99), seed=st.integers(0, 5))
def test_split_keeps_groups_together_and_loses_nothing(count, fraction, seed):
    first, second = split(Moments(count), fraction, seed)
    assert sorted(first.indices + second.indices) == list(range(4 * count))
    groups = [{part.record(i).group for i in range(len(part))} for part in (first, second)]
    assert not groups[0] & groups[1]
    assert len(groups[1]) == min(max(round(fraction * count), 1), count - 1)


def test_split_is_a_function_of_its_seed():
    assert split(DrawnHands(50), 0.3, 4)[1].indices == split(DrawnHands(50), 0.3, 4)[1].indices
    assert split(DrawnHands(50), 0.3, 4)[1].indices != split(DrawnHands(50), 0.3, 5)[1].indices


@pytest.mark.parametrize("fraction", [0, 1, -0.1, math.nan])
def test_split_refuses_what_it_cannot_do(fraction):
    with pytest.raises(ValueError, match="not between 0 and 1"):
        split(DrawnHands(5), fraction)
    with pytest.raises(ValueError, match="two or more"):
        split(DrawnHands(1), 0.5)


def test_a_repeated_data_set_gives_every_record_so_often() -> None:
    data = Repeated(DrawnHands(3), times=4)
    keys = [data.record(i).key for i in range(len(data))]
    assert keys == [DrawnHands(3).record(i).key for i in range(3)] * 4
    assert data.groups() == groups_of(DrawnHands(3)) * 4
    with pytest.raises(IndexError):
        data.record(12)
    with pytest.raises(ValueError, match="times 0"):
        Repeated(DrawnHands(3), times=0)
