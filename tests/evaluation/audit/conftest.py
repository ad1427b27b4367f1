"""Hands whose labels are right, for tests that spoil them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration import simulated
from tests.evaluation.audit.planted import HANDS


@pytest.fixture(scope="session")
def hands() -> Predictions:
    """Errors of 2 px on a fan of fingers 70 px wide, going together within a hand."""
    rng = np.random.default_rng(0)
    fan = np.zeros((21, 2))
    for finger in range(5):
        angle = math.radians(200 + 35 * finger)
        for joint in range(4):
            fan[4 * finger + 1 + joint] = (14 + 9 * joint) * np.array([math.cos(angle), math.sin(angle)])
    points = np.array([48.0, 68.0]) + fan + rng.normal(0, 1, (HANDS, 21, 2))
    together = rng.normal(0, 1.2, (HANDS, 1, 2)) + rng.normal(0, 1.2, (HANDS, 21, 2))
    o = simulated(HANDS)
    target = points + together
    length = (target.max(1) - target.min(1)).max(-1)
    return replace(o, points=points, target=target, scale=np.full_like(o.scale, 1.7), length=length)
