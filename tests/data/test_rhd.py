import logging
import os
import pickle

import cv2
import numpy as np
import pytest

from likelihand.data import rhd
from likelihand.data.coco import CocoHands
from likelihand.data.rhd import RHD
from likelihand.structures import RHD_ORDER, Visibility


def annotation(left=21, right=21, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.zeros((42, 3), np.float32)
    labels[:, :2] = rng.uniform(100, 200, (42, 2))
    labels[:left, 2] = labels[21 : 21 + right, 2] = 1
    return {"uv_vis": labels, "xyz": np.zeros((42, 3)), "K": np.eye(3)}


def layout(root, content, part="training"):
    (root / part / "color").mkdir(parents=True, exist_ok=True)
    (root / part / f"anno_{part}.pickle").write_bytes(pickle.dumps(content, 2))
    for image in range(3):
        cv2.imwrite(str(root / part / "color" / f"{image:05d}.png"), np.full((320, 320, 3), image, np.uint8))
    return root


def test_one_record_a_hand_with_ten_visible_keypoints(tmp_path):
    content = {0: annotation(21, 0), 2: annotation(10, 9, 1), 1: annotation(12, 21, 2)}
    data = RHD(layout(tmp_path, content))
    found = [(r.key[-15:], r.side, int(r.weight.sum())) for r in (data.record(i) for i in range(len(data)))]
    assert found == [
        ("/00000.png left", "left", 21),
        ("/00001.png left", "left", 12),
        ("00001.png right", "right", 21),
        ("/00002.png left", "left", 10),
    ]
    assert data.record(1).group == data.record(2).group != data.record(3).group
    assert data.record(3).read()[0, 0, 0] == 2
    assert data.pictures == 3
    assert data.expected_count is None


def test_fingers_are_turned_round_and_nothing_is_added(tmp_path):
    content = {0: annotation()}
    data = RHD(layout(tmp_path, content))
    for record, rows in zip((data.record(0), data.record(1)), (slice(0, 21), slice(21, 42)), strict=True):
        theirs = content[0]["uv_vis"][rows, :2]
        assert (record.points == theirs[list(RHD_ORDER)]).all()
        assert (record.points[4] == theirs[1]).all()
        assert (record.points[1] == theirs[4]).all()


def test_the_box_is_tight_around_visible_keypoints_and_hidden_ones_are_optional(tmp_path):
    entry = annotation(15, 0)
    entry["uv_vis"][16, :2] = 5.0
    entry["uv_vis"][17, :2] = -50.0
    entry["uv_vis"][18, :2] = np.nan
    content = {0: entry}
    layout(tmp_path, content)
    plain, hidden = RHD(tmp_path).record(0), RHD(tmp_path, hidden=True).record(0)
    visible = plain.visibility == Visibility.VISIBLE
    for record in (plain, hidden):
        assert np.allclose(record.box, [*plain.points[visible].min(0), *plain.points[visible].max(0)])
    assert (plain.visibility[~visible] == Visibility.UNLABELLED).all()
    order = list(RHD_ORDER)
    codes = {row: hidden.visibility[order.index(row)] for row in (15, 16, 17, 18)}
    assert codes == {15: Visibility.HIDDEN, 16: Visibility.HIDDEN, 17: Visibility.UNLABELLED, 18: 0}


def test_counts_of_the_whole_set_are_compared_with_the_papers(tmp_path, monkeypatch, caplog):
    assert rhd.HANDS == {"training": 60_375, "evaluation": 3_807}
    assert rhd.PICTURES == {"training": 41_258, "evaluation": 2_728}
    monkeypatch.setitem(rhd.PICTURES, "training", 2)
    monkeypatch.setitem(rhd.HANDS, "training", 4)
    layout(tmp_path, {0: annotation(), 1: annotation(21, 3)})
    with caplog.at_level(logging.INFO):
        assert RHD(tmp_path).expected_count == 4
    assert "3 hands of 2 pictures" in caplog.text
    assert "the paper counts 4" in caplog.text


def test_a_hostile_pickle_is_refused_unrun(tmp_path, monkeypatch):
    class Runs:
        def __reduce__(self):
            return os.system, ("touch HIT",)

    monkeypatch.chdir(tmp_path)
    layout(tmp_path, {0: {"uv_vis": Runs()}})
    with pytest.raises(ValueError, match=r"asks for (posix|nt)\.system"):
        RHD(tmp_path)
    assert not (tmp_path / "HIT").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "no mapping"),
        ([1, 2], "no mapping"),
        ({"a": annotation()}, "keys that are not picture numbers"),
        ({3: {"xyz": np.zeros(3)}}, "picture 3: uv_vis is NoneType"),
        ({3: {"uv_vis": np.zeros((21, 3))}}, r"picture 3: uv_vis is \(21, 3\)"),
        ({3: 5}, "picture 3: uv_vis"),
        (
            {0: annotation(), 3: {"uv_vis": np.full((42, 3), np.nan)}},
            "picture 3: a visible keypoint is not finite",
        ),
    ],
)
def test_damaged_annotations_are_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        RHD(layout(tmp_path, content))


def test_missing_files_unknown_splits_and_indices(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"anno_training\.pickle is missing"):
        RHD(tmp_path)
    with pytest.raises(ValueError, match="split 'val'"):
        RHD(tmp_path, "val")
    data = RHD(layout(tmp_path, {7: annotation()}))
    with pytest.raises(FileNotFoundError, match=r"00007\.png: no such file"):
        data.record(0).read()
    with pytest.raises(IndexError, match="index 2 is outside RHD training"):
        data.record(2)


def test_real_samples_agree_with_mmposes_file(shared):
    root = shared / "real/formats/rhd"
    official = RHD(root / "reconstructed_training_3")
    coco = CocoHands(root / "mmpose/test_rhd.json", keypoint_order=RHD_ORDER, pixel_centre=0.5)
    assert len(official) == len(coco) == 3
    for i in range(3):
        first, second = official.record(i), coco.record(i)
        assert np.abs(first.points - second.points).max() < 1e-3
        assert first.side == second.side
        assert (first.read() == second.read()).all()
