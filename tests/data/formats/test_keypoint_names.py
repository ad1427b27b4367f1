import pytest

from likelihand.data.formats.keypoint_names import hands_of_names, order_of_names
from likelihand.structures import KEYPOINTS

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


OPENPOSE = ["RWrist", "RThumb1CMC", "RThumb2Knuckles", "RThumb3IP", "RThumb4FingerTip"] + [
    f"R{f}{j}" for f in ("Index", "Middle", "Ring", "Pinky") for j in ("1Knuckles", "2PIP", "3DIP", "4FingerTip")
]
DEXYCB = ["Wrist"] + [f + j for f in "TIMRP" for j in ("MCP", "PIP", "DIP", "TIP")]
WEBXR = (
    ["wrist"]
    + [f"thumb-{j}" for j in ("metacarpal", "phalanx-proximal", "phalanx-distal", "tip")]
    + [
        f"{f}-finger-{j}"
        for f in ("index", "middle", "ring", "pinky")
        for j in ("phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip")
    ]
)
CAMEL = [name[0].lower() + name.title().replace("_", "")[1:] for name in MEDIAPIPE]
GLUED = ["wristjoint"] + [name.lower().replace("_", "") for name in MEDIAPIPE[1:]]


@pytest.mark.parametrize(
    "names",
    [
        OPENPOSE,
        DEXYCB,
        [name.lower() for name in DEXYCB],
        WEBXR,
        CAMEL,
        GLUED,
        ["wrist"] + [f"{f}_{i}" for f in ("thumb", "index", "middle", "ring", "little") for i in range(4)],
        ["wrist"] + [f"{f}{i}" for f in "TIMRL" for i in range(1, 5)],
        [f"{i:02}: {name}" for i, name in enumerate(KEYPOINTS)],
        [name.replace("little", "Pinkie").replace("_", " ") for name in KEYPOINTS],
    ],
)
def test_other_projects_names_in_our_order(names):
    assert hands_of_names(names)[0][1] == tuple(range(21))
    turned = [names[(5 * i) % 21] for i in range(21)]
    assert [turned[i] for i in order_of_names(turned)] == names


def test_mano_names_tips_without_a_number():
    fingers = ("thumb", "index", "middle", "ring", "pinky")
    names = ["wrist", *(f"{f}{i}" for f in fingers for i in (1, 2, 3)), *fingers]
    assert [names[i] for i in order_of_names(names)][:9] == [
        "wrist", "thumb1", "thumb2", "thumb3", "thumb", "index1", "index2", "index3", "index",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [[str(i) for i in range(21)], [*range(1, 22)], [f"{i:02}" for i in range(21)], [float(i) for i in range(21)],
     [f"new-point-{i}" for i in range(21)], [f"kp{i:03}" for i in range(1, 22)], [f"{i}." for i in range(1, 22)]],
)  # fmt: skip
def test_numbers_are_put_in_order(names):
    assert order_of_names(names) == tuple(range(21))
    as_text = sorted(names, key=str)  # an export that sorts 1, 10, 11, ... 2
    assert [as_text[i] for i in order_of_names(as_text)] == names
    with pytest.raises(ValueError, match="not 0 to 20 or 1 to 21; give keypoint_order"):
        order_of_names([f"p{i}" for i in range(5, 26)])


def test_two_hands_in_one_list():
    for left, right in (("left_{}", "right_{}"), ("{}_l", "{}_r"), ("L {}", "R {}")):
        names = [right.format(name) for name in KEYPOINTS] + [left.format(name) for name in KEYPOINTS]
        assert hands_of_names(names) == [("right", tuple(range(21))), ("left", tuple(range(21, 42)))]
    names = [f"{side}{i}" for i in range(21) for side in ("left_", "right_")]
    assert hands_of_names(names) == [("left", tuple(range(0, 42, 2))), ("right", tuple(range(1, 42, 2)))]
    with pytest.raises(ValueError, match="2 of the wrist, expected 1; give keypoint_order"):
        hands_of_names([*KEYPOINTS, *KEYPOINTS])
    with pytest.raises(ValueError, match="numbered 0 to 41"):
        hands_of_names(range(42))


@pytest.mark.parametrize(("names", "side"), [(WHOLE_BODY, "left"), (OPENPOSE, "right"), (MEDIAPIPE, None)])
def test_names_may_say_the_side(names, side):
    assert hands_of_names(names)[0][0] == side


@pytest.mark.parametrize("name", ["nose", "palm", "", None, {}, [[[]]], "x" * 10_000])
def test_unknown_names(name):
    with pytest.raises(ValueError, match="is not understood; give keypoint_order") as caught:
        order_of_names([name, *KEYPOINTS[1:]])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["left_elbow_tip", "thumb_pip", "thumb5", "index", "little_cmc", "index_tip"])
def test_names_that_do_not_make_a_hand(name):
    with pytest.raises(ValueError, match="give keypoint_order"):
        order_of_names([*KEYPOINTS[:1], name, *KEYPOINTS[2:]])


def test_two_names_of_one_keypoint_are_refused():
    with pytest.raises(ValueError, match="5 of the thumb, expected 4"):
        order_of_names([*KEYPOINTS[:-1], "thumb_tip"])
    with pytest.raises(ValueError, match="names of the thumb"):
        order_of_names(["wrist", *KEYPOINTS[2:5], "thumb_tip", *KEYPOINTS[5:]])


def test_the_same_joint_named_twice_by_number():
    with pytest.raises(ValueError, match="names of the ring"):
        order_of_names([*KEYPOINTS[:13], "ring1", "ring1", "ring2", "ring3", *KEYPOINTS[17:]])
