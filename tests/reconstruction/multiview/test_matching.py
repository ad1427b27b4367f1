"""Hands of several views, put together by where they are."""

import numpy as np

from likelihand.reconstruction.multiview import Numbers, match_hands
from likelihand.structures import Hand
from tests.reconstruction.multiview.rigs import points, rig

CAMERAS = rig(3)
SPACE = [points(seed=0) + np.array([0.15, 0, 0]), points(seed=1) + np.array([-0.15, 0.05, 0.1])]


def hand(view: int, which: int, side: str | None = None, shift: float = 0.0) -> Hand:
    noise = np.random.default_rng(view).normal(0, 1, (21, 2))
    seen = CAMERAS[view].project(SPACE[which]) + noise + [0, shift]
    return Hand(seen, np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)), side)  # type: ignore[arg-type]


def test_hands_are_found_again_in_any_order() -> None:
    views = [[hand(0, 0), hand(0, 1)], [hand(1, 1), hand(1, 0)], [hand(2, 1)]]
    groups = match_hands(CAMERAS, views)
    assert sorted(map(sorted, (g.items() for g in groups))) == [[(0, 0), (1, 1)], [(0, 1), (1, 0), (2, 0)]]


def test_a_hand_that_one_camera_sees_is_in_no_group() -> None:
    assert match_hands(CAMERAS, [[hand(0, 0)], [hand(1, 1)], []]) == []
    assert match_hands(CAMERAS, [[], [], []]) == []


def test_a_wrong_view_is_left_out() -> None:
    groups = match_hands(CAMERAS, [[hand(0, 0)], [hand(1, 0)], [hand(2, 0, shift=80.0)]])
    assert groups == [{0: 0, 1: 0}]


def test_the_side_decides_between_hands_that_fit_alike() -> None:
    views = [[hand(0, 0, "left")], [hand(1, 0, "right"), hand(1, 0, "left")], []]
    assert match_hands(CAMERAS, views) == [{0: 0, 1: 1}]


def test_numbers_stay_with_the_tracks() -> None:
    numbers = Numbers()
    assert numbers([{0: 0, 1: 0}, {0: 1, 1: 1}]) == [0, 1]
    assert numbers([{0: 1, 1: 1}, {0: 0, 1: 0}]) == [1, 0]
    assert numbers([{1: 1, 2: 4}]) == [1]  # camera 0 lost it, camera 2 has it now
    assert numbers([{2: 4, 0: 7}]) == [1]
    assert numbers([{0: 8, 1: 9}]) == [2]
    assert sorted(numbers([{0: 0, 1: 0}, {0: 1, 2: 9}])) == [0, 1]
