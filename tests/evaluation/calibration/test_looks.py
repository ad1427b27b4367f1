"""Several looks at one hand: one as it is, more as a mixture."""

from dataclasses import replace

import numpy as np

from likelihand.evaluation.calibration import fit, join, simulated


def test_one_look_is_left_as_it_is() -> None:
    o = simulated(3)
    assert join([o], None) is o


def test_looks_that_say_the_same_keep_their_points_and_what_differs_widens_the_region() -> None:
    one = simulated(40)
    base = fit(one)
    alike = join([one, one], base)
    np.testing.assert_allclose(alike.points, one.points)
    away = replace(one, points=one.points + np.array([3.0, 0.0]))
    apart = join([one, away], base)
    assert alike.covariance is not None and apart.covariance is not None
    grown = apart.covariance[..., 0, 0] - alike.covariance[..., 0, 0]
    np.testing.assert_allclose(grown, 9 / 4, rtol=1e-6)  # two points 3 apart, of equal weight
    np.testing.assert_allclose(apart.points, one.points + np.array([1.5, 0.0]))
