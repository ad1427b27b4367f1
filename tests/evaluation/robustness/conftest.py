import numpy as np
import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.structures import Hand


class Truth:
    """A tool that is told where the hands are, and is off by a known distance; `sure` of an even Gaussian."""

    def __init__(self, points, offset=(3.0, 4.0), sure=True, name="truth"):
        self.points, self.offset, self.sure, self.name = points, np.asarray(offset), sure, name

    def __call__(self, image, box):
        covariance = np.tile(25 * np.eye(2), (21, 1, 1))
        return [Hand(p + self.offset, np.full((21, 2), 5.0), np.zeros(4), covariance) for p in self.points]


@pytest.fixture
def drawn():
    return DrawnHands(4)


@pytest.fixture
def truth():
    return Truth
