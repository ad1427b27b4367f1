"""Calibrations for several looks, for photos, and how they hold on sources that were left out."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.evaluation import Predictions, predictions, predictions_by_look
from likelihand.evaluation.calibration import (
    adjust,
    balanced,
    compare,
    covariance_of,
    fit,
    join,
    simulated,
)
from likelihand.evaluation.metrics.reliability import coverage
from likelihand.evaluation.structures import joined as put_together
from likelihand.geometry import transform_points
from likelihand.inference import Predictor
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.tta import LOOKS
from likelihand.uncertainty import Calibrations, mahalanobis

LEVELS = (0.5, 0.68, 0.9, 0.95)


def noisy(o: Predictions, factor: float, share: float, seed: int = 0) -> Predictions:
    """Blow the errors up, and add label noise in shares of each hand's size."""
    drawn = np.random.default_rng(seed).standard_normal(o.points.shape)
    return replace(o, target=o.points + factor * o.residual + share * o.size[:, None, None] * drawn)


def held(o: Predictions, calibration: object) -> np.ndarray:
    distance = mahalanobis(o.residual, covariance_of(o, calibration))  # type: ignore[arg-type]
    return coverage(calibration.radial.level(distance)[o.labelled], LEVELS)  # type: ignore[attr-defined]


def test_it_finds_factor_and_added_noise() -> None:
    base = fit(simulated(600))
    found = adjust(noisy(simulated(600, seed=1), 1.5, 0.04), base, name="photos", added_noise=True)
    assert found.factor == pytest.approx(1.5, rel=0.1)
    assert found.added == pytest.approx(0.04, abs=0.008)
    assert (found.scale, found.spread, found.offset) == (base.scale, base.spread, base.offset)
    np.testing.assert_allclose(held(noisy(simulated(600, seed=2), 1.5, 0.04, 1), found), LEVELS, atol=0.015)


def test_noise_that_is_not_there_is_not_added() -> None:
    assert adjust(simulated(600, seed=1), fit(simulated(600)), added_noise=True).added <= 0.0025


def test_each_source_counts_alike() -> None:
    """A large clean source and a small one that errs four times as much: the middle of both, not the large one."""
    clean, wild = simulated(500, seed=1), noisy(simulated(30, seed=2), 4.0, 0.0)
    o = joined(clean, replace(wild, dataset=np.full(30, "wild")))
    base = fit(clean)
    weighted = adjust(o, base, weight=balanced(o))
    shares = [held(part, weighted) for part in (clean, wild)]
    np.testing.assert_allclose(np.mean(shares, axis=0), LEVELS, atol=0.03)
    assert held(wild, adjust(o, base))[1] < held(wild, weighted)[1] - 0.2


def joined(*parts: Predictions) -> Predictions:
    return put_together(parts, np.arange(sum(map(len, parts))))


class Noisy:
    """A runtime that answers with the crop's middle, moved by what it sees: each look errs in another way."""

    metadata = ModelMetadata(size=(64, 64))
    shape = np.random.default_rng(0).uniform(16, 48, (21, 2))

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        moved = [np.random.default_rng(int(c.sum())).normal(0, 2, (21, 2)) for c in crops]
        scales = [np.random.default_rng(int(c.sum()) + 1).uniform(1, 3, (21, 2)) for c in crops]
        return {"points": self.shape + np.array(moved), "scale": np.array(scales)}


@pytest.mark.parametrize("looks", [1, 2, 4])
def test_looks_are_joined_as_the_predictor_joins_them(looks: int) -> None:
    """Points of `join` are the predictor's, and `covariance_of` states what the predictor states."""
    data, runtime = DrawnHands(16, size=64), Noisy()
    seen = predictions_by_look(runtime, data, LOOKS[:looks], progress=False)
    base = fit(predictions(runtime, data, progress=False))
    calibration = adjust(join(seen, base), base, looks=looks, added_noise=True)
    runtime.metadata = ModelMetadata(size=(64, 64), calibrations=Calibrations((calibration,)))
    o, predict = join(seen, base), Predictor(runtime, tta=looks)
    stated = covariance_of(o, calibration)
    for n, index in enumerate(o.index):
        record = data.record(int(index))
        hand = predict(record.read(), [record.box])[0]
        np.testing.assert_allclose(o.points[n], transform_points(o.crop_from_image[n], hand.points), atol=1e-4)
        turn = o.crop_from_image[n][:2, :2]
        np.testing.assert_allclose(stated[n], turn @ hand.covariance @ turn.T, rtol=1e-4)
        np.testing.assert_array_equal(o.estimate_inside[n], hand.inside)


def test_several_looks_are_compared_too() -> None:
    one = simulated(200)
    o = join([one, one], fit(one))
    result = compare(o, adjust(o, fit(one), looks=2))
    assert {"looks as they come", "calibrated", "fitted on the other half", "constant scale *"} == set(
        result.total
    )
    assert result.total["calibrated"].coverage[0.9] == pytest.approx(0.9, abs=0.02)


def test_correct_is_measured_by_the_box_that_confidence_speaks_of() -> None:
    """Two tips of a hand are labelled, close together: their own box would call a good estimate wrong."""
    o = simulated(50)
    few = np.zeros((50, 21), bool)
    few[:, [4, 8]] = True
    target = o.points + 1.0
    target[:, 8] = target[:, 4] + 0.5
    partly = replace(o, labelled=few, target=target, length=np.full(50, 0.5))
    right = np.linalg.norm(partly.residual, axis=-1) <= 0.1 * (o.points.max(1) - o.points.min(1)).max(-1)[:, None]
    np.testing.assert_array_equal(partly.correct, right)
    assert partly.correct[:, 4].all()
    np.testing.assert_allclose(partly.error[:, 4], np.sqrt(2) / o.size)
    scores = compare(partly, fit(o)).total["calibrated"]
    assert scores.error < 1.0
