import numpy as np
import pytest
from scipy.stats import t

from likelihand.reconstruction.density import Evidence, depth_misfit, misfit, tail_of, whitening
from likelihand.uncertainty import GAUSSIAN, ONE_SIGMA, UNIT, RadialTable


def evidence_of_tail(freedom, width):
    points, whiten, nothing = np.zeros((1, 21, 2)), np.zeros((1, 21, 2, 2)), np.zeros(1)
    tail, flat = (np.array([freedom]), np.array([width])), np.zeros((2, 1, 21))
    return Evidence(points, whiten, *tail, nothing, nothing, np.zeros((1, 10)), np.zeros((1, 10, 10)), *flat)


def test_whitening_gives_the_mahalanobis_distance():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(21, 2, 2))
    covariance, residual = root @ np.swapaxes(root, 1, 2), rng.normal(size=(21, 2, 1))
    white = whitening(covariance) @ residual
    expected = np.swapaxes(residual, 1, 2) @ np.linalg.inv(covariance) @ residual
    np.testing.assert_allclose((white**2).sum(1), expected[..., 0], rtol=1e-9)


def test_the_tail_of_depths_is_students():
    squared = np.linspace(0, 30, 7)
    loss, weight = depth_misfit(squared)
    np.testing.assert_allclose(-loss, t.logpdf(np.sqrt(squared), 4) - t.logpdf(0, 4), atol=1e-12)
    h = 1e-6
    np.testing.assert_allclose(weight, (depth_misfit(squared + h)[0] - loss) / h * 2, rtol=1e-5)


def test_a_table_of_a_t_distribution_is_found_again():
    freedom, levels = 5.0, np.linspace(0, 0.999, 800)
    radii = np.sqrt(freedom * np.expm1(-2 / freedom * np.log1p(-levels)))
    unit = np.sqrt(freedom * np.expm1(-2 / freedom * np.log1p(-ONE_SIGMA)))
    table = RadialTable(tuple(levels), tuple(radii * UNIT / unit), freedom / 2)
    found = tail_of(table)
    assert found.freedom == pytest.approx(freedom, rel=0.05)
    assert found.width == pytest.approx((UNIT / unit) ** 2, rel=0.05)


def test_the_gaussian_has_weight_one():
    tail = tail_of(GAUSSIAN)
    evidence = evidence_of_tail(tail.freedom, tail.width)
    loss, weight = misfit(evidence, np.full((1, 21), 9.0))
    np.testing.assert_allclose(loss, 4.5, rtol=1e-4)
    np.testing.assert_allclose(weight, 1.0, rtol=1e-4)


def test_weights_are_twice_the_derivative_of_the_misfit():
    evidence = evidence_of_tail(4.0, 0.7)
    squared, h = np.geomspace(1e-3, 1e3, 21)[None], 1e-6
    ends = (misfit(evidence, squared * (1 + s * h))[0] for s in (1, -1))
    np.testing.assert_allclose(misfit(evidence, squared)[1], np.subtract(*ends) / (squared * h), rtol=1e-6)
