"""The wrong orders that are tried, and a mirrored hand."""

from collections import Counter

import numpy as np
import pytest

from likelihand.evaluation.audit.patterns import (
    LITTLE_FIRST,
    MIRRORED,
    OUTLIER,
    PATTERNS,
    REVERSED,
    SUSPECT,
    SWAPPED,
    TIP_TO_PALM,
    Suspicion,
    mirrored_in_box,
    orders,
)
from likelihand.structures import KEYPOINTS

POINTS = np.random.default_rng(0).uniform(10, 90, (21, 2))


def test_each_order_is_another_permutation_that_keeps_the_wrist() -> None:
    found = [order for _, _, order in orders()]
    assert all(sorted(order) == list(range(21)) and order[0] == 0 for order in found)
    assert len(set(found)) == len(found) and tuple(range(21)) not in found
    counts = Counter(pattern for pattern, _, _ in orders())
    assert counts == {SWAPPED: 10, REVERSED: 5, TIP_TO_PALM: 1, LITTLE_FIRST: 1}


@pytest.mark.parametrize("number", range(17))
def test_an_order_undoes_itself(number: int) -> None:
    """Two swaps, two reversals are none: so one permutation spoils labels and sets them right."""
    order = np.array(orders()[number][2])
    assert (order[order] == np.arange(21)).all()


def test_swapped_fingers_are_the_named_ones() -> None:
    (order,) = [o for pattern, detail, o in orders() if (pattern, detail) == (SWAPPED, "index and ring")]
    assert KEYPOINTS[order[KEYPOINTS.index("index_tip")]] == "ring_tip"
    assert KEYPOINTS[order[KEYPOINTS.index("thumb_tip")]] == "thumb_tip"


def test_a_hand_is_mirrored_about_its_labelled_keypoints() -> None:
    labelled = np.arange(21) > 2
    twice = mirrored_in_box(mirrored_in_box(POINTS, labelled), labelled)
    np.testing.assert_allclose(twice, POINTS)
    ours, theirs = POINTS[labelled], mirrored_in_box(POINTS, labelled)[labelled]
    np.testing.assert_allclose([theirs.min(0), theirs.max(0)], [ours.min(0), ours.max(0)])


@pytest.mark.parametrize(("nats", "suspect"), [(SUSPECT, True), (SUSPECT - 1e-9, False)])
def test_a_suspicion_counts_from_a_number_of_nats_on(nats: float, suspect: bool) -> None:
    assert Suspicion(0, OUTLIER, "", nats, ()).suspect is suspect
    assert {OUTLIER, MIRRORED} < set(PATTERNS)
