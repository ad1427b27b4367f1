import numpy as np
import pytest

from likelihand.data import corruptions as c
from likelihand.geometry import box_of_points, invert, transform_points

SIZE = (96, 128)


def picture(seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def even(value, size=(256, 256)):
    return np.full((*size, 3), value, np.uint8)


PIXELS = {
    "grey": lambda image, rng: c.grey(image),
    "infrared": c.infrared,
    "dark": c.dark,
    "gaussian_noise": c.gaussian_noise,
    "tint": lambda image, rng: c.tint(image, hue=rng.random()),
    "darker_skin": lambda image, rng: c.darker_skin(image, np.eye(*image.shape[:2]) > 0),
    "jpeg": lambda image, rng: c.jpeg(image, quality=20),
    "blur": lambda image, rng: c.blur(image, sigma=2.0),
    "thermal": lambda image, rng: c.thermal(image),
}


@pytest.mark.parametrize("name", PIXELS)
def test_shape_type_purity_and_determinism(name):
    image = picture()
    before = image.copy()
    first, second = (PIXELS[name](image, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == image.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, image)


@pytest.mark.parametrize("name", ["infrared", "dark", "gaussian_noise"])
def test_another_generator_draws_other_noise(name):
    image = picture()
    first, second = (PIXELS[name](image, np.random.default_rng(seed)) for seed in (0, 1))
    assert (first != second).mean() > 0.5


def test_every_code_survives_decoding_and_encoding():
    codes = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(c.srgb_from_linear(c.linear_from_srgb(codes)), codes)


def test_grey_keeps_luminance_and_drops_colour():
    image = picture()
    turned = c.grey(image)
    assert (turned == turned[..., :1]).all()
    weights = np.array([0.2126, 0.7152, 0.0722])
    expected = c.linear_from_srgb(image) @ weights
    away = np.abs(c.linear_from_srgb(turned)[..., 0] - expected)
    assert away.max() < 0.005  # half a code, at most 0.0045 of light
    np.testing.assert_array_equal(c.grey(turned), turned)


def test_infrared_sees_skin_brighter_than_blue_cloth_of_the_same_luminance():
    rng = np.random.default_rng(0)
    skin, cloth = (
        c.infrared(even(v), rng, falloff=0, sigma=0)[0, 0, 0] for v in ((200, 140, 110), (110, 155, 220))
    )
    assert skin > c.grey(even((200, 140, 110)))[0, 0, 0] + 20
    assert cloth < c.grey(even((110, 155, 220)))[0, 0, 0] - 20


def test_infrared_lamp_falls_off_as_cos4_and_is_symmetric():
    light = c.linear_from_srgb(c.infrared(even(255, (101, 101)), np.random.default_rng(0), falloff=1.0, sigma=0))
    assert light[0, 0, 0] == pytest.approx(0.25, abs=0.005)
    assert light[50, 0, 0] == pytest.approx((1 / 1.5) ** 2, abs=0.005)
    np.testing.assert_array_equal(light, light[::-1, ::-1])


@pytest.mark.parametrize("value", [120, 188, 255])
def test_shot_noise_has_the_mean_and_a_variance_proportional_to_the_signal(value):
    exposure, electrons = 0.25, 400.0
    light = float(c.linear_from_srgb(np.array(value, np.uint8)))
    taken = c.linear_from_srgb(
        c.dark(even(value), np.random.default_rng(5), exposure=exposure, electrons=electrons, read=0)
    )
    mean = exposure * light
    assert taken.mean() == pytest.approx(mean, rel=0.01)
    assert taken.var() == pytest.approx(mean / electrons, rel=0.03)


def test_reading_adds_its_own_variance():
    taken = c.linear_from_srgb(
        c.dark(even(188), np.random.default_rng(5), exposure=0.25, electrons=400.0, read=10)
    )
    assert taken.var() == pytest.approx(taken.mean() / 400 + (10 / 400) ** 2, rel=0.03)


def test_gaussian_noise_has_its_mean_its_sigma_and_no_correlation():
    noise = c.gaussian_noise(even(128), np.random.default_rng(0), sigma=20).astype(float) - 128
    assert abs(noise.mean()) < 0.2
    assert noise.std() == pytest.approx(20, rel=0.01)
    assert abs((noise[:, 1:] * noise[:, :-1]).mean()) < 4
    assert abs((noise[..., 0] * noise[..., 1]).mean()) < 4


def test_white_light_tints_nothing_and_the_mean_of_the_channels_stays():
    image = picture()
    np.testing.assert_array_equal(c.tint(image, hue=0.3, strength=0.0), image)
    light = c.linear_from_srgb(c.tint(even(90), hue=0.7))
    assert light.mean() == pytest.approx(float(c.linear_from_srgb(even(90)).mean()), rel=0.01)
    red, green, blue = light[0, 0]
    assert blue > 3 * green
    assert red > green  # 0.7 of a turn lies between blue and magenta


def test_skin_gets_darker_in_the_hand_and_its_arm_alone():
    image = even((90, 130, 90), (120, 120))
    image[20:60, 40:80] = image[60:, 50:70] = (210, 150, 125)  # hand and arm
    image[20:60, 100:115] = (210, 150, 125)  # of the same colour, elsewhere
    region = np.zeros((120, 120), bool)
    region[30:50, 50:70] = True
    darker = c.darker_skin(image, region)
    np.testing.assert_allclose(darker[[40, 64], 60].astype(int), [[125, 74, 52]] * 2, atol=1)
    np.testing.assert_array_equal(darker[30:50, 104:110], image[30:50, 104:110])
    np.testing.assert_allclose(darker[:10], image[:10], atol=1)  # CIELAB and back
    np.testing.assert_allclose(c.darker_skin(image, region, factor=1.0), image, atol=1)


def test_dark_skin_keeps_hue_and_chroma():
    import cv2

    pale = even((210, 150, 125), (32, 32))
    darker = c.darker_skin(pale, np.ones((32, 32), bool), factor=0.7)
    before, after = (cv2.cvtColor(i.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0] for i in (pale, darker))
    assert after[0] == pytest.approx(0.7 * before[0], abs=0.5)
    assert after[1:] == pytest.approx(before[1:], abs=0.7)


def test_no_labelled_point_leaves_the_skin_as_it_is():
    image = picture()
    region = c.hand_region(np.zeros((21, 2)), np.zeros(21), SIZE)
    assert not region.any()
    np.testing.assert_array_equal(c.darker_skin(image, region), image)


def test_worse_jpegs_are_further_away():
    from likelihand.data.drawn import DrawnHands

    image = DrawnHands(1).record(0).read()
    away = [np.abs(c.jpeg(image, quality=q).astype(int) - image).mean() for q in (95, 20, 8)]
    assert away == sorted(away)
    assert away[0] < 4 < away[2]


def test_blur_keeps_the_mean_and_moves_nothing():
    dot = np.zeros((41, 41, 3), np.uint8)
    dot[18:21, 21:24] = 255
    light = c.blur(dot, sigma=2.0)[..., 0].astype(float)
    assert light.sum() == pytest.approx(9 * 255, rel=0.02)
    y, x = np.mgrid[:41, :41]
    assert (light * x).sum() / light.sum() == pytest.approx(22, abs=0.02)
    assert (light * y).sum() / light.sum() == pytest.approx(19, abs=0.02)
    assert (light * (x - 22) ** 2).sum() / light.sum() == pytest.approx(4 + 2 / 3, rel=0.05)


def test_thermal_palette_grows_with_brightness():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    shown = c.thermal(ramp)
    assert (np.diff(c.grey(shown)[0, :, 0].astype(int)) >= -1).all()
    assert tuple(shown[0, 255]) == (252, 255, 164)  # inferno's last colour


@pytest.mark.parametrize("edge", c.EDGES)
@pytest.mark.parametrize("share", [0.0, 0.15, 0.3, 0.5])
def test_cut_leaves_the_share_of_the_box_and_moves_points_exactly(edge, share):
    image, box = picture(), np.array([40.0, 20.0, 100.0, 80.0])
    rest, rest_from_image = c.cut(image, box, edge, share)
    moved = transform_points(rest_from_image, box.reshape(2, 2)).reshape(4)
    height, width = rest.shape[:2]
    outside = {"left": -moved[0], "top": -moved[1], "right": moved[2] - width, "bottom": moved[3] - height}[edge]
    assert outside == 60 * share  # the cut falls between pixels here
    rows, columns = np.mgrid[:height, :width]
    centres = np.stack([columns.ravel(), rows.ravel()], -1) + 0.5
    x, y = np.floor(transform_points(invert(rest_from_image), centres)).astype(int).T
    np.testing.assert_array_equal(rest.reshape(-1, 3), image[y, x])


def test_cut_of_a_box_beyond_the_picture_leaves_something():
    rest, _ = c.cut(picture(), [-50, -50, -10, -10], "right", 0.5)
    assert rest.shape == (96, 1, 3)
    rest, matrix = c.cut(picture(), [-50, 10, 10, 60], "left", 0.3)
    assert rest.shape == (96, 128, 3)
    np.testing.assert_array_equal(matrix, np.eye(3))


@pytest.mark.parametrize(("edge", "share"), [("middle", 0.3), ("left", 1.5)])
def test_cut_refuses_what_it_does_not_know(edge, share):
    with pytest.raises(ValueError, match=str(share)):
        c.cut(picture(), [0, 0, 9, 9], edge, share)


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="exposure 0"):
        c.dark(picture(), np.random.default_rng(0), exposure=0)
    with pytest.raises(ValueError, match="strength 2"):
        c.tint(picture(), hue=0, strength=2)
    with pytest.raises(ValueError, match="factor 2"):
        c.darker_skin(picture(), np.ones(SIZE, bool), factor=2)


def test_region_lies_within_a_drawn_hand():
    from likelihand.data.drawn import DrawnHands

    record = DrawnHands(1).record(0)
    region = c.hand_region(record.points, record.visibility, record.read().shape[:2])
    x0, y0, x1, y1 = box_of_points(record.points)
    rows, columns = np.nonzero(region)
    thick = 0.04 * max(x1 - x0, y1 - y0) + 1.5
    assert columns.min() >= x0 - thick
    assert columns.max() <= x1 + thick
    assert rows.min() >= y0 - thick
    assert rows.max() <= y1 + thick
    assert all(region[int(y), int(x)] for x, y in record.points)
