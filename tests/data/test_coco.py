"""Tests."""

import json
import logging

import cv2
import numpy as np
import pytest

from likelihand.data.coco import CocoHands
from likelihand.structures import KEYPOINTS, RHD_ORDER, Visibility

POINTS = np.random.default_rng(0).uniform(20, 80, (21, 2)).round(2)

CATEGORY = {"id": 1, "name": "hand", "keypoints": list(KEYPOINTS)}


def flat(points=POINTS, visible=2):
    return np.column_stack([points, np.broadcast_to(visible, 21)]).ravel().tolist()


def annotation(**fields):
    return {"id": 5, "image_id": 1, "category_id": 1, "keypoints": flat(), "bbox": [10, 20, 70, 60]} | fields


def write(root, *annotations, category=CATEGORY, images="", **image):
    (root / images).mkdir(exist_ok=True)
    cv2.imwrite(str(root / images / "a.png"), np.zeros((100, 100, 3), np.uint8))
    content = {"images": [{"id": 1, "file_name": "a.png"} | image], "annotations": list(annotations)}
    path = root / "labels.json"
    path.write_text(json.dumps(content | ({"categories": [category]} if category else {})))
    return path


def test_points_move_by_half_a_pixel_where_pixels_are_counted(tmp_path):
    path = write(tmp_path, annotation())
    assert np.allclose(CocoHands(path).record(0).points, POINTS + 0.5)
    assert np.allclose(CocoHands(path, pixel_centre=0.5).record(0).points, POINTS)
    with pytest.raises(ValueError, match=r"pixel_centre 0\.25"):
        CocoHands(path, pixel_centre=0.25)


def test_fields(tmp_path):
    record = CocoHands(write(tmp_path, annotation())).record(0)
    assert record.box.tolist() == [10, 20, 80, 80]
    assert (record.side, record.dataset, record.group) == (None, "labels", "a.png")
    assert record.key.endswith("a.png annotation 5")
    assert record.read().shape == (100, 100, 3)


@pytest.mark.parametrize(
    ("fields", "side"),
    [({"handedness": "Left"}, "left"), ({"side": "right"}, "right"), ({"hand_type": "left"}, "left"),
     ({"handedness": "unknown"}, None), ({"hand_type": "interacting"}, None), ({"handedness": None}, None)],
)  # fmt: skip
def test_sides(tmp_path, fields, side):
    assert CocoHands(write(tmp_path, annotation(**fields))).record(0).side == side


def test_names_of_data_sets(tmp_path):
    path = write(tmp_path, annotation(), annotation(id=6, dataset="mine"), dataset="image's")
    assert [CocoHands(path).record(i).dataset for i in (0, 1)] == ["image's", "mine"]
    assert CocoHands(path, dataset="x").record(1).dataset == "x"


def test_order_from_names_or_parameter(tmp_path):
    turned = CATEGORY | {"keypoints": [KEYPOINTS[i] for i in RHD_ORDER]}
    keypoints = flat(POINTS[list(RHD_ORDER)])
    path = write(tmp_path, annotation(keypoints=keypoints), category=turned)
    assert np.allclose(CocoHands(path).record(0).points, POINTS + 0.5)
    for category in (CATEGORY, None, {"id": 1}):
        path = write(tmp_path, annotation(keypoints=keypoints), category=category)
        assert np.allclose(CocoHands(path, keypoint_order=RHD_ORDER).record(0).points, POINTS + 0.5)
    path = write(tmp_path, annotation(), category=CATEGORY | {"keypoints": ["palm", *KEYPOINTS[1:]]})
    with pytest.raises(ValueError, match=r"name 'palm' \(number 0 of 21\) is not understood; give keypoint_order"):
        CocoHands(path)
    assert np.allclose(CocoHands(path, keypoint_order=range(21)).record(0).points, POINTS + 0.5)
    with pytest.raises(ValueError, match="not a permutation"):
        CocoHands(path, keypoint_order=range(20))


def test_visibility_codes_confidences_and_nested_lists(tmp_path):
    visible = np.resize([0, 1, 2, 0.3], 21)
    points = POINTS.copy()
    points[visible == 0] = 0
    path = write(tmp_path, annotation(keypoints=np.column_stack([points, visible]).tolist(), bbox=None))
    record = CocoHands(path).record(0)
    codes = {0: Visibility.UNLABELLED, 1: Visibility.HIDDEN, 2: Visibility.VISIBLE, 0.3: Visibility.HIDDEN}
    assert record.visibility.tolist() == [codes[v] for v in visible]
    labelled = points[visible > 0] + 0.5
    assert np.allclose(record.box, [*labelled.min(0), *labelled.max(0)])
    assert (record.points[visible == 0] == 0).all()


def test_boxes(tmp_path):
    tight = [*(POINTS.min(0) + 0.5), *(POINTS.max(0) + 0.5)]
    path = write(tmp_path, annotation(), annotation(bbox=[5, 5, 0, 9]), annotation(bbox=[]))
    assert CocoHands(path).record(0).box.tolist() == [10, 20, 80, 80]
    assert np.allclose(CocoHands(path, box="keypoints").record(0).box, tight)
    assert np.allclose([CocoHands(path).record(i).box for i in (1, 2)], tight)
    with pytest.raises(ValueError, match="box 'tight' is unknown"):
        CocoHands(path, box="tight")


