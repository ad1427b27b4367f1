import numpy as np
import pytest

from likelihand.fitting.tables import load_tables
from likelihand.uncertainty import ONE_SIGMA
from tests.fitting.hands import RIG


def test_the_table_holds_unit_vectors_that_are_orthogonal_to_their_axes():
    np.testing.assert_allclose(np.linalg.norm(RIG.directions, axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(RIG.axes, axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose((RIG.directions * RIG.axes).sum(-1), 0, atol=1e-12)


def test_the_regions_of_one_sigma_hold_as_much_as_a_gaussian_in_space():
    assert load_tables().regions.radial.radius(ONE_SIGMA) == pytest.approx(1.878, abs=0.03)
