import numpy as np
import pytest

from likelihand.reconstruction import ANGLE_INDEX, ANGLE_NAMES, fit
from likelihand.reconstruction.camera import State, place
from tests.reconstruction.hands import RIG, made


def test_angles_have_names_and_signs():
    assert len(ANGLE_NAMES) == len(ANGLE_INDEX) == 21
    assert ANGLE_NAMES[:2] == ("index_mcp_flexion", "index_pip_flexion")
    assert ANGLE_NAMES[-1] == "thumb_ip_flexion"


def bent(name, radians=0.3):
    """Return the keypoints (21, 3) of the mean hand with one angle bent, and of the straight hand."""
    angles = np.zeros((2, 21))
    angles[1, ANGLE_INDEX[name]] = radians
    turn = np.tile(np.eye(3), (2, 1, 1))
    points = place(RIG, State(turn, np.zeros((2, 3)), angles, np.zeros((2, len(RIG.components))))).points
    return points[1], points[0]


@pytest.mark.parametrize(
    ("name", "tip", "axis"),
    [
        ("index_mcp_flexion", 8, 2),
        ("little_pip_flexion", 20, 2),
        ("ring_dip_flexion", 16, 2),
        ("middle_mcp_abduction", 12, 0),
        ("thumb_cmc_radial_abduction", 4, 0),
        ("thumb_cmc_palmar_abduction", 4, 2),
    ],
)
def test_an_angle_that_grows_moves_the_tip_to_the_palm_or_to_the_side(name, tip, axis):
    more, straight = bent(name)
    assert more[tip, axis] > straight[tip, axis] + 0.02
    others = [k for k in range(21) if (k - 1) // 4 != (tip - 1) // 4]
    np.testing.assert_array_equal(more[others], straight[others])


def test_metres_and_names():
    found = fit(made(1)[0])[0]
    np.testing.assert_allclose(found.metres(0.2), 0.2 * found.joints)
    assert found.angle("thumb_ip_flexion") == found.angles[20]
    np.testing.assert_array_equal(found["index_tip"], found.joints[8])
    assert found.radius(0.9) > found.radius(0.5) > 0
