"""What the picture's edge adds is found where it was put, and confidence there holds what it says."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration import at_edge, fit, fit_edge, simulated
from likelihand.evaluation.calibration.scores import scores_of

DOWN = np.array([0.0, 200.0])


def at_the_edge(hands: int, seed: int, hand: float, keypoint: float) -> Predictions:
    """Hands of a picture that ends somewhere between them; errors near the edge are larger by known factors."""
    o = simulated(hands, seed)
    right = np.random.default_rng(seed).uniform(40, 140, hands)
    o = replace(o, picture=np.stack([np.full(hands, 500.0), right], 1), points=o.points + DOWN)
    w = o.nearness
    grown = np.exp(hand * w.max(1, keepdims=True) + keypoint * w)[..., None]
    target = o.points + grown * (o.target + DOWN - o.points)
    inside = ((target >= 0) & (target <= o.picture[:, None, ::-1])).all(-1)
    return replace(o, target=target, inside=inside)


@pytest.mark.parametrize(("hand", "keypoint"), [(0.0, 0.0), (0.3, 0.0), (0.1, 0.6)])
def test_what_was_put_in_is_found(hand: float, keypoint: float) -> None:
    found = fit_edge(at_the_edge(600, 1, hand, keypoint), fit(simulated(600)))
    assert found.edge_hand == pytest.approx(hand, abs=0.06)
    assert found.edge_keypoint == pytest.approx(keypoint, abs=0.1)


def test_confidence_holds_inside_and_outside() -> None:
    """Without the edge, what is estimated outside is said to be far surer than it is."""
    base = fit(simulated(600))
    found = fit_edge(at_the_edge(600, 1, 0.2, 0.8), base)
    o = at_the_edge(600, 2, 0.2, 0.8)
    for part in (o.estimate_inside, ~o.estimate_inside):
        said, true = scores_of(o, found)[3:, part[o.labelled]].mean(1)
        assert said == pytest.approx(true, abs=0.03)
    said, true = scores_of(o, base)[3:, ~o.estimate_inside[o.labelled]].mean(1)
    assert said > true + 0.1
    table = at_edge(o, found)
    assert all(name in table for name in ("estimated outside", "truly outside", "said", "true"))


def test_hands_far_from_the_edge_tell_nothing_of_it() -> None:
    far = replace(simulated(100), picture=np.full((100, 2), 1000.0), points=simulated(100).points + 300.0)
    with pytest.raises(ValueError, match="0 labelled keypoints lie at the picture's edge"):
        fit_edge(far, fit(simulated(100)))
