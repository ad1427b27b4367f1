"""Simulated hands err as they say."""

import numpy as np
import pytest

from likelihand.evaluation.calibration import simulated


@pytest.mark.parametrize("factor", [1.0, 2.5])
def test_residuals_over_scale_are_standard_normal_times_the_factor(factor: float) -> None:
    o = simulated(400, seed=1, factor=factor)
    z = o.residual / o.scale
    assert z.std() == pytest.approx(factor, rel=0.02)
    assert abs(z.mean()) < 0.03 * factor
    assert (np.abs(z) < factor).mean() == pytest.approx(0.6827, abs=0.01)


def test_a_seed_makes_the_same_hands() -> None:
    np.testing.assert_array_equal(simulated(3, seed=4).points, simulated(3, seed=4).points)
