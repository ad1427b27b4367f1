"""Data sets behind others: what they say of themselves is what the others say."""

from collections.abc import Callable

import pytest

from likelihand.data import Cropped, DrawnHands, Subset
from likelihand.data.cut_off import CutOff
from likelihand.data.dataset import Dataset, groups_of, parts_of
from likelihand.data.noise import Jitter, SpoiltLabels
from likelihand.data.wrapped import Wrapped


@pytest.mark.parametrize("wrap", [Cropped, CutOff, lambda data: SpoiltLabels(data, Jitter(0.1))])
def test_count_groups_and_parts_are_those_of_the_whole(wrap: Callable[[Dataset], Wrapped]) -> None:
    whole = Subset(DrawnHands(9), [1, 3, 5])
    wrapped = wrap(whole)
    assert isinstance(wrapped, Wrapped)
    assert len(wrapped) == 3 and groups_of(wrapped) == groups_of(whole) == wrapped.groups()
    assert parts_of(wrapped) == [wrapped, *parts_of(whole)]
