"""The accumulator does not care about order, batches or repeats."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from likelihand.evaluation.metrics import MMPOSE, PAPER, Accumulator, Breakdown, Protocol, nme

COUNT, KEYPOINTS = 12, 4
RNG = np.random.default_rng(3)
TARGET = RNG.uniform(0, 100, (COUNT, KEYPOINTS, 2))
POINTS = TARGET + RNG.normal(0, 5, (2, COUNT, KEYPOINTS, 2))
POINTS[1, 3, 2] = np.nan
VISIBILITY = RNG.integers(0, 3, (COUNT, KEYPOINTS))
VISIBILITY[0] = 0
VISIBILITY[1:, :2] = 2
BOXES = np.tile([0.0, 0.0, 100.0, 100.0], (COUNT, 1))
NAMES = [("RHD", "FreiHAND", "own")[i % 3] for i in range(COUNT)]


def add(accumulator: Accumulator, chosen: list[int]) -> None:
    accumulator.add(
        chosen,
        POINTS[:, chosen],
        TARGET[chosen],
        VISIBILITY[chosen],
        BOXES[chosen],
        [NAMES[i] for i in chosen],
    )


def whole(protocol: Protocol) -> Breakdown:
    accumulator = Accumulator(protocol)
    add(accumulator, list(range(COUNT)))
    return accumulator.breakdown()


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(COUNT)), st.integers(1, COUNT), st.lists(st.integers(0, COUNT - 1), max_size=5))
@pytest.mark.parametrize("protocol", [PAPER, MMPOSE], ids=lambda p: p.name)
def test_order_batches_repeats_and_merging_change_no_bit(
    protocol: Protocol, order: list[int], batch: int, repeats: list[int]
) -> None:
    first, second = Accumulator(protocol), Accumulator(protocol)
    row = [*order, *repeats]
    for position, start in enumerate(range(0, len(row), batch)):
        add((first, second)[position % 2], row[start : start + batch])
    first.merge(second.rows(), second.datasets())
    assert first.breakdown().to_json() == whole(protocol).to_json()


def test_breakdown_against_the_functions() -> None:
    found = whole(PAPER)
    assert found.unscored == 1
    assert found.total.misses == int(VISIBILITY[3, 2] > 0)
    assert sum(s.hands for s in found.by_dataset.values()) == found.total.hands == COUNT - 1
    assert sum(s.keypoints for s in found.by_keypoint) == found.total.keypoints == int((VISIBILITY > 0).sum())
    errors = np.linalg.norm(POINTS[0] - TARGET, axis=-1)[1:]
    counted = VISIBILITY[1:] > 0
    spans = [np.ptp(t[c], axis=0).max() for t, c in zip(TARGET[1:], counted, strict=True)]
    assert found.by_stage[0].nme == pytest.approx(float(nme(errors, counted, spans)), abs=1e-15)


def test_mmpose_counts_hidden_keypoints_too() -> None:
    assert whole(MMPOSE).total.keypoints == int((VISIBILITY > 0).sum())


def test_nothing_to_score_is_an_error() -> None:
    accumulator = Accumulator(PAPER)
    add(accumulator, [0])
    with pytest.raises(ValueError, match="none of 1 samples can be scored"):
        accumulator.breakdown()
