"""Times of frames: true stamps are kept, others lead neither astray nor on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from likelihand.tracking.times import Clock, Jump

RATE = 30.0
TRUE = np.arange(60) / RATE


def times(stamps: Sequence[Any] | NDArray[Any], rate: float = RATE, **options: Any) -> list[float]:
    """Run a clock over stamps and check what holds whatever they are."""
    items = list(Clock(rate, **options).timed(enumerate(stamps)))
    assert [item for item, _ in items] == list(range(len(stamps)))
    seconds = [t for _, t in items]
    assert np.isfinite(seconds).all() and (np.diff(seconds) > 0).all()
    return seconds


@pytest.mark.parametrize(
    "stamps",
    [
        [0.0, 0.04, 0.1, 0.13, 0.3, 0.31, 0.35, 0.4, 0.52, 0.6],
        [1.4, 1.44, 6.0, 6.001, 6.04, 15.9, 15.94],  # a start later than 0, pauses, a hurried frame
        [60.0 * i for i in range(20)],  # one frame a minute
        [0.033 * i + 0.012 * (i % 2) for i in range(40)],
        [50_000 + i / 29.97 for i in range(40)],
    ],
)
@pytest.mark.parametrize("rate", [12.0, 30.0, 240.0])
def test_uneven_times_that_can_be_true_are_kept(stamps: list[float], rate: float) -> None:
    assert times(stamps, rate) == stamps


@pytest.mark.parametrize("announced", [12.0, 30.0, 60.0])
@pytest.mark.parametrize("tick", [0.1, 0.099, 0.04, 0.5, 1.0])
def test_coarse_stamps_are_spread(tick: float, announced: float) -> None:
    stamps = np.floor(TRUE / tick + 1e-9) * tick
    seconds = times(stamps, announced)
    settled = np.abs(np.array(seconds) - TRUE)
    assert settled.max() < tick + 1 / RATE
    assert abs(seconds[-1] - TRUE[-1]) <= max(1 / announced, tick / 10) + 1 / RATE
    if tick == 0.1:
        np.testing.assert_allclose(seconds, TRUE, atol=1e-9)


@pytest.mark.parametrize("wrong", [5000.0, -5000.0, 1.5, None, float("nan"), float("inf")])
@pytest.mark.parametrize("place", [[0], [1], [20], [20, 21], [20, 25, 30], [59]])
def test_single_wrong_stamps_are_passed_over(place: list[int], wrong: float | None) -> None:
    stamps: list[Any] = TRUE.tolist()
    for i in place:
        stamps[i] = wrong
    if wrong == 1.5 and place == [59]:
        stamps[59] = 1.0
    np.testing.assert_allclose(times(stamps), TRUE, atol=1 / RATE + 1e-9)


@pytest.mark.parametrize("jump", [3600.0, 95443.7, 11.0, -0.5, -1.0, -3600.0])
def test_a_clock_that_jumps_is_set_by_the_frame_rate(jump: float) -> None:
    stamps = TRUE + 3600 + np.where(TRUE > 0.99, jump, 0.0)
    clock = Clock(RATE)
    seconds = [t for _, t in clock.timed(enumerate(stamps))]
    np.testing.assert_allclose(seconds, TRUE + 3600, atol=1e-6)
    assert clock.jumps == [Jump(30, pytest.approx(jump + 1 / RATE))]


@pytest.mark.parametrize("jump", [1322.8284285615957, 446.5328523752493, -0.7, -3600.1])
def test_coarse_stamps_of_a_clock_that_jumps(jump: float) -> None:
    stamps = np.floor(TRUE / 0.1 + 1e-9) * 0.1 + np.where(TRUE > 0.99, jump, 0.0) + 1.37
    seconds = np.array(times(stamps)) - 1.37
    np.testing.assert_allclose(seconds, TRUE, atol=0.07)
    assert np.diff(seconds).min() > 0.01


def test_there_and_back() -> None:
    stamps = TRUE + np.where((TRUE > 0.5) & (TRUE < 1.2), 1000.0, 0.0)
    np.testing.assert_allclose(times(stamps), TRUE, atol=1e-6)


def test_a_gap_of_hours_can_be_believed() -> None:
    stamps = TRUE + np.where(TRUE > 1.0, 7200.0, 0.0)
    assert times(stamps, longest_gap=np.inf) == stamps.tolist()


def test_stamps_in_the_order_of_decoding_do_not_stretch() -> None:
    order = np.arange(60).reshape(-1, 4)[:, [0, 3, 1, 2]].ravel()
    seconds = times(TRUE[order])
    assert np.abs(np.array(seconds) - TRUE).max() <= 3 / RATE and seconds[-1] <= TRUE[-1] + 1 / RATE


@pytest.mark.parametrize("stamp", [None, 0.0, 7.0])
def test_without_stamps_the_frame_rate_is_all_there_is(stamp: float | None) -> None:
    np.testing.assert_allclose(times([stamp] * 300), (stamp or 0.0) + np.arange(300) / RATE, atol=1e-9)


def test_few_frames() -> None:
    assert times([]) == [] and times([1.4]) == [1.4] and times([None]) == [0.0]
    assert times([5.0, 5.0]) == pytest.approx([5.0, 5.0 + 1 / RATE])


def test_one_frame_is_held_where_all_is_well() -> None:
    given = 0

    def counted() -> Any:
        nonlocal given
        for i, t in enumerate(TRUE):
            given = i + 1
            yield i, t

    for i, _ in Clock(RATE).timed(counted()):
        assert given <= i + 2


MICROSECONDS = st.integers(-(10**12), 10**12).map(lambda count: count / 1e6)  # no time base of films is finer
STAMP = st.none() | MICROSECONDS | st.sampled_from([0.0, 0.1, float("nan"), float("inf")])


@settings(deadline=None, max_examples=40)
@given(st.lists(STAMP, max_size=60), st.floats(1.0, 240.0))
def test_times_rise_whatever_the_stamps_are(stamps: list[float | None], rate: float) -> None:
    times(stamps, rate)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.sampled_from([0.001, 0.1, 0.25]))
def test_a_film_is_never_stretched(seed: int, tick: float) -> None:
    """Coarse stamps, one of ten wrong: no time is further off than a tick and some frames."""
    rng = np.random.default_rng(seed)
    stamps = np.floor(TRUE / tick + 1e-9) * tick
    wrong = 10 * np.arange(5) + rng.integers(1, 10, 5)  # a pause after the first frame may be true
    stamps[wrong] = rng.uniform(-100, 100, 5)
    assert np.abs(np.array(times(stamps)) - TRUE).max() < 2 * tick + 5 / RATE


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"rate": float("nan")}, {"rate": 30.0, "longest_gap": -1.0}])
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="give a number above 0"):
        Clock(**wrong)
