import pytest

from likelihand.multiview.regions import load_regions
from likelihand.uncertainty import ONE_SIGMA


def test_regions_are_of_the_number_of_cameras():
    regions = load_regions()
    assert len(regions.factors) == len(regions.angle_factors) == 3
    assert [regions.of(n) for n in (2, 4, 9)] == [
        (regions.factors[i], regions.angle_factors[i]) for i in (0, 2, 2)
    ]


def test_the_region_of_one_sigma_holds_as_much_as_a_gaussian_in_space():
    assert float(load_regions().radial.radius(ONE_SIGMA)) == pytest.approx(1.878, abs=0.03)
