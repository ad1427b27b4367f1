"""Data sets behind others: what they say of themselves is what the others say."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from likelihand.data.augment import Augmentation, sample_of, sample_rng
from likelihand.data.dataset import Dataset, Subset, groups_of, parts_of
from likelihand.data.drawn import DrawnHands
from likelihand.data.noise import Jitter, SpoiltLabels
from likelihand.data.shards import Shards, write_shards
from likelihand.data.wrapped import Cropped, CutOff, Wrapped
from likelihand.structures import Record


@pytest.mark.parametrize("wrap", [Cropped, CutOff, lambda data: SpoiltLabels(data, Jitter(0.1))])
def test_count_groups_and_parts_are_those_of_the_whole(wrap: Callable[[Dataset], Wrapped]) -> None:
    whole = Subset(DrawnHands(9), [1, 3, 5])
    wrapped = wrap(whole)
    assert isinstance(wrapped, Wrapped)
    assert len(wrapped) == 3 and groups_of(wrapped) == groups_of(whole) == wrapped.groups()
    assert parts_of(wrapped) == [wrapped, *parts_of(whole)]


GENTLE = Augmentation(
    rotation=180, colour=0, occlusion=0, low_resolution=0, blur=0, motion=0, noise=0, jpeg=0, zoom=0.2, shift=0.1
)


def test_a_crop_of_a_cut_hand_is_the_crop_of_its_photo() -> None:
    whole, cut = DrawnHands(4, size=96), Cropped(DrawnHands(4, size=96), room=2.6, side=1000)
    for index in range(4):
        crops = [
            sample_of(d.record(index), index, (48, 48), sample_rng(1, 0, index), GENTLE) for d in (whole, cut)
        ]
        np.testing.assert_allclose(crops[0].target, crops[1].target, atol=0.05)
        np.testing.assert_array_equal(crops[0].weight, crops[1].weight)
        difference = np.abs(crops[0].crop.astype(int) - crops[1].crop)
        assert difference.mean() < 2.5


def test_large_hands_are_made_small_and_small_ones_left() -> None:
    record = Cropped(DrawnHands(1, size=96), room=2.0, side=32).record(0)
    assert record.read().shape == (32, 32, 3)
    assert np.ptp(record.box[::2]) == pytest.approx(16) or np.ptp(record.box[1::2]) == pytest.approx(16)
    longest = np.ptp(DrawnHands(1, size=96).record(0).box.reshape(2, 2), axis=0).max()
    assert len(Cropped(DrawnHands(1, size=96), room=2.0, side=9999).record(0).read()) == round(2 * longest)


def test_groups_and_absence_travel_through_shards(tmp_path: Path) -> None:
    class Nothing(DrawnHands):
        def record(self, index: int):
            from dataclasses import replace

            return replace(super().record(index), present=index == 1, visibility=np.zeros(21, np.int8))

    write_shards(Cropped(Nothing(2)), tmp_path)
    shards = Shards(tmp_path)
    assert [shards.record(i).present for i in range(2)] == [False, True]
    assert len(Cropped(Nothing(2)).groups()) == 2


def test_senseless_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"room 0\.5"):
        Cropped(DrawnHands(1), room=0.5)


HANDS = DrawnHands(24, size=96)


def test_labels_and_pixels_move_together() -> None:
    """The rest is a part of the picture, and each label that is left points at the pixel that it pointed at."""
    for i in range(24):
        whole, cut = HANDS.record(i), CutOff(HANDS, [0.3]).record(i)
        moved = cut.points - whole.points
        np.testing.assert_allclose(moved, moved[:1].repeat(21, 0), atol=1e-9)
        image, rest = whole.read(), cut.read()
        x, y = (-moved[0]).round().astype(int)
        np.testing.assert_array_equal(rest, image[y : y + rest.shape[0], x : x + rest.shape[1]])
        inside = ((cut.points >= 0) & (cut.points <= rest.shape[1::-1])).all(1)
        assert not inside.all()
        tight = np.concatenate([cut.points[inside].min(0), cut.points[inside].max(0)])
        np.testing.assert_allclose(cut.box, tight)


def test_shares_are_drawn_alike_and_again_the_same() -> None:
    some = CutOff(HANDS, [0.0, 0.5], seed=3)
    cut = [i for i in range(24) if some.record(i).read().shape != (96, 96, 3)]
    assert 6 <= len(cut) <= 18
    assert [i for i in range(24) if CutOff(HANDS, [0.0, 0.5], seed=3).record(i).read().shape != (96, 96, 3)] == cut
    assert len(some) == 24 and some.groups() == groups_of(HANDS)


def test_a_hand_of_which_too_little_would_be_left_stays_whole() -> None:
    class Few:
        def __len__(self) -> int:
            return 1

        def record(self, index: int) -> Record:
            visibility = np.zeros(21, np.int8)
            visibility[[0, 4, 8, 12]] = 2
            return replace(HANDS.record(0), visibility=visibility)

    np.testing.assert_array_equal(CutOff(Few(), [0.5]).record(0).points, HANDS.record(0).points)


@pytest.mark.parametrize("shares", [[], [1.0], [-0.1]])
def test_wrong_shares_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="from 0 to below 1"):
        CutOff(HANDS, shares)
