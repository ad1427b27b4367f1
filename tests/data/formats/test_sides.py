"""Which hand it is, however a tool says so; what is unclear stays open, and is told."""

import pytest

from likelihand.data.formats.sides import Statements, side_in_text

LEFT = [
    {"handedness": "Left hand"}, {"handedness": "left"}, {"Handedness": "LEFT"}, {"side": "l"},
    {"hand_side": "Left"},
    {"hand-type": "left_hand"}, {"handType": "leftHand"}, {"hand": "LH"},
    {"which_hand": "hand (left)"},
    {"is_right": 0}, {"is_right": False}, {"isRight": "0"}, {"is_right": "false"}, {"is_left": 1},
    {"isLeft": "Yes"},
    {"is_right_hand": 0.0}, {"right": 0}, {"left_hand": True}, {"hand_is_left": "true"},
    {"left": 1, "right": 0},
    {"attributes": {"side": "left", "occluded": False}}, {"attributes": {"Hand side": "Left"}},
    {"attributes": [{"name": "side", "value": "left"}]}, {"attributes": ["left", "blurry"]},
    {"tags": ["Left Hand"]},
    {"extra": {"user_tags": ["left_hand"]}}, {"attributes": {"left": True, "right": False}},
    {"attributes": {"label": "left hand"}}, {"handedness": {"label": "Left", "score": 0.9}},
    {"handedness": [{"categoryName": "Left", "score": 0.9}]}, {"side": "left", "is_right": 0},
    {"category": "left"},
]  # fmt: skip


@pytest.mark.parametrize("fields", LEFT)
def test_left(fields):
    assert Statements(fields, {}).settled() == ("left", None)


@pytest.mark.parametrize(
    "fields",
    [{"handedness": "Right hand"}, {"side": "R"}, {"is_right": 1}, {"isRight": True}, {"is_left": 0},
     {"is_left": "no"}, {"attributes": {"is_right": "1"}}, {"hand_type": "right"}, {"attributes": ["RH"]},
     {"left": False, "right": True}],
)  # fmt: skip
def test_right(fields):
    assert Statements(fields, {}).settled() == ("right", None)


@pytest.mark.parametrize(
    "fields",
    [{}, {"handedness": None}, {"handedness": ""}, {"handedness": "unknown"}, {"hand_type": "interacting"},
     {"is_right": None}, {"is_right": float("nan")}, {"left": 12, "top": 3, "right": 1, "bottom": 9},
     {"left": 0, "right": 0}, {"attributes": {"view": "left"}}, {"attributes": {"label": "glove"}},
     {"attributes": 3},
     {"handedness": {}}, {"handedness": [[[[[["left"]]]]]]}, {"name": "hand 3"}],
)  # fmt: skip
def test_nothing_is_said(fields):
    assert Statements(fields, {}).settled() == (None, None)


@pytest.mark.parametrize(
    ("fields", "doubt"),
    [({"handedness": 1}, "a side that is not understood: handedness 1"),
     ({"side": "links"}, "a side that is not understood: side 'links'"),
     ({"is_right": "maybe"}, "a side that is not understood: is_right 'maybe'"),
     ({"side": "left", "is_right": 1},
      "sides that contradict each other: side 'left' says left, is_right 1 says right"),
     ({"attributes": {"left": True, "right": True}}, "sides that contradict each other")],
)  # fmt: skip
def test_what_is_unclear_stays_open_and_is_told(fields, doubt):
    side, told = Statements(fields, {}).settled()
    assert side is None
    assert told.startswith(doubt)


def test_the_category_counts_like_a_field():
    assert Statements({}, {"category 'l_hand'": "left"}).settled() == ("left", None)
    assert Statements({"side": "R"}, {"category 'l_hand'": "left"}).settled()[0] is None


@pytest.mark.parametrize(
    ("name", "side"),
    [("l_hand", "left"), ("Left Hand", "left"), ("hand-left", "left"), ("LeftHand", "left"), ("lefthand", "left"),
     ("right hand 21", "right"), ("R", "right"), ("rh", "right"), ("hand", None), ("left or right hand", None),
     ("hands", None), ("", None)],
)  # fmt: skip
def test_names_of_categories(name, side):
    assert side_in_text(name) == side
