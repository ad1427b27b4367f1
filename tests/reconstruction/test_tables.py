import numpy as np
import pytest

from likelihand.reconstruction.tables import load_tables
from likelihand.uncertainty import ONE_SIGMA
from tests.reconstruction.hands import RIG


def test_the_prior_has_its_gradient_and_lies_below_its_quadratic():
    prior, rng = load_tables().prior, np.random.default_rng(0)
    angles, h = prior.means[:6] + rng.normal(0, 0.2, (6, 21)), 1e-6
    value, gradient, curvature = prior.of(angles)
    for k in range(21):
        step = h * np.eye(21)[k]
        numeric = (prior.of(angles + step)[0] - prior.of(angles - step)[0]) / (2 * h)
        np.testing.assert_allclose(gradient[:, k], numeric, rtol=1e-4, atol=1e-5)
    step = rng.normal(0, 0.3, (6, 21))
    bound = value + (gradient * step).sum(1) + 0.5 * np.einsum("ni,nij,nj->n", step, curvature, step)
    assert (prior.of(angles + step)[0] <= bound + 1e-9).all()


def test_the_prior_integrates_as_a_mixture_does():
    prior = load_tables().prior
    assert prior.shares.sum() == pytest.approx(1, abs=1e-3)
    assert (np.linalg.eigvalsh(prior.covariances) > 0).all()


def test_the_table_holds_unit_vectors_that_are_orthogonal_to_their_axes():
    np.testing.assert_allclose(np.linalg.norm(RIG.directions, axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(RIG.axes, axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose((RIG.directions * RIG.axes).sum(-1), 0, atol=1e-12)


def test_the_regions_of_one_sigma_hold_as_much_as_a_gaussian_in_space():
    assert load_tables().regions.radial.radius(ONE_SIGMA) == pytest.approx(1.878, abs=0.03)
