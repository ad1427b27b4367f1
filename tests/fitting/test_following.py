from dataclasses import replace

import numpy as np
import pytest

from likelihand.fitting import FitSettings, fit, hand_length
from likelihand.fitting.camera import Lens, place, view
from likelihand.fitting.evidence import evidence_of
from likelihand.fitting.following import state_after
from likelihand.fitting.solver import Weights, linearise
from likelihand.fitting.tables import load_tables
from likelihand.hand import BONES
from tests.fitting.hands import RIG, hand_of, made, states

CAMERA = np.array([[900.0, 0, 310], [0, 700.0, 190], [0, 0, 1]])


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("camera", [None, CAMERA])
def test_a_fit_is_the_state_that_it_came_from(side, camera):
    hands = [hand_of(h.points, 2.0, side) for h in made(5, seed=20)[0]]
    fits, tables = fit(hands, camera), load_tables()
    evidence, frames = evidence_of([(h, side) for h in hands], camera, FitSettings().model_error, 5.0)
    value = linearise(tables, evidence, state_after(tables, fits, frames), Weights()).value
    np.testing.assert_allclose(-value, [f.log_posterior for f in fits], rtol=1e-9)


def test_the_next_frame_starts_from_the_last():
    hands = made(6, seed=21)[0]
    before = fit([hand_of(h.points, 2.0) for h in hands])
    moved = [hand_of(1.02 * h.points + [4.0, -3.0], 2.0) for h in hands]
    for one, other in zip(fit(moved, after=before), fit(moved), strict=True):
        assert one.log_posterior > other.log_posterior - 0.2


def test_a_hand_that_is_elsewhere_is_searched_anew():
    one, other = made(2, seed=22)[0]
    before = fit([hand_of(one.points, 2.0)])
    (found,), (anew,) = fit([hand_of(other.points, 2.0)], after=before), fit([hand_of(other.points, 2.0)])
    assert found.log_likelihood > before[0].log_likelihood - 0.3 or found.log_posterior == anew.log_posterior


def test_another_side_or_no_fit_starts_anew():
    hand = hand_of(made(1, seed=23)[0][0].points, 2.0)
    left = fit([hand_of(hand.points, 2.0, "left")])
    (plain,) = fit([hand])
    for after in (left, [None], None):
        np.testing.assert_array_equal(fit([hand], after=after)[0].joints, plain.joints)
    with pytest.raises(ValueError, match="after has 0 fits for 1 hands"):
        fit([hand], after=[])


def test_one_shape_is_learnt_over_a_track():
    """Bones are steadier, and nearer to the truth, than where every frame finds the shape anew."""
    state = states(1, seed=24, shaped=1.0)
    tilted = [state._replace(angles=state.angles + 0.01 * i) for i in range(24)]
    placed, lens = [place(RIG, s) for s in tilted], Lens(np.zeros(1), np.zeros(1))
    rng, forgetful, learning = np.random.default_rng(0), [], []
    old = new = None
    for s, p in zip(tilted, placed, strict=True):
        hand = hand_of(view(s, p, lens)[0][0] + rng.normal(0, 3.0, (21, 2)), 3.0)
        (old,), (new,) = fit([hand], after=[old]), fit([hand], after=[new])
        old = replace(old, stiffness=np.zeros_like(old.stiffness))
        forgetful.append(bones(old.joints))
        learning.append(bones(new.joints))
    truth = bones(placed[0].points[0] / hand_length(placed[0].points)[0])
    assert np.std(learning[8:], 0).mean() < 0.8 * np.std(forgetful[8:], 0).mean()
    assert np.abs(learning[-1] - truth).mean() < np.abs(np.array(forgetful[8:]) - truth).mean()
    values = np.linalg.eigvalsh(new.stiffness)
    assert values[0] >= -1e-9 and np.isfinite(new.form).all()


def bones(joints):
    return np.array([np.linalg.norm(joints[b] - joints[a]) for a, b in BONES])
