"""The fit: it finds what was put in, holds on hands it never saw, and never rewards doubt."""

import math
from dataclasses import replace

import numpy as np
import pytest

from likelihand.calibration import Observations, compare, fit, halves, simulated
from likelihand.calibration.fit import covariance_of, distances
from likelihand.metrics.reliability import coverage
from likelihand.uncertainty import ONE_SIGMA, UNIT, mahalanobis


def with_spread(o: Observations, seed: int = 0) -> Observations:
    """Give heatmaps whose shape is the error's and whose size is that of the scale, both times a constant."""
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


def test_halves_keep_groups_together() -> None:
    o = replace(simulated(60), group=np.array([f"group {i // 6}" for i in range(60)]))
    chosen = halves(o, 0.3)
    assert chosen.sum() == 18
    assert not set(o.group[chosen]) & set(o.group[~chosen])
    with pytest.raises(ValueError, match="1 group"):
        halves(replace(o, group=np.full(60, "one")))


def test_the_comparison_tells_honest_from_not() -> None:
    o = simulated(400, seed=3, factor=0.7)
    calibration = fit(simulated(400, seed=4, factor=0.7))
    result = compare(o, calibration)
    calibrated, plain, constant = (
        result.total[name] for name in ("calibrated", "scale as it comes", "constant scale *")
    )
    assert calibrated.coverage[0.9] == pytest.approx(0.9, abs=0.02)
    assert plain.coverage[0.9] > 0.98
    assert calibrated.nll < constant.nll and calibrated.nll < plain.nll
    assert calibrated.aurc < constant.aurc
    assert calibrated.reduction > 0.3
    assert calibrated.confidence_error < 0.03 < plain.confidence_error
    assert result.total["1 - sigma (RLE)"].to_json()["coverage"]["0.9"] is None
    assert "calibrated" in str(result)


def test_the_comparison_fits_nothing_on_what_it_scores() -> None:
    """Each half's statement is made by the other half's fit alone."""
    o = simulated(100, seed=5)
    second = halves(o)
    spoilt = replace(o, target=np.where(second[:, None, None], o.points + 30.0, o.target))
    calibration = fit(o.take(~second))
    distance = mahalanobis(spoilt.residual[second], covariance_of(spoilt.take(second), calibration))
    from likelihand.calibration.compare import crossed

    where = np.broadcast_to(second[:, None], o.labelled.shape).ravel()
    np.testing.assert_allclose(crossed(spoilt)["probability"][where], calibration.radial.level(distance).ravel())


def test_visibility_and_data_sets_are_told_apart() -> None:
    o = simulated(200)
    visibility = np.where(np.arange(21) < 10, 2, 1).astype(np.int8) * np.ones((200, 1), np.int8)
    result = compare(
        replace(o, visibility=visibility, dataset=np.array(["a", "b"] * 100)), fit(simulated(200, seed=1))
    )
    assert set(result.by_visibility) == {"visible", "hidden"}
    assert result.by_visibility["visible"].keypoints == 2000
    assert set(result.by_dataset) == {"a", "b"}
