import numpy as np

from experiments.models.teacher import Seen, direction, geometric_median, join, upright
from likelihand.data import DrawnHands
from likelihand.geometry import rotation, transform_points


def test_the_geometric_median_ignores_one_look_far_off() -> None:
    looks = np.random.default_rng(0).normal(0, 1, (9, 21, 2))
    looks[0] += 1000
    assert np.linalg.norm(geometric_median(looks, np.ones(9)), axis=1).max() < 1.5
    square = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]])[:, None]
    np.testing.assert_allclose(geometric_median(square, np.ones(4)), [[1, 1]])


def test_the_upright_look_turns_with_the_hand() -> None:
    points = DrawnHands(1).record(0).points
    for turn in (0.3, -2.0, 3.0):
        moved = transform_points(rotation(turn), points)
        there, here = upright(moved, 2.0), upright(points, 2.0)
        assert abs(there.side - here.side) < 1e-6
        np.testing.assert_allclose(there.centre, transform_points(rotation(turn), here.centre[None])[0])
        off = there.radians - here.radians - turn
        assert abs((off + np.pi) % (2 * np.pi) - np.pi) < 1e-6
        assert abs(direction(moved) - there.radians) < 1e-12


def test_what_is_apart_is_noisy() -> None:
    points = DrawnHands(1).record(0).points
    seen = Seen(points, np.full(21, 0.5), 1.0, 1.0)
    covariance = np.tile(np.eye(2), (21, 1, 1))
    own = points.copy()
    own[3] += 20
    joined, noise = join(seen, own, covariance)
    np.testing.assert_allclose(np.delete(joined, 3, 0), np.delete(points, 3, 0))
    assert noise[3] > np.linalg.norm([20, 20]) / 2 > 5 * noise[2]
    between = (joined[3] - points[3]) / 20
    assert 0 < between[0] < 1 and abs(between[0] - between[1]) < 1e-12
