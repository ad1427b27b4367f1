"""Radial laws: densities integrate to their levels, chances are what sampling gives."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from likelihand.uncertainty import (
    GAUSSIAN,
    ONE_SIGMA,
    UNIT,
    Gaussian,
    RadialTable,
    chance_within,
)

TABLE = RadialTable((0.0, 0.3, ONE_SIGMA, 0.9, 0.98), (0.0, 0.7, UNIT, 2.4, 4.0), 1.3)

TILTED = np.array([[5.0, 2.0], [2.0, 1.5]])

SETTINGS = st.floats(0.01, 0.99)


@pytest.mark.parametrize("radial", [GAUSSIAN, TABLE])
def test_a_radial_density_integrates_to_its_level(radial: Gaussian | RadialTable) -> None:
    """The chance of a distance below r is the integral of the density over the disc."""
    for radius in (0.5, UNIT, 3.0, 9.0):
        edges = np.linspace(0, radius, 200_001)
        middle = (edges[1:] + edges[:-1]) / 2
        integral = (np.exp(radial.log_density(middle)) * 2 * math.pi * middle).sum() * (edges[1] - edges[0])
        assert integral == pytest.approx(float(radial.level(radius)), abs=1e-4)


@given(SETTINGS)
def test_radius_is_the_inverse_of_level(level: float) -> None:
    for radial in (GAUSSIAN, TABLE):
        assert float(radial.level(radial.radius(level))) == pytest.approx(level, abs=1e-9)


def test_a_table_holds_its_quantiles_and_a_power_law_beyond() -> None:
    assert TABLE.level(TABLE.radii).tolist() == pytest.approx(list(TABLE.levels))
    assert float(TABLE.level(8.0)) == pytest.approx(1 - 0.02 * 2.0 ** (-2 * 1.3))


@pytest.mark.parametrize(
    "arguments",
    [
        ((0.0, 0.5), (0.0, 0.0), 1.0),
        ((0.1, 0.5), (0.0, 1.0), 1.0),
        ((0.0, 1.0), (0.0, 1.0), 1.0),
        ((0.0, 0.5), (0.0, 1.0), 0.0),
        ((0.0, 0.5), (0.0, math.inf), 1.0),
        ((0.0, 0.5, 0.4), (0.0, 1.0, 2.0), 1.0),
    ],
)
def test_a_wrong_table_is_refused(arguments: tuple[tuple[float, ...], tuple[float, ...], float]) -> None:
    with pytest.raises(ValueError, match="calibrate the model again"):
        RadialTable(*arguments)


@pytest.mark.parametrize("radial", [GAUSSIAN, TABLE])
def test_the_chance_within_a_distance_is_what_sampling_gives(radial: Gaussian | RadialTable) -> None:
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 2 * math.pi, 200_000)
    radius = radial.radius(rng.uniform(0, 1, angle.size))
    drawn = (radius * np.stack([np.cos(angle), np.sin(angle)])).T @ np.linalg.cholesky(TILTED).T
    for distance in (0.5, 2.0, 5.0):
        share = (np.hypot(*drawn.T) <= distance).mean()
        assert float(chance_within(distance, TILTED, radial)) == pytest.approx(share, abs=0.004)


@given(st.floats(0.1, 10), st.floats(1.01, 4), st.floats(0.05, 20))
def test_confidence_falls_as_the_covariance_grows(size: float, growth: float, distance: float) -> None:
    small, large = (float(chance_within(distance, s * TILTED, TABLE)) for s in (size, growth * size))
    assert large < small
