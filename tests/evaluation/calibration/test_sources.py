"""Hands of several sources, and a source that is left out."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration import (
    adjust,
    balanced,
    cross_fitted,
    fit,
    halves,
    leave_one_out,
    simulated,
)
from likelihand.evaluation.calibration.fit import distances, table_of
from likelihand.evaluation.structures import joined as put_together
from likelihand.uncertainty import ONE_SIGMA, Calibration


def noisy(o: Predictions, factor: float, share: float, seed: int = 0) -> Predictions:
    """Blow the errors up, and add label noise in shares of each hand's size."""
    drawn = np.random.default_rng(seed).standard_normal(o.points.shape)
    return replace(o, target=o.points + factor * o.residual + share * o.size[:, None, None] * drawn)


def joined(*parts: Predictions) -> Predictions:
    return put_together(parts, np.arange(sum(map(len, parts))))


def test_a_source_is_scored_by_a_fit_on_the_others() -> None:
    """Each errs by its own factor: told of the other alone, the wild one is held too small, the tame too large."""
    wild = replace(noisy(simulated(100, seed=2), 4.0, 0.0), dataset=np.full(100, "wild (sample)"))
    o = joined(simulated(300, seed=1), wild)
    base = fit(simulated(300))
    scores = leave_one_out(o, lambda told: adjust(told, base, weight=balanced(told)))
    assert set(scores.sources) == {"simulated", "wild"}
    level = 3  # the 68 % region
    assert scores.sources["simulated"][level] > 0.95 and scores.sources["wild"][level] < 0.2
    assert scores.pooled[level] == pytest.approx(
        (300 * scores.sources["simulated"][level] + 100 * scores.sources["wild"][level]) / 400
    )
    assert scores.mean[level] == pytest.approx(np.mean([s[level] for s in scores.sources.values()]))
    assert "mean over sources" in str(scores)
    with pytest.raises(ValueError, match="all hands are of the source 'simulated'"):
        leave_one_out(simulated(30), lambda told: base)


def several(factors: Sequence[float], seed: int) -> Predictions:
    """Sources of forty hands, each erring by its own factor."""
    parts = [noisy(simulated(40, seed=seed + i), factor, 0.0, seed + i) for i, factor in enumerate(factors)]
    return joined(*(replace(o, dataset=np.full(40, f"source {i}")) for i, o in enumerate(parts)))


def test_regions_hold_on_sources_that_no_fit_saw() -> None:
    """Plain fits hold less than they say in the mean over sources left out; cross-fitted ones do not."""
    base = fit(simulated(300))

    def plain(some: Predictions) -> Calibration:
        return adjust(some, base, weight=balanced(some))

    short = []
    for seed in range(0, 600, 100):
        o = several(np.exp(np.random.default_rng(seed).normal(0, 0.6, 6)), seed)
        scores = [leave_one_out(o, each).mean[3] for each in (plain, partial(cross_fitted, fitted=plain))]
        short.append(ONE_SIGMA - np.array(scores))
    once, crossed = np.mean(short, axis=0)
    assert once > 0.01
    assert abs(crossed) < 0.5 * once


def test_sources_alike_change_nothing() -> None:
    o = several([1.0] * 8, seed=1)
    base = fit(simulated(300))
    once = adjust(o, base, weight=balanced(o))
    crossed = cross_fitted(o, lambda some: adjust(some, base, weight=balanced(some)))
    assert crossed.factor == pytest.approx(once.factor, rel=0.02)
    np.testing.assert_allclose(crossed.radial.radius([0.5, 0.9]), once.radial.radius([0.5, 0.9]), rtol=0.03)


def test_a_fit_that_ignores_the_source_keeps_its_distances() -> None:
    o, base = several([1.0, 2.0, 3.0], seed=1), fit(simulated(300))
    crossed = cross_fitted(o, lambda some: base)
    unit, table = table_of(distances(o, base)[o.labelled], balanced(o)[o.labelled])
    assert crossed.factor == pytest.approx(unit, rel=1e-5)
    np.testing.assert_allclose(crossed.radial.radius([0.5, 0.9]), table.radius([0.5, 0.9]), rtol=1e-4)


def test_too_few_sources_stay_with_the_fit() -> None:
    base = fit(simulated(300))
    assert cross_fitted(simulated(30), lambda some: base) is base
    assert cross_fitted(several([1.0, 2.0], 0).take(np.arange(80) % 40 < 9), lambda some: base) is base


def test_halves_keep_groups_together() -> None:
    o = replace(simulated(60), group=np.array([f"group {i // 6}" for i in range(60)]))
    chosen = halves(o, 0.3)
    assert chosen.sum() == 18
    assert not set(o.group[chosen]) & set(o.group[~chosen])
    with pytest.raises(ValueError, match="1 group"):
        halves(replace(o, group=np.full(60, "one")))
