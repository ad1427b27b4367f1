import numpy as np

from likelihand.structures import keypoints


def test_names_are_unique_and_in_freihands_order():
    assert len(set(keypoints.KEYPOINTS)) == 21
    assert keypoints.KEYPOINTS[:5] == ("wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip")
    assert keypoints.KEYPOINTS[17:] == ("little_mcp", "little_pip", "little_dip", "little_tip")
    assert [keypoints.KEYPOINTS[i] for i in keypoints.TIPS] == [f"{f}_tip" for f in keypoints.FINGERS]


def test_bones_make_one_tree_with_the_wrist_as_root():
    children = [child for _, child in keypoints.BONES]
    assert sorted(children) == list(range(1, 21))
    assert all(parent < child for parent, child in keypoints.BONES)
    assert [child for parent, child in keypoints.BONES if parent == 0] == [1, 5, 9, 13, 17]


def test_paper_joints():
    assert keypoints.PAPER_JOINTS == (0, 1, 5, 9, 13, 17, 4, 8, 12, 16, 20)


def test_rhd_order_is_its_own_inverse_and_reverses_fingers():
    order = np.array(keypoints.RHD_ORDER)
    assert (order[order] == np.arange(21)).all()
    assert order.tolist() == [0, 4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13, 20, 19, 18, 17]


def test_interhand_order_takes_its_names_to_ours():
    theirs = [f"{f}{n}" for f in ("thumb", "index", "middle", "ring", "little") for n in (4, 3, 2, 1)] + ["wrist"]
    ours = [theirs[i] for i in keypoints.INTERHAND_ORDER]
    assert ours == ["wrist"] + [f"{f}{n}" for f in keypoints.FINGERS for n in (1, 2, 3, 4)]


def test_opposite_twice_is_the_same():
    assert {keypoints.opposite(keypoints.opposite(side)) for side in ("left", "right")} == {"left", "right"}
    assert keypoints.opposite("right") == "left"
