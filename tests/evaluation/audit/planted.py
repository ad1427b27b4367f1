"""Errors planted into labels, and what is found of them."""

from dataclasses import replace

import numpy as np

from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.patterns import Suspicion
from likelihand.evaluation.audit.suspect import suspicions

HANDS = 240


def spoil(o: Predictions, change: dict[int, np.ndarray]) -> Predictions:
    target = o.target.copy()
    for index, points in change.items():
        target[index] = points
    return replace(o, target=target)


def found(o: Predictions, index: int) -> Suspicion:
    ranked = suspicions(o)
    assert ranked[0].index == index, ranked[:3]
    return ranked[0]
