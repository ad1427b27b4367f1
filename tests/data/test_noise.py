from dataclasses import replace

import numpy as np
import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.data.noise import (
    BiasedAnnotator,
    Jitter,
    OtherConvention,
    Outliers,
    SpoiltLabels,
    SwappedFingers,
    TwoSources,
)
from likelihand.geometry import box_length
from likelihand.structures import FINGER_KEYPOINTS, Record

COUNT = 300


class Relabelled:
    """Drawn hands with only some keypoints labelled."""

    def __init__(self, count: int, labelled: np.ndarray) -> None:
        self.whole, self.labelled = DrawnHands(count), labelled

    def __len__(self) -> int:
        return len(self.whole)

    def record(self, index: int) -> Record:
        record = self.whole.record(index)
        return replace(record, visibility=np.where(self.labelled, record.visibility, 0).astype(np.int8))


def moves(fault, count=COUNT, seed=0):
    """(count, 21, 2): by how much labels moved, in units of the longer side of the box."""
    clean = DrawnHands(count)
    spoilt = SpoiltLabels(clean, fault, seed)
    pairs = [(clean.record(i), spoilt.record(i)) for i in range(count)]
    return np.stack([(s.points - c.points) / box_length(c.box) for c, s in pairs])


def test_jitter_has_the_deviation_that_was_asked_for():
    moved = moves(Jitter(0.05))
    assert moved.std() == pytest.approx(0.05, rel=0.03)
    assert abs(moved.mean()) < 0.002
    assert abs(np.corrcoef(moved[..., 0].ravel(), moved[..., 1].ravel())[0, 1]) < 0.05


def test_outliers_are_the_share_that_was_asked_for_and_lie_in_the_crop():
    spoilt = SpoiltLabels(DrawnHands(COUNT), Outliers(0.2))
    hit = moves(Outliers(0.2)).any(-1)
    assert hit.mean() == pytest.approx(0.2, abs=0.02)
    assert hit.sum(1).std() == pytest.approx((21 * 0.2 * 0.8) ** 0.5, rel=0.15)  # each keypoint by itself
    places = []
    for i in range(COUNT):
        record = spoilt.record(i)
        middle, side = (record.box[:2] + record.box[2:]) / 2, 1.25 * box_length(record.box)
        places.append((record.points[hit[i]] - middle) / side)
    place = np.concatenate(places)
    assert np.abs(place).max() <= 0.5
    assert place.std(0) == pytest.approx(np.full(2, 12**-0.5), rel=0.06)


def test_swapped_fingers_exchange_two_whole_fingers():
    moved = moves(SwappedFingers(0.3)).any(-1)
    hands = moved.any(1)
    assert hands.mean() == pytest.approx(0.3, abs=0.08)
    fingers = np.stack([moved[:, list(k)].all(1) for k in FINGER_KEYPOINTS.values()], 1)
    assert (fingers[hands].sum(1) == 2).all() and not moved[:, 0].any()
    clean, spoilt = DrawnHands(COUNT), SpoiltLabels(DrawnHands(COUNT), SwappedFingers(0.3))
    index = int(hands.argmax())
    before, after = clean.record(index).points, spoilt.record(index).points
    assert np.sort(before[:, 0]) == pytest.approx(np.sort(after[:, 0]))
    assert len({tuple(np.flatnonzero(row)) for row in fingers[hands]}) > 5


def test_a_biased_annotator_moves_whole_hands_alike():
    moved = moves(BiasedAnnotator(0.3))
    hands = moved.any((1, 2))
    assert hands.mean() == pytest.approx(0.3, abs=0.08)
    assert np.allclose(moved[hands], [0.0, 0.1]) and not moved[~hands].any()


