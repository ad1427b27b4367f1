"""The figures of the video study on made-up tracks whose answers are known."""

import importlib
from pathlib import Path

import numpy as np
import pytest

for package in ("av", "numba", "matplotlib"):
    pytest.importorskip(package)

SHAPE = np.random.default_rng(0).uniform(-50, 50, (21, 2))
SIZE = np.ptp(SHAPE, axis=0).max()
SECONDS = np.arange(90) / 30
PATH = np.stack([100 * np.sin(4 * SECONDS), 40 * np.cos(7 * SECONDS)], 1)


@pytest.fixture(scope="module")
def tool():
    return importlib.import_module("experiments.video_study")


def clip(tool):
    points = (SHAPE + PATH[:, None])[:, None]
    return tool.Clip("c", Path("none"), SECONDS, points, np.ones((90, 1), bool), ["right"])


def run_of(tool, points, number=0):
    return tool.Run(points, points, np.full((90, 1), number), [["right"]] * 90, 0)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.055, -0.01])
def test_lag_is_the_delay(tool, delay):
    late = np.stack([np.interp(SECONDS - delay, SECONDS, column) for column in PATH.T], 1)
    points = (SHAPE + 3.0 + late[:, None])[:, None]
    assert tool.lag(points, clip(tool).points, SECONDS) == pytest.approx(delay, abs=2e-3)


def test_a_still_hand_has_no_lag(tool):
    still = np.tile(SHAPE, (90, 1, 1, 1))
    assert np.isnan(tool.lag(still, still, SECONDS))


def test_jitter_is_the_change_of_the_error(tool):
    truth = clip(tool)
    steady = tool.score(truth, run_of(tool, truth.points + 5.0), True)
    assert steady.jitter == pytest.approx(0, abs=1e-9)
    assert steady.error == pytest.approx(100 * np.hypot(5, 5) / SIZE)
    shaking = truth.points + np.where(np.arange(90) % 2, 1.0, -1.0)[:, None, None, None] * np.array([1.0, 0.0])
    assert tool.score(truth, run_of(tool, shaking), True).jitter == pytest.approx(100 * 2 / SIZE)


def test_lost_swapped_and_wrong_sides(tool):
    truth = clip(tool)
    result = run_of(tool, truth.points)
    result.number[30:39] = -1
    result.number[60:] = 1
    result.side = [["right"]] * 80 + [["left"]] * 10
    row = tool.score(truth, result, True)
    assert row.lost == pytest.approx(10) and row.swaps == 1
    assert row.side == pytest.approx(100 * 71 / 81)
