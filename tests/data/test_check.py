"""Tests."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from likelihand.data.check import LARGE, check_dataset, label_problems, write_problems
from likelihand.data.coco import CocoHands
from likelihand.data.dataset import Concatenated, check_record
from likelihand.data.drawn import DrawnHands
from likelihand.data.images import ImageError
from likelihand.data.layouts import detect
from likelihand.data.selection import leave_out, read_keys


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


def whole(points, places):
    """Round points to pixels, those of some places to one."""
    rounded = np.round(points) + 0.5
    rounded[list(places)] = rounded[places[0]]
    return rounded


def test_labels_that_can_be_read_but_are_likely_wrong_are_flagged(tmp_path):
    def changed(place, value):
        return lambda points: points.__setitem__(place, value)

    for change, kind, text in (
        (changed(slice(5, 7), 0.5), "corner", "index_mcp, index_pip lie in the corner (0, 0) and count"),
        (changed(8, 0.0), "corner", "index_tip lie in the corner"),
        (lambda points: changed(20, points[19])(points), "coincident", "little_dip, little_tip lie on one"),
        (changed(4, 305.0), "outside", "thumb_tip lie far outside the picture of 200 x 200 pixels"),
        (lambda points: changed(slice(None), points / 200)(points), "unreadable", "keypoints lie within 2"),
        (changed(3, np.nan), "unreadable", "labelled keypoints [3] are not finite"),
    ):
        report = check_dataset(Labelled(change))
        (problem,) = report.problems
        assert (problem.kind, problem.index, problem.key) == (kind, 2, "drawn 0/2"), problem
        assert text in problem.text
        assert write_problems(tmp_path / "list.csv", report) == 1
        assert read_keys(tmp_path / "list.csv") == ["drawn 0/2"]
        assert len(leave_out(Labelled(change), {"list": ["drawn 0/2"]})) == 3
    for places, count in (((8, 16), 0), ((8, 7), 1), ((0, 12), 1), ((8, 12, 16), 1)):
        same = Labelled(lambda points, places=places: points.__setitem__(slice(None), whole(points, places)))
        assert len(check_dataset(same).problems) == count, places
    report = check_dataset(Labelled(changed(4, 250.0)))
    assert (report.problems, report.outside) == ((), 1)


@pytest.mark.parametrize("visible", [True, False])
def test_what_is_not_labelled_cannot_be_wrong(visible):
    record = DrawnHands(1, size=200).record(0)
    points, visibility = record.points.copy(), record.visibility.copy()
    points[4:6] = 0.0
    visibility[4:6] = 2 * visible
    kinds = [kind for kind, _ in label_problems(replace(record, points=points, visibility=visibility), (200, 200))]
    assert kinds == (["corner"] if visible else [])


def test_joints_of_a_tiny_hand_may_share_a_pixel():
    record = DrawnHands(1, size=200).record(0)
    points = record.points.copy()
    points[20] = points[19]
    small = np.array([0.0, 0.0, LARGE - 1, LARGE - 1])
    assert [kind for kind, _ in label_problems(replace(record, points=points), None)] == ["coincident"]
    assert label_problems(replace(record, points=points, box=small), None) == []


def test_a_hand_cut_off_by_the_edge_is_none_of_the_far_ones():
    """Half the longer side of the picture is near enough, on each side."""
    record = DrawnHands(1, size=200).record(0)
    for place, wrong in ((-99.0, False), (-101.0, True), (299.0, False), (301.0, True)):
        points = record.points.copy()
        points[8, 0] = place
        assert bool(label_problems(replace(record, points=points), (200, 200))) == wrong, place


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
