"""Hands of several sources, and a source that is left out."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration import (
    adjust,
    balanced,
    fit,
    halves,
    leave_one_out,
    simulated,
)
from likelihand.evaluation.structures import joined as put_together


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


def test_halves_keep_groups_together() -> None:
    o = replace(simulated(60), group=np.array([f"group {i // 6}" for i in range(60)]))
    chosen = halves(o, 0.3)
    assert chosen.sum() == 18
    assert not set(o.group[chosen]) & set(o.group[~chosen])
    with pytest.raises(ValueError, match="1 group"):
        halves(replace(o, group=np.full(60, "one")))
