import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.structures import Visibility


def test_weight_is_one_where_labelled():
    record = DrawnHands(1).record(0)
    codes = np.zeros(21, np.int8)
    codes[[0, 4]] = Visibility.HIDDEN, Visibility.VISIBLE
    weight = replace(record, visibility=codes).weight
    assert weight.dtype == np.float32
    assert np.flatnonzero(weight).tolist() == [0, 4]


def test_records_do_not_change_and_travel_to_workers():
    record = DrawnHands(1).record(0)
    with pytest.raises(FrozenInstanceError):
        record.key = "other"
    copy = pickle.loads(pickle.dumps(record))
    assert (copy.read() == record.read()).all()
