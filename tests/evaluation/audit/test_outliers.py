"""Keypoints that were put anywhere: one, a finger, all that lie at one place."""

from dataclasses import replace

import numpy as np

from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.patterns import (
    OUTLIER,
)
from likelihand.evaluation.audit.suspect import suspicions
from likelihand.structures import FINGER_KEYPOINTS, FINGERS, INDEX
from tests.evaluation.audit.planted import HANDS, found, spoil


def test_a_moved_keypoint_is_found_and_named(hands: Predictions) -> None:
    wrong = hands.target[7].copy()
    wrong[INDEX["ring_pip"]] += [16.0, -6.0]
    suspicion = found(spoil(hands, {7: wrong}), 7)
    assert (suspicion.pattern, suspicion.detail, suspicion.suspect) == (OUTLIER, "ring_pip", True)
    assert suspicion.keypoints == (INDEX["ring_pip"],)


def finger_elsewhere(o: Predictions, index: int, finger: str) -> np.ndarray:
    """Put a finger's keypoints to the picture's first pixel, as tools do that know no place for them."""
    target = o.target[index].copy()
    target[list(FINGER_KEYPOINTS[finger])] = 0.5
    return target


def test_a_finger_at_the_origin_is_found_and_named(hands: Predictions) -> None:
    """Its keypoints speak for each other, so that none alone is strange: 10 of 10 planted ones come first."""
    change = {i: finger_elsewhere(hands, i, FINGERS[i % 5]) for i in range(0, 100, 10)}
    first = suspicions(spoil(hands, change))[:10]
    assert {s.index for s in first} == set(change) and all(s.suspect for s in first)
    for s in first:
        assert s.pattern == OUTLIER
        assert set(s.keypoints) == set(FINGER_KEYPOINTS[FINGERS[s.index % 5]])


def test_a_finger_put_elsewhere_is_found_though_it_is_a_finger(hands: Predictions) -> None:
    target = hands.target[7].copy()
    target[list(FINGER_KEYPOINTS["ring"])] += [-30.0, 24.0]
    suspicion = found(spoil(hands, {7: target}), 7)
    assert (suspicion.pattern, suspicion.detail) == (OUTLIER, "ring")


def test_where_the_model_alone_takes_a_finger_elsewhere_the_labels_are_believed(hands: Predictions) -> None:
    """The labels make a hand with the finger where it is labelled; that the model errs is no fault of theirs."""
    rng = np.random.default_rng(3)
    fingers = [list(FINGER_KEYPOINTS[finger]) for finger in FINGERS]
    open_hand, bent = hands.target.mean(0), rng.uniform(0.3, 1.2, (HANDS, 5))
    target = np.repeat(open_hand[None], HANDS, 0) + rng.normal(0, 0.3, (HANDS, 21, 2))
    for finger, along in zip(fingers, bent.T, strict=True):
        target[:, finger] += (along[:, None, None] - 1) * (open_hand[finger] - open_hand[finger[0]])
    points = target + rng.normal(0, 1.0, (HANDS, 21, 2))
    ring, wanted = fingers[3], 1.2 if bent[7, 3] < 0.75 else 0.3
    points[7][ring] += (wanted - bent[7, 3]) * (open_hand[ring] - open_hand[ring[0]])
    by_index = {s.index: s for s in suspicions(replace(hands, target=target, points=points))}
    assert not by_index[7].suspect


def test_one_keypoint_at_the_origin_is_found_in_few_hands(hands: Predictions) -> None:
    few = hands.take(np.arange(16))
    target = few.target[3].copy()
    target[INDEX["index_tip"]] = 0.5
    suspicion = found(spoil(few, {3: target}), 3)
    assert (suspicion.detail, suspicion.suspect) == ("index_tip", True)


def test_where_the_model_alone_is_wrong_the_other_labels_are_believed(hands: Predictions) -> None:
    """An estimate that is 20 px off, beside labels that make a hand, is no outlier; a label 20 px off is one."""
    rng = np.random.default_rng(3)
    exact = hands.target.mean(0) + rng.normal(0, 0.3, (HANDS, 21, 2))
    points = exact + rng.normal(0, 2.0, (HANDS, 21, 2))
    moved = np.zeros((21, 2))
    moved[INDEX["index_pip"]] = 20.0, 0.0
    points[7], target = points[7] + moved, exact.copy()
    target[8] += moved
    by_index = {s.index: s for s in suspicions(replace(hands, target=target, points=points))}
    assert not by_index[7].suspect
    assert (by_index[8].pattern, by_index[8].detail, by_index[8].suspect) == (OUTLIER, "index_pip", True)
