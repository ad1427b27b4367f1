"""Hands of several sources, and a source that is left out."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.calibration import (
    Observations,
    adjust,
    balanced,
    fit,
    leave_one_out,
    simulated,
)


def noisy(o: Observations, factor: float, share: float, seed: int = 0) -> Observations:
    """Blow the errors up, and add label noise in shares of each hand's size."""
    drawn = np.random.default_rng(seed).standard_normal(o.points.shape)
    return replace(o, target=o.points + factor * o.residual + share * o.size[:, None, None] * drawn)


def joined(*parts: Observations) -> Observations:
    names = [name for name, value in vars(parts[0]).items() if isinstance(value, np.ndarray)]
    return replace(parts[0], **{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


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