def test_what_is_left_out_is_counted_and_told(tmp_path, caplog):
    left_out = (
        annotation(iscrowd=1),
        annotation(category_id=9),
        annotation(keypoints=flat(visible=0)),
        annotation(keypoints=[]),
    )
    path = write(tmp_path, annotation(), *left_out)
    with caplog.at_level(logging.WARNING):
        data = CocoHands(path)
    assert len(data) == 1
    assert sum(data.left_out.values()) == 4
    assert "1 crowds" in caplog.text
    assert "2 annotations without a labelled keypoint" in caplog.text
    with pytest.raises(ValueError, match="no usable hand; left out: 1 crowds"):
        CocoHands(write(tmp_path, annotation(iscrowd=1)))


def test_where_chooses_by_fields_of_annotation_or_image(tmp_path, caplog):
    annotations = [annotation(subset="core"), annotation(subset="extra"), annotation(id=8, subset="core", take=2)]
    path = write(tmp_path, *annotations, annotation(), licence="free", take=1)

    def kept(**where):
        data = CocoHands(path, where=where)
        return len(data), dict(data.left_out)

    with caplog.at_level(logging.WARNING):
        assert kept(subset="core") == (2, {"annotations without subset=core": 2})
        assert kept(subset="core", take="2") == (1, {"annotations without subset=core, take=2": 3})
        assert kept(take="1") == (3, {"annotations without take=1": 1})
        assert kept(licence="free") == kept() == (4, {})
        assert not caplog.text
        data = CocoHands(write(tmp_path, annotation(subset="core", iscrowd=1), *annotations), where={"take": "2"})
        assert (len(data), not caplog.text) == (1, True)
        CocoHands(write(tmp_path, annotation(subset="core", iscrowd=1), *annotations), where={"subset": "core"})
        assert caplog.text.strip().endswith("left out 1 crowds")
    with pytest.raises(ValueError, match=r"no usable hand; left out: 4 annotations without subset=cor$"):
        CocoHands(path, where={"subset": "cor"})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_id": 77}, "annotation 5, field image_id: 77 is not the id of an image"),
        ({"keypoints": flat()[:60]}, "annotation 5, field keypoints: 60 numbers, expected 63"),
    ],
)
def test_malformed_annotations_are_refused(tmp_path, fields, message):
    with pytest.raises(ValueError, match=message):
        CocoHands(write(tmp_path, annotation(**fields)))


def test_wrong_labels_are_refused_by_name_when_the_record_is_asked_for(tmp_path):
    nan, far = POINTS.copy(), POINTS.copy()
    nan[4], far[6] = np.nan, 4000
    data = CocoHands(write(tmp_path, annotation(keypoints=flat(nan)), annotation(id=8, keypoints=flat(far))))
    assert data.left_out == {"parts that cannot be read": 1}
    wrong = "annotation 5, field keypoints, keypoint 4: [nan, nan] is not finite and up to 1e+06, but labelled"
    assert data.problems[0].endswith(wrong)
    with pytest.raises(ValueError, match=r"a\.png annotation 8: keypoints \[6\] lie over"):
        data.record(0)
    with pytest.raises(IndexError, match="index 1"):
        data.record(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not whole JSON"), ("[]", "is no COCO JSON"), ('{"images": []}', "needs the lists"),
     ('{"images": [{"id": 1}], "annotations": []}', "image #0, field file_name: None is not text"),
     ('{"images": [], "annotations": [3]}', "is not a mapping"),
     ('{"images": [], "annotations": []}', "no usable hand"),
     ("\xff\xfe", "not whole JSON")],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="latin1")
    with pytest.raises(ValueError, match=message):
        CocoHands(path)


def test_folders_of_pictures(tmp_path):
    path = write(tmp_path, annotation(), images="images")
    assert CocoHands(path).record(0).read().shape == (100, 100, 3)
    assert CocoHands(path, images_folder=tmp_path / "images").folder == tmp_path / "images"
    with pytest.raises(FileNotFoundError, match=r"a\.png is in none of .*; give images_folder"):
        CocoHands(path, images_folder=tmp_path)


@pytest.mark.parametrize(
    ("path", "hands", "labels"),
    [("freihand/mmpose/test_freihand.json", 8, 168), ("others/mmpose_onehand10k/test_onehand10k.json", 4, 63),
     ("others/mmpose_panoptic/test_panoptic.json", 4, 84)],
)  # fmt: skip
def test_real_files_of_mmpose(shared, path, hands, labels):
    data = CocoHands(shared / "real/formats" / path)
    records = [data.record(i) for i in range(len(data))]
    assert (len(data), sum(int(r.weight.sum()) for r in records)) == (hands, labels)
    for record in records:
        height, width = record.read().shape[:2]
        points = record.points[record.weight > 0]
        assert ((points >= 0) & (points <= (width, height))).all()


def test_the_labelled_photos_and_the_fingertips(shared):
    labelled = CocoHands(shared / "real/labelled/annotations.json")
    records = [labelled.record(i) for i in range(len(labelled))]
    assert len(records) == 391
    assert sum(int(r.weight.sum()) for r in records) == 8158
    assert len({r.dataset for r in records}) == 12
    core = CocoHands(shared / "real/labelled/annotations.json", where={"subset": "core"}, box="keypoints")
    assert (len(core), sum(core.record(i).dataset.startswith("hand-graph-cnn") for i in range(108))) == (108, 49)
    tips = CocoHands(shared / "real/fingertips/annotations.json")
    assert len(tips) == 1000
    assert all(np.flatnonzero(tips.record(i).weight).tolist() == [4, 8] for i in range(0, 1000, 50))
