import numpy as np
import pytest

from likelihand.synth.render import material as m
from likelihand.synth.render.attributes import Spot
from likelihand.synth.render.texture import linear_of_lab, noise, noise_volume, pattern, reflectance
from likelihand.synth.scene.materials import hand_material


def test_noise_is_periodic_continuous_and_hits_the_lattice() -> None:
    volume = noise_volume()
    np.testing.assert_allclose(noise(volume, 3 / 32, 5 / 32, 7 / 32), volume[3, 5, 7], atol=1e-6)
    np.testing.assert_allclose(noise(volume, 0.3, 0.6, 0.9), noise(volume, 1.3, -0.4, 2.9), atol=1e-5)
    steps = [noise(volume, x, 0.2, 0.7)[0] for x in np.linspace(0, 1, 3201)]
    assert np.abs(np.diff(steps)).max() < 0.02
    assert steps[0] == pytest.approx(steps[-1])


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [((100, 0, 0), (1, 1, 1)), ((0, 0, 0), (0.001,) * 3), ((53.24, 80.09, 67.2), (1, 0.001, 0.001))],
)
def test_lab_of_white_black_and_red(lab: tuple[float, ...], rgb: tuple[float, ...]) -> None:
    np.testing.assert_allclose(linear_of_lab(*map(float, lab)), rgb, atol=4e-3)


def place(**values: float) -> Spot:
    return Spot(**dict.fromkeys(Spot._fields, 0.0) | {"along": -1.0} | {k: float(v) for k, v in values.items()})


def light(row: np.ndarray, spot: Spot) -> float:
    return float(np.mean(reflectance(row, spot, noise_volume())[:3]))


def test_palms_of_dark_hands_are_lighter_than_their_backs() -> None:
    row = hand_material(np.random.default_rng(0), varied=False)
    row[m.LIGHTNESS], row[m.VEIN], row[m.HAIR], row[m.FRECKLE] = 30.0, 0, 0, 0
    back, palm = place(x=0.1, y=0.5), place(x=0.1, y=0.5, palm=1.0)
    assert light(row, palm) > 1.3 * light(row, back)


def test_sleeve_ring_watch_and_glove_lie_where_they_should() -> None:
    row = hand_material(np.random.default_rng(1), varied=False)
    row[m.SLEEVE_START], row[m.CLOTH_R : m.CLOTH_B + 1], row[m.PATTERN] = 0.5, (0.0, 0.0, 0.9), 0
    r, _, b, _, skin = reflectance(row, place(arm=0.9, y=-0.9), noise_volume())
    assert b > 5 * r and skin == 0
    assert reflectance(row, place(arm=0.3, y=-0.3), noise_volume())[4] > 0.9
    row[m.RING_FINGER], row[m.METAL_R : m.METAL_B + 1] = 4, (0.7, 0.6, 0.2)
    assert reflectance(row, place(finger=4, along=0.55), noise_volume())[:3] == pytest.approx((0.7, 0.6, 0.2))
    assert reflectance(row, place(finger=3, along=0.55), noise_volume())[4] > 0.9
    row[m.GLOVE_END] = 0.2
    assert reflectance(row, place(finger=3, along=1.5), noise_volume())[4] == 0


def test_nails_shine_more_than_skin() -> None:
    row = hand_material(np.random.default_rng(2), varied=False)
    nail = reflectance(row, place(finger=2, along=2.7, raised=0.9), noise_volume())
    pad = reflectance(row, place(finger=2, along=2.7, raised=-0.9, palm=1.0), noise_volume())
    assert nail[3] > 2 * pad[3]


def test_patterns_stay_in_range_and_plain_is_plain() -> None:
    rng = np.random.default_rng(0)
    for kind in range(5):
        values = [pattern(float(kind), 20.0, *rng.uniform(-1, 1, 3)) for _ in range(200)]
        assert min(values) >= 0 and max(values) <= 1
        assert (max(values) > 0.9) == (kind > 0)
