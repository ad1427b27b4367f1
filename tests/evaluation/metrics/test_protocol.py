"""Protocols against numbers worked out by hand."""

import json
import math

import numpy as np
import pytest

from likelihand.evaluation.metrics import BOX, MMPOSE, PAPER, Truth, mmpose_box_length, scores, tight_box_length

SQUARE = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 30.0], [900.0, 900.0]])
COUNTED = np.array([True, True, True, False])


def truth(dataset: str, counted: np.ndarray = COUNTED) -> Truth:
    return Truth(SQUARE, counted, np.array([0.0, 0.0, 100.0, 50.0]), dataset)


def test_tight_box_ignores_what_is_not_counted() -> None:
    assert tight_box_length(truth("")) == 40.0
    assert tight_box_length(truth("", np.zeros(4, bool))) == 0.0


@pytest.mark.parametrize(("dataset", "length"), [("FreiHAND", 224.0), ("RHD", 48.0), ("OneHand10K", 100.0)])
def test_mmpose_lengths(dataset: str, length: float) -> None:
    assert mmpose_box_length(truth(dataset)) == pytest.approx(length)


def test_box_protocol_takes_the_given_box() -> None:
    assert BOX.normaliser(truth("RHD")) == 100.0


def test_perfect_model_scores_as_published() -> None:
    zeros, ones = np.zeros((4, 21)), np.ones((4, 21), bool)
    paper = scores(zeros, ones, np.full(4, 30.0), PAPER)
    mmpose = scores(zeros, ones, np.full(4, 30.0), MMPOSE)
    assert (paper.auc, paper.nme, paper.pck[0.05], paper.keypoints) == (1.0, 0.0, 1.0, 84)
    assert mmpose.auc == pytest.approx(0.95)


def test_mmpose_auc_is_the_mean_over_twenty_thresholds_of_30_px() -> None:
    found = scores([[14.9, 31.0]], [[True, True]], [1e6], MMPOSE)
    assert found.auc == pytest.approx((10 / 20 + 0) / 2)


def test_mmpose_pck_averages_by_keypoint() -> None:
    counted = [[True, True], [True, False], [True, False]]
    found = scores([[0.0, 0.0], [9.0, 0.0], [9.0, 0.0]], counted, np.full(3, 10.0), MMPOSE)
    assert found.pck[0.2] == pytest.approx((1 / 3 + 1) / 2)


def test_medians_count_misses_as_infinite() -> None:
    distances = [[1.0, 2.0], [3.0, np.inf], [np.inf, np.inf]]
    found = scores(distances, np.ones((3, 2), bool), np.full(3, 10.0), PAPER)
    assert found.misses == 3
    assert found.epe == pytest.approx(2.0)
    assert math.isinf(found.epe_median)
    assert found.nme_median == pytest.approx(0.3)
    assert found.nme == pytest.approx((0.15 + 0.3) / 2)


def test_json_has_no_number_that_json_lacks() -> None:
    found = scores([[np.inf]], [[True]], [1.0], PAPER).to_json()
    assert found["nme"] is None
    assert json.loads(json.dumps(found, allow_nan=False))["pck"]["0.2"] == 0.0
