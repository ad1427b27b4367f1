"""Tests."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from likelihand.data.check import check_dataset, write_problems
from likelihand.data.coco import CocoHands
from likelihand.data.dataset import Concatenated, check_record
from likelihand.data.drawn import DrawnHands
from likelihand.data.images import ImageError
from likelihand.data.layouts import detect


class Broken(DrawnHands):
    """Drawn hands of which four are damaged."""

    def record(self, index):
        record = super().record(index)
        if index == 1:
            raise ValueError("sample 1: labelled keypoints [3] are not finite")
        if index == 2:
            return replace(record, read=self.fail)
        if index == 3:
            return replace(record, box=np.zeros(4))
        if index == 4:
            return replace(record, points=record.points + np.array([60.0, 0.0]), side=None)
        return record

    @staticmethod
    def fail():
        raise ImageError("sample 2: truncated")


def test_the_report_counts_and_names_every_problem(tmp_path):
    report = check_dataset(Broken(8), tmp_path / "new" / "sheet.png")
    assert report.records == 8
    told = [str(problem) for problem in report.problems[:2]]
    assert told == ["sample 1: labelled keypoints [3] are not finite", "sample 2: truncated"]
    assert report.problems[2].text.startswith("drawn 0/3: box")
    assert len(report.problems) == 3
    assert report.outside > 0
    assert report.sides["unknown"] == 1
    assert json.loads((tmp_path / "new/sheet.json").read_text())["records"] == 8
    assert "3 problems\n  sample 1" in str(report)
    assert cv2.imread(report.sheet).shape[2] == 3


def test_a_sound_data_set(tmp_path):
    report = check_dataset(DrawnHands(5), tmp_path / "a.jpg", tiles=3)
    assert report.problems == ()
    assert report.keypoints == {"visible": 105, "hidden": 0, "unlabelled": 0}
    assert sum(report.sides.values()) == report.datasets["drawn"] == 5
    assert report.sizes[0] <= report.sizes[1] <= report.sizes[2]
    assert cv2.imread(report.sheet).shape == (238, 672, 3)


def test_nothing_is_decoded_or_written_where_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("likelihand.data.drawn._picture", Broken.fail)
    report = check_dataset(DrawnHands(2), pictures=False)
    assert report.sheet is None
    assert list(tmp_path.iterdir()) == []
    assert check_dataset(DrawnHands(0), pictures=False).records == 0


def test_many_problems_are_told_in_part():
    data = DrawnHands(30)
    data.record = lambda index: replace(DrawnHands(30).record(index), box=np.zeros(4))
    report = check_dataset(data)
    assert len(report.problems) == 30
    assert "and 10 more, see the report file" in str(report)


def test_a_whole_data_set_is_compared_with_its_published_count():
    data = DrawnHands(2)
    data.expected_count = 3  # type: ignore[attr-defined]
    assert "2 of 3 hands, NOT the published number" in str(check_dataset(data))


class Labelled(DrawnHands):
    """Drawn hands, one label of which is changed."""

    def __init__(self, change):
        super().__init__(4, size=200)
        self.change = change

    def record(self, index):
        record = super().record(index)
        points = record.points.copy()
        if index == 2:
            self.change(points)
        return replace(record, points=points, box=np.array([0.0, 0, 200, 200]), side=None)

    def keys(self):
        return [f"drawn 0/{i}" for i in range(4)]


def test_sides_that_are_all_missing_are_noted():
    assert "note: no hand has a side: give handedness" in str(check_dataset(Labelled(lambda points: None)))
    assert check_dataset(DrawnHands(4)).notes == ()


def test_shares_of_the_picture_are_refused_wherever_they_are_read():
    record = DrawnHands(1).record(0)
    shares = replace(record, points=record.points / 100, key="a.jpg")
    with pytest.raises(ValueError, match=r"a.jpg: the labelled keypoints lie within 2 pixels; are they shares"):
        check_record(shares)
    assert check_record(replace(shares, visibility=np.where(np.arange(21) < 2, 2, 0).astype(np.int8)))


def test_what_the_reader_left_out_is_a_problem_through_any_wrapping(tmp_path):
    points = np.column_stack([np.linspace(5, 50, 21), np.linspace(60, 8, 21), np.full(21, 2)])
    annotations = [{"id": i, "image_id": 1, "keypoints": points.tolist(), "side": "left"} for i in range(3)]
    annotations[1]["image_id"] = 8
    content = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": annotations}
    (tmp_path / "labels.json").write_text(json.dumps(content))
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((64, 64, 3), np.uint8))
    data = Concatenated([CocoHands(tmp_path / "labels.json"), DrawnHands(2)])
    report = check_dataset(data)
    assert [problem.kind for problem in report.problems] == ["reader"]
    assert "annotation 1, field image_id: 8 is not the id of an image" in str(report)
    assert report.left_out == {"parts that cannot be read": 1}
    assert write_problems(tmp_path / "list.csv", report) == 0


def test_real_labels_are_not_flagged_without_cause(shared):
    report = check_dataset(CocoHands(shared / "real/labelled/annotations.json", where={"subset": "core"}))
    assert report.records == 108
    assert report.problems == ()
    report = check_dataset(detect(shared / "real/formats/others/mmpose_onehand10k/test_onehand10k.json"))
    assert report.problems == ()
