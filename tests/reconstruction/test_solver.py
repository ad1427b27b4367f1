from dataclasses import replace

import numpy as np
import pytest

from likelihand.reconstruction.camera import moved
from likelihand.reconstruction.evidence import evidence_of
from likelihand.reconstruction.rig import ANGLE_LIMITS
from likelihand.reconstruction.solver import Weights, linearise, solve
from likelihand.reconstruction.starts import starts
from likelihand.reconstruction.tables import load_tables
from tests.reconstruction.hands import hand_of, made

TABLES = load_tables()


def begun(distance=5.0, camera=None, depth=None):
    known = {} if depth is None else {"depth": depth, "depth_scale": np.full(21, 9.0)}
    hands = [replace(hand_of(h.points, 3.0), **known) for h in made(4, seed=15)[0]]
    evidence, _ = evidence_of([(h, "right") for h in hands], camera, 0.01, distance)
    return evidence, starts(TABLES, evidence, 1)


@pytest.mark.parametrize("depth", [None, np.linspace(-30, 40, 21)])
@pytest.mark.parametrize("camera", [None, np.array([[700.0, 0, 300], [0, 650, 200], [0, 0, 1]])])
def test_the_gradient_is_that_of_finite_differences(camera, depth):
    evidence, state = begun(camera=camera, depth=depth)
    assert evidence.sharp.any() == (depth is not None)
    weights, h = Weights(0.7, 1.3, 0.9), 1e-6
    gradient = linearise(TABLES, evidence, state, weights).gradient
    for k in range(gradient.shape[1]):
        step = np.zeros((4, gradient.shape[1]))
        step[:, k] = h
        ends = [linearise(TABLES, evidence, moved(state, s * step), weights).value for s in (1, -1)]
        np.testing.assert_allclose(gradient[:, k], np.subtract(*ends) / (2 * h), rtol=1e-4, atol=1e-3)


def test_the_search_only_gains_and_stays_within_limits():
    evidence, state = begun()
    values = [linearise(TABLES, evidence, state, Weights()).value]
    for steps in (1, 3, 8, 30):
        solved = solve(TABLES, evidence, state, Weights(), steps)
        values.append(solved.local.value)
        assert (solved.state.angles >= ANGLE_LIMITS[:, 0]).all()
        assert (solved.state.angles <= ANGLE_LIMITS[:, 1]).all()
    assert (np.diff(values, axis=0) <= 1e-12).all()


def test_at_the_end_nothing_pulls_but_the_limits():
    evidence, state = begun()
    solved = solve(TABLES, evidence, state, Weights(), 300, tolerance=1e-13)
    free = (solved.state.angles > ANGLE_LIMITS[:, 0]) & (solved.state.angles < ANGLE_LIMITS[:, 1])
    pull = np.abs(solved.local.gradient)
    start = np.abs(linearise(TABLES, evidence, state, Weights()).gradient).max()
    assert pull[:, :6].max() < 1e-3 * start
    assert (pull[:, 6:27] * free).max() < 1e-3 * start
