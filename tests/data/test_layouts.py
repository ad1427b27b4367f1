"""Which layout a path holds."""

import json
import logging

import cv2
import numpy as np
import pytest

from likelihand.data.coco import CocoHands
from likelihand.data.dataset import Concatenated
from likelihand.data.freihand import FreiHAND
from likelihand.data.layouts import LAYOUTS, detect
from likelihand.data.rhd import RHD
from likelihand.data.wholebody import CocoWholeBodyHands


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
    assert len(LAYOUTS) == 6