def test_another_convention_moves_the_wrist_and_the_tips_along_the_hand():
    right = DrawnHands(3).record(1)
    points = OtherConvention(wrist=0.25, tips=0.5)(right, np.random.default_rng(0))
    tips, joints = [4, 8, 12, 16, 20], [3, 7, 11, 15, 19]
    np.testing.assert_allclose(points[tips], (right.points[tips] + right.points[joints]) / 2)
    np.testing.assert_allclose(points[0], right.points[0] + 0.25 * (right.points[0] - right.points[9]))
    rest = np.setdiff1d(np.arange(21), [0, *tips])
    np.testing.assert_array_equal(points[rest], right.points[rest])


def test_another_convention_takes_nothing_from_what_is_not_labelled():
    labelled = np.isin(np.arange(21), (0, 7, 8, 12))
    partly = Relabelled(3, labelled)
    moved = (SpoiltLabels(partly, OtherConvention()).record(1).points != partly.record(1).points).any(1)
    assert np.flatnonzero(moved).tolist() == [8]


def test_each_of_two_sources_has_faults_of_its_own_in_order():
    hands, fault = DrawnHands(COUNT), TwoSources(first=(), second=(OtherConvention(), BiasedAnnotator(1.0)))
    moved = (SpoiltLabels(hands, fault).record(i).points - hands.record(i).points for i in range(COUNT))
    source = [fault.source(hands.record(i)) for i in range(COUNT)]
    assert np.mean(source) == pytest.approx(0.5, abs=0.1)
    for which, by in zip(source, moved, strict=True):
        assert by.any() == bool(which)
    i = source.index(1)
    record = hands.record(i)
    other = replace(record, points=OtherConvention()(record, np.random.default_rng(0)))
    expected = BiasedAnnotator(1.0)(other, np.random.default_rng(0))
    np.testing.assert_allclose(SpoiltLabels(hands, fault).record(i).points, expected)


@pytest.mark.parametrize("fault", [Jitter(0.1), Outliers(0.5), SwappedFingers(0.5), BiasedAnnotator(0.5)])
def test_a_fault_belongs_to_its_seed_and_record(fault):
    clean, spoilt = DrawnHands(9), SpoiltLabels(DrawnHands(9), fault, seed=3)
    backwards = [spoilt.record(i).points for i in reversed(range(9))][::-1]
    assert all((spoilt.record(i).points == points).all() for i, points in enumerate(backwards))
    other = SpoiltLabels(DrawnHands(9), fault, seed=4)
    assert any((other.record(i).points != backwards[i]).any() for i in range(9))
    for i in range(9):
        before, after = clean.record(i), spoilt.record(i)
        assert (before.box == after.box).all() and (before.visibility == after.visibility).all()
        assert (before.read() == after.read()).all() and after.key == before.key
    assert len(spoilt) == 9 and spoilt.groups() == [clean.record(i).key for i in range(9)]


@pytest.mark.parametrize("fault", [Jitter(0.0), Outliers(0.0), SwappedFingers(0.0), BiasedAnnotator(0.0)])
def test_no_fault_changes_nothing(fault):
    assert not moves(fault, count=5).any()


@pytest.mark.parametrize("fault", [Jitter(0.1), Outliers(1.0), SwappedFingers(1.0), BiasedAnnotator(1.0)])
def test_what_is_not_labelled_stays(fault):
    labelled = np.isin(np.arange(21), (0, 2, 6, 9, 10, 11, 12, 17, 18, 19, 20))
    partly = Relabelled(3, labelled)
    moved = (SpoiltLabels(partly, fault).record(1).points != partly.record(1).points).any(1)
    assert not moved[~labelled].any()
    assert moved[9:13].all() and moved[17:].all()
    assert moved[0] != isinstance(fault, SwappedFingers)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Jitter(-0.1), "deviation is -0.1: expected 0 or more"),
        (lambda: Outliers(1.5), "share is 1.5: expected a share, 0 to 1"),
        (lambda: SwappedFingers(-1), "share is -1"),
        (lambda: BiasedAnnotator(2), "share is 2"),
    ],
)
def test_refuses_what_is_no_share(make, message):
    with pytest.raises(ValueError, match=message):
        make()
