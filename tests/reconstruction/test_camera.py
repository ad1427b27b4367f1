import numpy as np
import pytest

from likelihand.reconstruction.camera import Lens, moved, place, rotation_of, view
from likelihand.reconstruction.rig import ANGLES
from tests.reconstruction.hands import RIG, states

COUNT = 5
PARAMETERS = 6 + ANGLES + len(RIG.components)


@pytest.mark.parametrize(("focal", "distance"), [(0.0, 0.0), (1 / 400, 0.0), (0.0, 0.2)])
def test_derivatives_of_the_view_are_those_of_finite_differences(focal, distance):
    state, near, h = states(COUNT, 2, shaped=1.0), Lens(np.full(COUNT, focal), np.full(COUNT, distance)), 1e-6
    placed = place(RIG, state)
    _, by = view(state, placed, near)
    for k in range(PARAMETERS):
        step = np.zeros((COUNT, PARAMETERS))
        step[:, k] = h
        there = [moved(state, s * step) for s in (1, -1)]
        space = np.subtract(*(place(RIG, s).points for s in there)) / (2 * h)
        plane = np.subtract(*(view(s, place(RIG, s), near)[0] for s in there)) / (2 * h)
        np.testing.assert_allclose(placed.by[..., k], space, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(by[..., k], plane, rtol=1e-5, atol=1e-6)


def test_the_camera_is_a_pinhole():
    state, focal = states(COUNT, 3, shaped=1.0), 400.0
    placed = place(RIG, state)
    seen, _ = view(state, placed, Lens(np.full(COUNT, 1 / focal), np.zeros(COUNT)))
    scale, middle = np.exp(state.camera[:, :1]), state.camera[:, 1:]
    root = np.concatenate([middle / scale, focal / scale], 1)[:, None]
    points = placed.points + root
    np.testing.assert_allclose(seen, focal * points[..., :2] / points[..., 2:], rtol=1e-9)


def test_turns_are_rotations():
    turn = rotation_of(np.random.default_rng(0).normal(0, 2, (9, 3)))
    np.testing.assert_allclose(turn @ np.swapaxes(turn, 1, 2), np.tile(np.eye(3), (9, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turn), 1)
    assert np.isfinite(rotation_of(np.zeros((1, 3)))).all()
