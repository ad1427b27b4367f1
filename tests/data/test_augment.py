from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from likelihand.data import augment
from likelihand.data.augment import Augmentation, augment_pixels, motion_kernel, sample_of, sample_rng
from likelihand.data.drawn import DrawnHands
from likelihand.geometry import crop_matrix, transform_points

PIXELS = ("colour", "occlusion", "low_resolution", "blur", "motion", "noise", "jpeg")
STILL = Augmentation(rotation=0, zoom=0, shift=0, flip=0, **dict.fromkeys(PIXELS, 0.0))
GEOMETRY = replace(STILL, rotation=180.0, zoom=0.3, shift=0.15, flip=0.5)
STEPS = (
    augment._occluded, augment._recoloured, augment._coarsened, augment._blurred, augment._moved,
    augment._noisy, augment._compressed,
)  # fmt: skip


def blob_record(at=(64.0, 60.0)):
    """A picture whose one keypoint is the middle of a bright blob."""
    y, x = np.mgrid[:128, :128] + 0.5
    value = 255 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 50)
    image = np.repeat(value[..., None], 3, 2).round().astype(np.uint8)
    points = np.tile(at, (21, 1))
    box = np.array([30.0, 30, 98, 98])
    return replace(DrawnHands(1).record(0), points=points, box=box, read=lambda: image)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_label_and_image_move_together(seed):
    sample = sample_of(blob_record(), 0, (128, 128), sample_rng(seed, 0, 0), GEOMETRY)
    if sample.weight[0] and (np.abs(sample.target[0] - 64) < 34).all():
        weight = sample.crop[..., 0].astype(np.float64)
        y, x = np.mgrid[:128, :128] + 0.5
        centre = np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()
        assert np.abs(centre - sample.target[0]).max() <= 0.03


def test_without_augmentation_the_crop_is_the_padded_box():
    record = DrawnHands(1).record(0)
    sample = sample_of(record, 7, (96, 96), padding=1.5)
    assert np.allclose(sample.crop_from_image, crop_matrix(record.box, (96, 96), padding=1.5))
    assert np.allclose(sample.target, transform_points(sample.crop_from_image, record.points), atol=1e-4)
    assert (sample.index, sample.weight.sum()) == (7, 21)
    assert sample.crop.dtype == np.uint8
    assert sample.target.dtype == sample.weight.dtype == np.float32
    assert np.allclose(
        sample_of(record, 7, (96, 96), sample_rng(0, 0, 0), STILL, 1.5).crop_from_image, sample.crop_from_image
    )


def test_a_keypoint_outside_the_crop_or_unlabelled_weighs_nothing():
    record = DrawnHands(1).record(0)
    points, visibility = record.points.copy(), record.visibility.copy()
    points[3] = record.box[2:] + 200
    points[4], visibility[4] = np.nan, 0
    sample = sample_of(replace(record, points=points, visibility=visibility), 0, (64, 64))
    assert np.flatnonzero(sample.weight == 0).tolist() == [3, 4]
    assert (sample.target[[3, 4]] == 0).all()


def test_a_flip_mirrors_and_keeps_indices():
    record = DrawnHands(1).record(0)
    plain = sample_of(record, 0, (64, 64))
    flipped = sample_of(record, 0, (64, 64), sample_rng(0, 0, 0), replace(STILL, flip=1.0))
    assert np.allclose(flipped.target[:, 0], 64 - plain.target[:, 0], atol=1e-4)
    assert np.allclose(flipped.target[:, 1], plain.target[:, 1], atol=1e-4)
    assert np.abs(flipped.crop[:, ::-1].astype(int) - plain.crop).mean() < 1.5


def test_samples_are_functions_of_seed_epoch_and_index():
    record = DrawnHands(1).record(0)
    strong = Augmentation(**dict.fromkeys(PIXELS, 1.0))

    def crop(*key):
        return sample_of(record, 0, (64, 64), sample_rng(*key), strong).crop

    assert (crop(1, 2, 3) == crop(1, 2, 3)).all()
    assert all((crop(1, 2, 3) != crop(*key)).any() for key in ((0, 2, 3), (1, 0, 3), (1, 2, 0), (2, 1, 3)))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("shape", [(64, 48, 3), (1, 1, 3), (5, 130, 3)])
