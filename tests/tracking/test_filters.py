"""The filter against closed forms, the textbook's matrices, and the symmetries that it must have."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.linalg import solve_discrete_are

from likelihand import geometry
from likelihand.tracking.filters import PointFilter, Smoothing, spread, steady_gain

T = 1 / 30
UNIT = np.eye(2)


def covariances(rng: np.random.Generator, count: int = 21, size: float = 3.0) -> Any:
    root = rng.normal(0, size, (count, 2, 2))
    return root @ root.transpose(0, 2, 1) + 0.1 * UNIT


def walk(rng: np.random.Generator, frames: int = 12, count: int = 21) -> tuple[Any, Any]:
    points = rng.normal(0, 60, (count, 2)) + rng.normal(0, 9, (frames, 1, 2)).cumsum(0)
    return points + rng.normal(0, 2, (frames, count, 2)), np.stack(
        [covariances(rng, count) for _ in range(frames)]
    )


def steps(follow: PointFilter, points: Any, noise: Any, seconds: Any = T) -> list[Any]:
    times = np.broadcast_to(seconds, len(points))
    return [follow.step(p, c, t) for p, c, t in zip(points, noise, times, strict=True)]


def riccati(index: float) -> tuple[float, float]:
    """Solve for the gain with SciPy: T = 1, R = 1, q = index."""
    move, see = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    q = index * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])
    p = solve_discrete_are(move.T, see.T, q, np.eye(1))
    gain = p @ see.T / (see @ p @ see.T + 1)
    return float(gain[0, 0]), float(gain[1, 0])


@pytest.mark.parametrize("index", [1e-4, 0.03, 1.0, 17.0, 400.0])
def test_steady_gain_solves_the_riccati_equation(index: float) -> None:
    np.testing.assert_allclose(steady_gain(index), riccati(index), rtol=1e-7)


def test_steady_gain_at_both_ends() -> None:
    assert steady_gain(0.0) == (0.0, 0.0)
    assert steady_gain(1e9)[0] == pytest.approx(1, abs=1e-4)
    with pytest.raises(ValueError, match="tracking index is -1"):
        steady_gain(-1)


@pytest.mark.parametrize("scale", [0.5, 4.0, 30.0])
def test_the_gain_settles_at_its_closed_form(scale: float) -> None:
    """After a hundred frames of one covariance a push by d moves a point by alpha d, its velocity by beta d/T."""
    s = Smoothing(still=2.0, moving=0.0, noise=0.7, floor=1e-9)
    corners = np.array([[0.0, 0.0], [60.0, 0.0], [60.0, 60.0], [0.0, 60.0]])
    noise = np.tile(scale**2 * UNIT, (4, 1, 1))
    follow = PointFilter(s)
    steps(follow, np.tile(corners, (100, 1, 1)), noise[None].repeat(100, 0))
    push = 0.01 * scale * np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    after = follow.step(corners + push, noise, T)
    alpha, beta = steady_gain((2.0 * spread(corners)) ** 2 * T**3 / (0.7 * scale) ** 2)
    np.testing.assert_allclose(after.points - corners, alpha * push, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(after.velocity, beta * push / T, rtol=1e-6, atol=1e-8)


def test_one_step_is_the_textbooks() -> None:
    """F P F^T + Q and the gain, written out with 4 x 4 matrices for one of the points."""
    rng = np.random.default_rng(0)
    points, noise = walk(rng, 3, 5)
    s = Smoothing(gate=1e9, floor=0.01)
    follow = PointFilter(s)
    follow.step(points[0], noise[0])
    size = spread(points[0])
    state, p = np.append(points[0][2], [0, 0]), np.zeros((4, 4))
    p[:2, :2] = s.noise**2 * noise[0][2] + (0.01 * size) ** 2 * UNIT
    p[2:, 2:] = (s.speed * size) ** 2 * UNIT
    q = (s.still * size) ** 2
    block = np.kron
    move = block([[1, T], [0, 1]], UNIT)
    p = move @ p @ move.T + q * block([[T**3 / 3, T**2 / 2], [T**2 / 2, T]], UNIT)
    see = np.eye(2, 4)
    observed = s.noise**2 * noise[1][2] + (0.01 * size) ** 2 * UNIT
    gain = p @ see.T @ np.linalg.inv(see @ p @ see.T + observed)
    state = state + gain @ (points[1][2] - state[:2])
    after = follow.step(points[1], noise[1], T)
    np.testing.assert_allclose(after.points[2], state[:2], rtol=1e-10)
    np.testing.assert_allclose(after.velocity[2], state[2:], rtol=1e-8)


def test_two_unseen_steps_are_one_long_one() -> None:
    rng = np.random.default_rng(1)
    points, noise = walk(rng, 4)
    one, two = (PointFilter(Smoothing(moving=0.0)) for _ in range(2))
    for follow in (one, two):
        steps(follow, points, noise)
    long = one.step(None, seconds=0.3)
    two.step(None, seconds=0.1)
    short = two.step(None, seconds=0.2)
    np.testing.assert_allclose(short.points, long.points, rtol=1e-12)
    # the hand's spread, and with it q, moves a little between the two short steps
    np.testing.assert_allclose(short.covariance, long.covariance, rtol=0.05, atol=1)
    assert not long.used.any()


@settings(max_examples=20, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(0.05, 20), st.floats(-900, 900), st.integers(0, 999))
def test_it_turns_grows_and_moves_with_the_hand(radians: float, scale: float, shift: float, seed: int) -> None:
    points, noise = walk(np.random.default_rng(seed))
    points[5, 3] += 200
    points[7, 4] = np.nan
    there = geometry.translation(shift, -shift) @ geometry.rotation(radians) @ geometry.scaling(scale)
    here, moved = PointFilter(), PointFilter()
    plain = steps(here, points, noise)
    other = steps(
        moved,
        [geometry.transform_points(there, p) for p in points],
        [geometry.transform_covariances(there, c) for c in noise],
    )
    for a, b in zip(plain, other, strict=True):
        np.testing.assert_allclose(geometry.transform_points(there, a.points), b.points, atol=1e-6 * (1 + scale))
        np.testing.assert_allclose(
            geometry.transform_covariances(there, a.covariance), b.covariance, rtol=1e-5, atol=1e-6 * scale**2
        )
        assert (a.used == b.used).all()


def test_sure_observations_are_followed_and_unsure_ones_are_not() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(0, 60, (21, 2))
    sigma = np.where(np.arange(21) % 2, 0.3, 12.0)
    noise = sigma[:, None, None] ** 2 * UNIT
    follow = PointFilter(Smoothing(still=1.0, moving=1.0, noise=0.4))
    jitter = [base + sigma[:, None] * rng.normal(0, 0.3, (21, 2)) for _ in range(80)]
    smooth = np.stack([s.points for s in steps(follow, jitter, np.tile(noise, (80, 1, 1, 1)))])[30:]
    moved = np.sqrt((np.diff(smooth, axis=0) ** 2).mean((0, 2)))
    given_ = np.sqrt((np.diff(np.stack(jitter), axis=0)[30:] ** 2).mean((0, 2)))
    share = moved / given_
    assert share[sigma > 1].max() < 0.5 * share[sigma < 1].min()


def test_an_exact_observation_is_believed() -> None:
    points, _ = walk(np.random.default_rng(3))
    after = steps(PointFilter(Smoothing(floor=1e-9)), points, np.full((len(points), 21, 2, 2), 0.0))
    np.testing.assert_allclose(after[-1].points, points[-1], atol=1e-6)


@pytest.mark.parametrize("times", [[T], [0.02, 0.05, 0.033, 0.1]])
def test_no_lag_behind_a_constant_velocity(times: list[float]) -> None:
    rng = np.random.default_rng(4)
    base, noise = rng.normal(0, 60, (21, 2)), covariances(rng)
    velocity, now, follow = np.array([400.0, -250.0]), 0.0, PointFilter()
    for frame in range(60):
        seconds = times[frame % len(times)]
        now += seconds
        after = follow.step(base + velocity * now, noise, seconds)
    np.testing.assert_allclose(after.points, base + velocity * now, atol=0.02)
    np.testing.assert_allclose(follow.expected(0.5), base + velocity * (now + 0.5), atol=0.5)


def test_an_outlier_pulls_no_harder_than_at_the_gate_and_a_stubborn_one_is_believed() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(0, 60, (21, 2))
    noise = np.tile(4.0 * UNIT, (21, 1, 1))

    def seen_at(*away: float, gate: float = 13.8) -> Any:
        follow = PointFilter(Smoothing(patience=2, gate=gate))
        steps(follow, np.tile(base, (20, 1, 1)), noise[None].repeat(20, 0))
        moved = [base + np.where(np.arange(21)[:, None] == 8, [x, 0.0], 0.0) for x in away]
        return [np.hypot(*(s.points[8] - base[8])) for s in steps(follow, moved, noise[None].repeat(len(away), 0))]

    free = [seen_at(x, gate=1e9)[0] for x in (1.0, 90.0)]
    assert free[1] == pytest.approx(90 * free[0])
    bound = [seen_at(x)[0] for x in (1.0, 90.0, 900.0)]
    assert bound[0] == free[0] and bound[1] < 0.3 * free[1]
    assert bound[2] == pytest.approx(bound[1], rel=1e-6)
    assert seen_at(900.0, 900.0, 900.0)[2] == pytest.approx(900)


def test_a_hand_that_starts_to_move_is_no_outlier() -> None:
    rng = np.random.default_rng(6)
    base = rng.normal(0, 60, (21, 2))
    noise = np.tile(4.0 * UNIT, (21, 1, 1))
    follow = PointFilter()
    steps(follow, np.tile(base, (20, 1, 1)), noise[None].repeat(20, 0))
    after = follow.step(base + np.array([80.0, 40.0]), noise, T)
    assert after.used.all()
    np.testing.assert_allclose(after.points, base + np.array([80.0, 40.0]), atol=8.0)


def test_points_that_are_not_seen_go_on_and_grow_unsure() -> None:
    rng = np.random.default_rng(7)
    base, noise = rng.normal(0, 60, (21, 2)), covariances(rng)
    follow = PointFilter()
    for frame in range(30):
        follow.step(base + np.array([4.0 * frame, 0.0]), noise, T)
    before = None
    for frame in range(30, 34):
        seen = base + np.array([4.0 * frame, 0.0])
        seen[3] = np.nan
        after = follow.step(seen, noise, T)
        assert np.isfinite(after.points).all() and not after.used[3] and after.used[4]
        np.testing.assert_allclose(after.points[3], base[3] + np.array([4.0 * frame, 0.0]), atol=0.1)
        assert before is None or np.linalg.eigvalsh(after.covariance[3] - before).min() > 0
        before = after.covariance[3]


@pytest.mark.parametrize(
    ("points", "noise", "seconds", "message"),
    [
        (np.zeros((3, 3)), None, T, r"points have shape \(3, 3\)"),
        (np.zeros((4, 2)), None, T, "4 points after 5"),
        (np.zeros((5, 2)), np.zeros((5, 2)), T, r"covariance has shape \(5, 2\)"),
        (np.zeros((5, 2)), None, -0.1, "-0.1 seconds since the last frame"),
        (np.zeros((5, 2)), None, np.nan, "nan seconds"),
    ],
)
def test_what_does_not_fit_is_told(points: Any, noise: Any, seconds: float, message: str) -> None:
    follow = PointFilter()
    follow.step(np.arange(10.0).reshape(5, 2))
    with pytest.raises(ValueError, match=message):
        follow.step(points, noise, seconds)


def test_the_first_frame_needs_every_point() -> None:
    with pytest.raises(ValueError, match="first frame must show every point"):
        PointFilter().step(np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="seen nothing yet"):
        PointFilter().expected(0.1)


@pytest.mark.parametrize("wrong", [{"still": 0}, {"gate": -1}, {"noise": float("nan")}, {"moving": -1}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"smoothing's {next(iter(wrong))}"):
        Smoothing(**wrong)  # type: ignore[arg-type]
