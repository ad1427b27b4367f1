from pathlib import Path

import numpy as np
import pytest

from likelihand.data.augment import Augmentation, sample_of, sample_rng
from likelihand.data.cropped import Cropped
from likelihand.data.drawn import DrawnHands
from likelihand.data.shards import Shards, write_shards

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
