"""From what a model said to its calibrations: which base is fitted, and what is kept of the one before."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration import Recipe, calibrate, fit, simulated
from likelihand.uncertainty import PHOTOS, RENDERED, Calibrations


def rendered(hands: int, seed: int = 0, factor: float = 1.0) -> Predictions:
    return replace(simulated(hands, seed, factor), dataset=np.full(hands, "synthetic"))


def test_rendered_hands_make_the_base_and_others_keep_it() -> None:
    ((base, told),) = calibrate(Recipe(), [rendered(300)], [], Calibrations())
    assert (base.name, base.looks) == (RENDERED, 1) and "checked on 90 other hands" in told
    ((photos, _),) = calibrate(Recipe(), [simulated(300, 1, 2.0)], [], Calibrations((base,)))
    assert (photos.name, photos.source) == (PHOTOS, "210 hands of simulated")
    assert (photos.scale, photos.spread, photos.offset) == (base.scale, base.spread, base.offset)
    assert photos.factor == pytest.approx(2 * base.factor, rel=0.1)


def test_what_the_edge_adds_is_kept_from_the_rendered_ones() -> None:
    base = replace(fit(rendered(300)), name=RENDERED, edge_hand=0.2, edge_keypoint=0.3)
    ((photos, told),) = calibrate(Recipe(), [simulated(300)], [], Calibrations((base,)))
    assert (photos.edge_hand, photos.edge_keypoint) == (0.2, 0.3) and "at the edge 0.20 + 0.30" in told


def test_without_a_base_photos_make_their_own() -> None:
    ((photos, _),) = calibrate(Recipe(), [simulated(300)], [], Calibrations())
    assert photos.name == PHOTOS and photos.factor == pytest.approx(1.0, rel=0.1)


def test_balance_fits_on_all_and_checks_on_each_source() -> None:
    both = simulated(300)
    both = replace(both, dataset=np.array(["a (one)", "b"] * 150))
    ((calibration, told),) = calibrate(Recipe(name="mine", balance=True), [both], [], Calibrations())
    assert (calibration.name, calibration.source) == ("mine", "300 hands of a, b")
    assert "each source scored by a fit on the others" in told and "mean over sources" in told
