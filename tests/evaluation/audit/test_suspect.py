"""The audit: planted errors are found, named, and ranked before what is right."""

import math
from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.patterns import (
    LITTLE_FIRST,
    MIRRORED,
    REVERSED,
    SHIFTED,
    SIDE,
    SWAPPED,
    TIP_TO_PALM,
    mirrored_in_box,
    orders,
)
from likelihand.evaluation.audit.suspect import suspicions
from likelihand.structures import INDEX
from tests.evaluation.audit.planted import HANDS, found, spoil


@pytest.mark.parametrize(
    ("pattern", "detail"),
    [(SWAPPED, "index and little"), (REVERSED, "middle"), (TIP_TO_PALM, ""), (LITTLE_FIRST, "")],
)
def test_a_wrong_order_is_found_and_named(hands: Predictions, pattern: str, detail: str) -> None:
    order = next(list(k) for p, d, k in orders() if (p, d) == (pattern, detail))
    suspicion = found(spoil(hands, {11: hands.target[11][order]}), 11)
    assert (suspicion.pattern, suspicion.detail) == (pattern, detail)
    assert all(order[k] != k for k in suspicion.keypoints)


def test_a_mirrored_hand_is_found_and_named(hands: Predictions) -> None:
    shear = np.array([[1.0, 0.0], [0.4, 1.0]])
    turned = replace(hands, points=hands.points @ shear, target=hands.target @ shear)
    mirrored = mirrored_in_box(turned.target[3], np.ones(21, bool))
    assert found(spoil(turned, {3: mirrored}), 3).pattern == MIRRORED


def test_a_shifted_hand_is_found_and_the_shift_is_told_in_image_pixels(hands: Predictions) -> None:
    o = spoil(hands, {5: hands.target[5] + [20.0, -12.0]})
    o = replace(o, crop_from_image=0.5 * o.crop_from_image + 0.5 * np.diag([0.0, 0.0, 1.0]))
    suspicion = found(o, 5)
    assert suspicion.pattern == SHIFTED
    x, y = (float(v) for v in suspicion.detail.removeprefix("by (").removesuffix(") px").split(", "))
    assert (x, y) == pytest.approx((40.0, -24.0), abs=6.0)
    assert len(suspicion.keypoints) == 21


def test_a_wrong_side_is_found_where_the_model_tells_sides(hands: Predictions) -> None:
    o = replace(hands, right=np.full(HANDS, 0.99999))
    known = np.ones(HANDS)
    known[9] = 0.0
    best = suspicions(o, known)[0]
    assert (best.index, best.pattern, best.keypoints) == (9, SIDE, ())
    assert all(s.pattern != SIDE for s in suspicions(o, np.full(HANDS, np.nan)))


def test_right_labels_are_rarely_suspects(hands: Predictions) -> None:
    assert sum(s.suspect for s in suspicions(hands)) <= 0.01 * HANDS


def test_planted_errors_fill_the_first_ranks(hands: Predictions) -> None:
    rng = np.random.default_rng(3)
    chosen = rng.permutation(HANDS)[:12]
    change = {}
    for i, index in enumerate(int(c) for c in chosen):
        target = hands.target[index].copy()
        if i % 2:
            target = target[list(orders()[int(rng.integers(14))][2])]
        else:
            angle = rng.uniform(0, 2 * math.pi)
            target[rng.integers(21)] += 14 * np.array([math.cos(angle), math.sin(angle)])
        change[index] = target
    first = suspicions(spoil(hands, change))[:12]
    assert sum(s.index in change for s in first) >= 11


def partly(o: Predictions, whole: int, kept: tuple[int, ...] = (4, 8)) -> Predictions:
    """Keep some keypoints' labels alone of all hands but the first `whole`, as sets of fingertips have them."""
    labelled = np.zeros_like(o.labelled)
    labelled[:, list(kept)] = True
    labelled[:whole] = True
    return replace(o, labelled=labelled, target=np.where(labelled[..., None], o.target, 0.0))


@pytest.mark.parametrize("kept", [(4, 8), (0, 4, 8)])
def test_where_most_hands_have_two_tips_the_full_ones_are_audited(
    hands: Predictions, kept: tuple[int, ...]
) -> None:
    """Moments of pairs from different hands made no covariance, and 107 of 108 scores were not numbers."""
    wrong = hands.target[7].copy()
    wrong[INDEX["ring_pip"]] += [16.0, -6.0]
    some = partly(spoil(hands, {7: wrong}), 60, kept)
    ranked = suspicions(some)
    assert np.isfinite([s.nats for s in ranked]).all()
    assert len(ranked) == (60 if len(kept) < 3 else HANDS)
    assert (ranked[0].index, ranked[0].detail, ranked[0].suspect) == (7, "ring_pip", True)
    assert sum(s.suspect for s in ranked) <= 3


def test_unlabelled_keypoints_are_no_suspects(hands: Predictions) -> None:
    labelled = hands.labelled.copy()
    labelled[4, 8] = False
    target = hands.target.copy()
    target[4, 8] = 0.0
    ranked = suspicions(replace(hands, labelled=labelled, target=target))
    assert next(s for s in ranked if s.index == 4).nats < 8


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_hands_all_alike_are_audited_without_a_warning(hands: Predictions, count: int) -> None:
    alike = hands.take(np.zeros(count, int))
    alike = replace(alike, index=np.arange(count), group=np.array([str(n) for n in range(count)]))
    assert len(suspicions(alike)) == count
