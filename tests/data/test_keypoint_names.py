import pytest

from likelihand.data.keypoint_names import keypoint_of_name, order_of_names
from likelihand.hand import KEYPOINTS

MMPOSE = ["wrist"] + [
    f"{f}{i}"
    for f in ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
    for i in (1, 2, 3, 4)
]
WHOLE_BODY = ["left_hand_root"] + [
    f"left_{f}{i}"
    for f in ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
    for i in (1, 2, 3, 4)
]
MEDIAPIPE = ["WRIST", "THUMB_CMC", "THUMB_MCP", "THUMB_IP", "THUMB_TIP"] + [
    f"{f}_{j}"
    for f in ("INDEX_FINGER", "MIDDLE_FINGER", "RING_FINGER", "PINKY")
    for j in ("MCP", "PIP", "DIP", "TIP")
]
INTERHAND = [
    f"right_{f}{i}"
    for f in ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
    for i in (4, 3, 2, 1)
]


@pytest.mark.parametrize("names", [MMPOSE, WHOLE_BODY, MEDIAPIPE, KEYPOINTS])
def test_names_in_our_order(names):
    assert order_of_names(names) == tuple(range(21))


def test_another_order_is_undone():
    names = [*INTERHAND, "right_wrist"]
    order = order_of_names(names)
    assert [names[i] for i in order[:5]] == ["right_wrist", *(f"right_thumb{n}" for n in (1, 2, 3, 4))]
    shuffled = [KEYPOINTS[(5 * i) % 21] for i in range(21)]
    assert [shuffled[i] for i in order_of_names(shuffled)] == list(KEYPOINTS)


@pytest.mark.parametrize("name", ["nose", "left_elbow", "thumb_pip", "thumb5", "index", "", "little_cmc"])
def test_unknown_names(name):
    assert keypoint_of_name(name) is None
    with pytest.raises(ValueError, match="is not understood; give keypoint_order"):
        order_of_names([name, *KEYPOINTS[1:]])


def test_two_names_of_one_keypoint_are_refused():
    with pytest.raises(ValueError, match="do not mean 21 keypoints"):
        order_of_names(["wrist", *KEYPOINTS[2:], "thumb_tip"])
