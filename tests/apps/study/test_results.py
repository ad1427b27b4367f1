import json

import numpy as np
import pytest

from likelihand.apps.study.methods import L1, MLE
from likelihand.apps.study.plan import CLEAN, OUTLIERS, Experiment
from likelihand.apps.study.results import Results, read_result, result_file, write_result
from tests.study_scores import made, run


def test_a_result_is_read_as_it_was_written(tmp_path):
    experiment, told = Experiment(MLE, OUTLIERS, 1), {"identity": {"width": 8}, "looks": []}
    assert read_result(tmp_path, experiment, {"width": 8}) is None
    write_result(tmp_path, experiment, told)
    assert read_result(tmp_path, experiment, {"width": 8}) == told
    with pytest.raises(ValueError, match="was made with width 8, and now it is 16; give the same"):
        read_result(tmp_path, experiment, {"width": 16})


def test_a_file_that_is_no_result_is_refused(tmp_path):
    experiment = Experiment(MLE, CLEAN, 0)
    result_file(tmp_path, experiment).parent.mkdir(parents=True)
    for content in ("[]", json.dumps({"identity": 3}), "{"):
        result_file(tmp_path, experiment).write_text(content)
        with pytest.raises(ValueError):
            read_result(tmp_path, experiment, {})


def test_values_by_seed():
    results = made({(MLE, CLEAN): [0.1, 0.2], (L1, CLEAN): [0.3], (L1, OUTLIERS): [0.4]}, {L1: 0.25})
    assert list(results.by_hand(MLE, "nme")) == [0, 1] and results.by_hand(MLE, "nme")[1].shape == (40,)
    assert results.by_hand(MLE, "nme", OUTLIERS) == {}
    assert results.last(L1, "fitted", OUTLIERS) == {0: 0.25} and results.last(L1, "fitted") == {}
    assert results.methods() == [MLE, L1] and results.methods([OUTLIERS]) == [L1]


def test_curves_are_of_the_looks_that_have_the_number():
    results = made({(MLE, CLEAN): [0.1, 0.2]})
    epochs, curves = results.curves(MLE, "nme")
    assert epochs.tolist() == [10, 20] and curves == pytest.approx(np.array([[0.11, 0.105], [0.22, 0.21]]))
    assert results.curves(MLE, "helper")[0].tolist() == [0, 10, 20]
    for empty in (results.curves(L1, "nme"), results.curves(MLE, "fitted")):
        assert empty[0].shape == (0,) and empty[1].size == 0


def test_runs_that_tried_a_learning_rate_are_no_results():
    results = Results({Experiment(MLE, CLEAN, 1000, 1e-3): run(0.1, 0, tests=("validation",))})
    assert results.of(MLE) == {} and results.methods() == []
