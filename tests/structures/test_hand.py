import numpy as np
import pytest

from likelihand.structures import INDEX, Hand
from likelihand.tracking.tracker import TrackedHand


def test_hand_by_name():
    points = np.arange(42.0).reshape(21, 2)
    hand = Hand(points=points, scale=np.ones((21, 2)), box=np.zeros(4))
    assert (hand["little_tip"] == points[INDEX["little_tip"]]).all()
    with pytest.raises(KeyError, match=r"'elbow' is not the name of a keypoint; give one of wrist, thumb_cmc, "):
        hand["elbow"]


def test_a_hand_is_shown_on_one_line():
    hand = Hand(np.zeros((21, 2)), np.ones((21, 2)), np.array([8.2, 9, 70, 80.7]), side="left", score=0.8512)
    assert repr([hand]) == "[Hand(side='left', score=0.85, box=[8, 9, 70, 81])]"
    tracked = TrackedHand(hand.points, hand.scale, hand.box, track=3, seen=False)
    assert repr(tracked) == "TrackedHand(side=None, score=1.00, box=[8, 9, 70, 81], track=3, seen=False)"