def test_every_change_of_pixels_keeps_shape_and_input(step, shape):
    crop = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    before = crop.copy()
    for seed in range(20):
        result = step(crop, sample_rng(seed, 0, 0), Augmentation())
        assert result.shape == shape
        assert result.dtype == np.uint8
    assert (crop == before).all()


@pytest.mark.parametrize("step", STEPS[1:])
def test_changes_of_pixels_move_nothing(step):
    image = blob_record().read()
    y, x = np.mgrid[:128, :128] + 0.5
    for seed in range(10):
        changed = step(image, sample_rng(seed, 0, 0), replace(Augmentation(), noise_sigma=1.0, brightness=0.0))
        weight = np.clip(changed[..., 1].astype(np.float64) - 40, 0, None)
        if weight.sum() > 0:
            centre = np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()
            assert np.abs(centre - (64, 60)).max() < 0.15


def test_chances_of_zero_and_one():
    crop = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert (augment_pixels(crop, sample_rng(0, 0, 0), STILL) == crop).all()
    for name in PIXELS:
        one = replace(STILL, **{name: 1.0})
        assert any((augment_pixels(crop, sample_rng(s, 0, 0), one) != crop).any() for s in range(3)), name


def test_grey_stays_grey_when_colours_turn_and_noise_has_its_sigma():
    grey = np.full((64, 64, 3), 128, np.uint8)
    turned = augment._recoloured(grey, sample_rng(0, 0, 0), Augmentation())
    assert np.ptp(turned[0, 0].astype(int)) <= 1
    rng = sample_rng(0, 0, 0)
    sigma = sample_rng(0, 0, 0).uniform(0.0, 12.0)
    noise = augment._noisy(grey, rng, Augmentation()).astype(float) - 128
    assert abs(noise.mean()) < 0.3
    assert abs(noise.std() - sigma) < 0.05 * sigma


@given(length=st.floats(0, 60), radians=st.floats(0, 3.2))
def test_motion_blur_is_centred(length, radians):
    kernel = motion_kernel(length, radians).astype(np.float64)
    radius = len(kernel) // 2
    offset = np.arange(-radius, radius + 1)
    assert abs(kernel.sum() - 1) < 1e-5
    assert abs((kernel.sum(0) * offset).sum()) < 1e-4
    assert abs((kernel.sum(1) * offset).sum()) < 1e-4


@pytest.mark.parametrize(
    "wrong",
    [{"flip": 1.1}, {"noise": -0.1}, {"rotation": -1.0}, {"shift": 2.0}, {"jpeg_quality": (0, 50)},
     {"jpeg_quality": (90, 50)}, {"low_resolution_factor": 0.5}, {"colour": float("nan")}],
)  # fmt: skip
def test_wrong_values_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Augmentation(**wrong)


def test_an_augmentation_needs_random_numbers():
    with pytest.raises(ValueError, match="rng=sample_rng"):
        sample_of(DrawnHands(1).record(0), 0, (8, 8), None, Augmentation())


def test_opencvs_own_random_numbers_are_left_alone():
    cv2.setRNGSeed(3)
    first = cv2.randu(np.zeros(4), 0, 1)
    cv2.setRNGSeed(3)
    sample_of(
        DrawnHands(1).record(0), 0, (32, 32), sample_rng(0, 0, 0), Augmentation(**dict.fromkeys(PIXELS, 1.0))
    )
    assert (cv2.randu(np.zeros(4), 0, 1) == first).all()


@pytest.mark.parametrize(("flip", "side"), [(0.0, 1.0), (1.0, 0.0)])
def test_a_mirrored_hand_has_the_other_side(flip: float, side: float) -> None:
    record = replace(DrawnHands(1).record(0), side="right")
    still = Augmentation(rotation=170.0, flip=flip)
    sample = sample_of(record, 0, (32, 32), rng=sample_rng(0, 0, 0), augmentation=still)
    assert sample.traits.tolist() == [side, 1.0]
    unknown = sample_of(replace(record, side=None), 0, (32, 32), rng=sample_rng(0, 0, 0), augmentation=still)
    assert np.isnan(unknown.traits[0])
