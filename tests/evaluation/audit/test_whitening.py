"""Residuals in units of what the model says: of unit covariance where it is honest."""

from dataclasses import replace

import numpy as np

from likelihand.evaluation.audit.whitening import whitening
from likelihand.evaluation.calibration import simulated


def test_whitened_residuals_of_an_honest_model_have_unit_covariance() -> None:
    o = simulated(600)
    z = np.einsum("nkij,nkj->nki", whitening(o), o.residual).reshape(-1, 2)
    covariance = np.cov(z.T)
    np.testing.assert_allclose(covariance / np.sqrt(np.linalg.det(covariance)), np.eye(2), atol=0.05)


def test_it_goes_with_the_size_of_the_crop() -> None:
    """Everything twice as large is worth the same."""
    o = simulated(200)
    large = replace(
        o, points=2 * o.points, target=2 * o.target, scale=2 * o.scale, length=2 * o.length, input_size=(192, 192)
    )
    np.testing.assert_allclose(2 * whitening(large), whitening(o), rtol=0.02)


def test_few_labels_are_whitened_by_the_models_own_scale() -> None:
    o = simulated(2)
    few = replace(o, labelled=o.labelled & (np.arange(21) < 2))
    np.testing.assert_allclose(whitening(few)[0, 0], np.diag(1 / o.scale[0, 0]))
