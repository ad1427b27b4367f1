"""The fit: it finds what was put in, holds on hands it never saw, and never rewards doubt."""

import math
from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration import fit, simulated
from likelihand.evaluation.calibration.fit import covariance_of, distances, table_of
from likelihand.evaluation.metrics.reliability import coverage
from likelihand.uncertainty import ONE_SIGMA, UNIT, Calibration


def with_spread(o: Predictions, seed: int = 0) -> Predictions:
    """Return predictions whose spread has the error's shape and the scale's size, both times a constant."""
    rng = np.random.default_rng(seed)
    correlation = rng.uniform(-0.9, 0.9, o.labelled.shape)
    covariance = np.empty((*o.labelled.shape, 2, 2))
    covariance[..., 0, 0], covariance[..., 1, 1] = o.scale[..., 0] ** 2, o.scale[..., 1] ** 2
    covariance[..., 0, 1] = covariance[..., 1, 0] = correlation * o.scale.prod(-1)
    drawn = np.einsum("nkij,nkj->nki", np.linalg.cholesky(covariance), rng.standard_normal(o.points.shape))
    return replace(o, spread=9.0 * covariance, target=o.points + drawn)


@pytest.mark.parametrize("factor", [0.25, 1.0, 7.0])
def test_it_finds_the_factor(factor: float) -> None:
    """A model whose errors are `factor` times its scale: C = factor^2 diag(scale^2)."""
    o = simulated(500, factor=factor)
    found = covariance_of(o, fit(o))
    expected = factor**2 * o.scale[..., None] ** 2 * np.eye(2)
    ratio = np.sqrt(np.linalg.det(found) / np.linalg.det(expected)) ** 0.5
    assert ratio == pytest.approx(np.ones_like(ratio), rel=0.1)


def test_it_finds_the_shape_of_the_heatmaps() -> None:
    o = with_spread(simulated(500))
    calibration = fit(o)
    without = fit(replace(o, spread=None))
    size = [np.linalg.det(covariance_of(o, c)).mean() for c in (calibration, without)]
    assert calibration.scale + calibration.spread == pytest.approx(1.0, abs=0.1)
    assert size[0] < 0.8 * size[1]


def test_regions_hold_what_they_say_on_hands_it_never_saw() -> None:
    seen, unseen = simulated(400, seed=1, factor=3.0), simulated(1500, seed=2, factor=3.0)
    calibration = fit(seen)
    probability = calibration.radial.level(distances(unseen, calibration)).ravel()
    np.testing.assert_allclose(coverage(probability, [0.5, 0.68, 0.9, 0.95]), [0.5, 0.68, 0.9, 0.95], atol=0.02)


def test_the_table_is_normed() -> None:
    calibration = fit(simulated(200, factor=2.0))
    assert float(calibration.radial.level(UNIT)) == pytest.approx(ONE_SIGMA, abs=1e-5)


def test_it_is_not_thrown_by_wrong_labels() -> None:
    o = simulated(500)
    wrong = np.random.default_rng(0).uniform(size=o.labelled.shape) < 0.05
    spoilt = replace(o, target=np.where(wrong[..., None], o.target + 40.0, o.target))
    ratio = np.linalg.det(covariance_of(o, fit(spoilt))) / np.linalg.det(covariance_of(o, fit(o)))
    assert 0.5 * math.log(np.median(ratio)) == pytest.approx(0.0, abs=0.2)


def test_a_scale_that_misleads_is_not_followed() -> None:
    """Where a larger scale goes with smaller errors, the exponent stays at 0 and not below."""
    o = simulated(300)
    misled = replace(o, scale=1.0 / o.scale)
    assert fit(misled).scale == 0.0


def test_unlabelled_keypoints_count_for_nothing() -> None:
    o = simulated(300)
    labelled = np.random.default_rng(0).uniform(size=o.labelled.shape) < 0.5
    spoilt = replace(o, labelled=labelled, target=np.where(labelled[..., None], o.target, 1e6))
    assert fit(spoilt) == fit(replace(o, labelled=labelled))


def test_fixed_exponents_stay() -> None:
    calibration = fit(with_spread(simulated(300)), scale=0.0, spread=1.0)
    assert (calibration.scale, calibration.spread) == (0.0, 1.0)


def test_too_few_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="189 labelled keypoints are too few"):
        fit(simulated(9))


@pytest.mark.parametrize("size", [1.0, 37.3])
def test_a_table_of_equal_distances_survives_its_file(size) -> None:
    """Six digits of a file must not make one of two quantiles."""
    distance = size * np.repeat([0.0, 0.3, 1.0, 12.3456789], [20, 30, 400, 50])
    _, table = table_of(distance)
    said = Calibration(1.0, 0.0, 0.0, table, "x").to_json()
    read = Calibration.from_json(said).radial
    np.testing.assert_allclose(read.radii, table.radii, rtol=1e-5, atol=1e-12)
