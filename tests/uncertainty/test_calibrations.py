"""Several calibrations of one model: which is chosen, and what is stated in the end."""

import numpy as np
import pytest

from likelihand.uncertainty import ONE_SIGMA, UNIT, Calibration, Calibrations, RadialTable

TABLE = RadialTable((0.0, ONE_SIGMA), (0.0, UNIT), 1.0)


def entry(name: str, looks: int, factor: float = 1.0, added: float = 0.0) -> Calibration:
    return Calibration(1.0, 0.0, 0.0, TABLE, "", name, looks, factor, added)


KNOWN = Calibrations((entry("rendered", 1), entry("rendered", 4), entry("mine", 2)))


@pytest.mark.parametrize(
    ("name", "looks", "expected"),
    [
        (None, 1, ("rendered", 1)),
        (None, 3, ("rendered", 1)),
        (None, 9, ("rendered", 4)),
        ("mine", 4, ("mine", 2)),
        ("mine", 1, None),
    ],
)
def test_the_most_looks_below_stand_in(name: str | None, looks: int, expected: tuple[str, int] | None) -> None:
    chosen = KNOWN.choose(name, looks)
    assert (chosen and (chosen.name, chosen.looks)) == expected


def test_photos_come_first_then_rendered_then_any() -> None:
    assert KNOWN.default == "rendered"
    assert KNOWN.put(entry("photos", 4)).default == "photos"
    assert Calibrations((entry("mine", 1),)).default == "mine"
    assert Calibrations().default is None and Calibrations().choose() is None


def test_one_is_put_in_the_place_of_its_like() -> None:
    more = KNOWN.put(entry("rendered", 4, factor=2.0)).put(entry("rendered", 2)).put(entry("photos", 1))
    assert [(c.name, c.looks, c.factor) for c in more.entries] == [
        ("rendered", 1, 1.0), ("rendered", 2, 1.0), ("rendered", 4, 2.0), ("mine", 2, 1.0), ("photos", 1, 1.0),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="two calibrations 'mine' for 2 look"):
        Calibrations((entry("mine", 2), entry("mine", 2)))


def test_what_is_stated_goes_with_the_pictures_scale_and_turn() -> None:
    """Stated in a crop and taken to the image, or stated in the image: the same, for a turn and a zoom."""
    c, calibration = np.array([[4.0, 1.0], [1.0, 9.0]]), entry("photos", 1, 1.4, 0.03)
    turn = 2.5 * np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    taken = turn @ calibration.stated(c, 60.0) @ turn.T
    np.testing.assert_allclose(calibration.stated(turn @ c @ turn.T, 2.5 * 60.0), taken)


def test_each_hand_has_its_own_size() -> None:
    stated = entry("photos", 1, 1.0, 0.1).stated(np.zeros((2, 21, 2, 2)), np.array([[10.0], [20.0]]))
    np.testing.assert_allclose(stated[0], np.tile(np.eye(2), (21, 1, 1)))
    np.testing.assert_allclose(stated[1], np.tile(4.0 * np.eye(2), (21, 1, 1)))
