"""COCO-WholeBody: two hands a person."""

import json

import cv2
import numpy as np
import pytest

from likelihand.data.wholebody import CocoWholeBodyHands

POINTS = np.random.default_rng(0).uniform(20, 80, (21, 2)).round(2)


def flat(points=POINTS, visible=2):
    return np.column_stack([points, np.broadcast_to(visible, 21)]).ravel().tolist()


def write(root, *annotations):
    cv2.imwrite(str(root / "a.png"), np.zeros((100, 100, 3), np.uint8))
    path = root / "labels.json"
    path.write_text(json.dumps({"images": [{"id": 1, "file_name": "a.png"}], "annotations": annotations}))
    return path


def test_both_hands_of_whole_body_people(tmp_path, caplog):
    person = {
        "id": 3, "image_id": 1, "category_id": 1, "keypoints": [0] * 51, "lefthand_valid": True,
        "righthand_valid": True, "lefthand_kpts": flat(), "righthand_kpts": flat(POINTS[::-1], 1),
        "lefthand_box": [10, 10, 75, 75],
        "righthand_box": [0.0, 0.0, 0.0, 0.0],
    }  # fmt: skip
    other = person | {"id": 4, "lefthand_valid": False, "righthand_kpts": flat(visible=0)}
    path = write(tmp_path, person, other, person | {"iscrowd": 1})
    assert len(CocoWholeBodyHands(path, where={"id": "3", "iscrowd": "None"})) == 2
    data = CocoWholeBodyHands(path)
    assert [(r.side, r.key[-18:]) for r in (data.record(0), data.record(1))] == [
        ("left", "notation 3 #0 left"), ("right", "otation 3 #0 right"),
    ]  # fmt: skip
    assert np.allclose(data.record(1).points, POINTS[::-1] + 0.5)
    assert data.record(0).box.tolist() == [10, 10, 85, 85]
    assert dict(data.left_out) == {
        "hands that are not valid": 1, "hands without a labelled keypoint": 1, "hands of crowds": 2,
    }  # fmt: skip
    assert data.record(0).dataset == "COCO-WholeBody"
    with pytest.raises(ValueError, match="give a COCO-WholeBody file"):
        CocoWholeBodyHands(write(tmp_path, {"id": 5, "image_id": 1, "keypoints": flat()}))


def test_real_whole_body_file(shared):
    data = CocoWholeBodyHands(shared / "real/formats/others/mmpose_coco/test_coco_wholebody.json")
    assert len(data) == 10
    assert dict(data.left_out) == {"hands that are not valid": 18}
