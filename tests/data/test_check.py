import json
import logging
from dataclasses import replace

import cv2
import numpy as np
import pytest

from likelihand.data import check
from likelihand.data.check import check_dataset, detect
from likelihand.data.coco import CocoHands
from likelihand.data.dataset import Concatenated
from likelihand.data.drawn import DrawnHands
from likelihand.data.freihand import FreiHAND
from likelihand.data.images import ImageError
from likelihand.data.rhd import RHD
from likelihand.data.wholebody import CocoWholeBodyHands


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
    assert report.problems[:2] == ("sample 1: labelled keypoints [3] are not finite", "sample 2: truncated")
    assert report.problems[2].startswith("drawn 0/3: box")
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
    data.expected_count = 3
    assert "2 of 3 hands, NOT the published number" in str(check_dataset(data))


def test_layouts_are_found(tmp_path, shared, caplog):
    formats = shared / "real/formats"
    with caplog.at_level(logging.WARNING):
        assert isinstance(detect(formats / "freihand/reconstructed_training_5"), FreiHAND)
        assert isinstance(detect(formats / "freihand/official_evaluation_first200"), FreiHAND)
    assert "the versions gs alone" in caplog.text
    assert "without labels" in caplog.text
    assert isinstance(detect(formats / "rhd/reconstructed_training_3"), RHD)
    assert isinstance(detect(formats / "others/mmpose_coco/test_coco_wholebody.json"), CocoWholeBodyHands)
    assert isinstance(detect(formats / "freihand/mmpose/test_freihand.json", pixel_centre=0.5), CocoHands)
    assert isinstance(detect(shared / "real/labelled"), CocoHands)


def test_both_splits_are_joined(tmp_path):
    for part in ("training", "evaluation"):
        (tmp_path / part / "rgb").mkdir(parents=True)
        (tmp_path / f"{part}_K.json").write_text(json.dumps([np.eye(3).tolist()]))
        (tmp_path / f"{part}_xyz.json").write_text(json.dumps([[[0, 0, 1]] * 21]))
        cv2.imwrite(str(tmp_path / part / "rgb/00000000.jpg"), np.zeros((224, 224, 3), np.uint8))
    joined = detect(tmp_path)
    assert isinstance(joined, Concatenated)
    assert len(joined) == 2


def test_unknown_layouts_are_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match=r"no layout that is known.*FreiHAND.*RHD.*COCO"):
        detect(tmp_path)
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(ValueError, match="no layout that is known"):
        detect(tmp_path / "a.txt")
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        detect(tmp_path / "none")
    assert len(check.LAYOUTS) == 5
