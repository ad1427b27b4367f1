"""What any writer of COCO files writes, every reader reads as it was: half a pixel off would fail here."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from likelihand.cli.formats import coco
from likelihand.cli.sources import Boxes
from likelihand.data import CocoHands, CocoScenes, DrawnHands
from likelihand.data.formats.coco import image_entry, write_document
from likelihand.data.rendered import annotation_of
from likelihand.evaluation.audit.report import write_clean
from likelihand.structures import Record
from likelihand.synth.scene.labels import HandLabel, Occlusion

BUSY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine may be busy: no test measures time."""

HANDS = arrays(np.int64, (21, 2), elements=st.integers(0, 19_999)).map(
    lambda n: (1_000_000 + 40_000 * np.arange(21)[:, None] + n) / 1000
)
"""Points near enough to each other for a hand, and none on another."""

CODES = arrays(np.int64, 21, elements=st.integers(0, 2)).filter(np.any)

SIDES = st.sampled_from(["left", "right", None])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("coco")
    (place / "images").mkdir()
    cv2.imwrite(str(place / "images" / "a.png"), np.zeros((40, 50, 3), np.uint8))
    return place


@BUSY
@given(HANDS, CODES, SIDES)
def test_a_renderers_label_is_read_by_every_reader(
    folder: Path, points: np.ndarray, codes: np.ndarray, side: str | None
) -> None:
    side = side or "left"
    box = np.array([990.125, 991.5, 2100.25, 2001.75])
    occlusion = np.array([Occlusion.OUTSIDE, Occlusion.SELF, Occlusion.VISIBLE])[codes]
    label = HandLabel(points, occlusion, box, side, np.zeros((1, 1), bool), np.zeros((21, 3)))
    entry = annotation_of(label, 0, 3)
    path = write_document(folder / "synth.json", [image_entry(0, "a.png", (40, 50))], [entry])
    record = CocoHands(path).record(0)
    assert (record.points[codes > 0] == points[codes > 0]).all()
    assert record.visibility.tolist() == codes.tolist()
    assert record.box.tolist() == box.tolist()
    assert Boxes(path).of("a.png") == [box.tolist()]
    (hand,) = CocoScenes(path).scene(0).hands
    expected = (
        points if (codes > 0).all() else np.array([[box[i], box[j]] for i, j in ((0, 1), (2, 1), (2, 3), (0, 3))])
    )
    assert (hand.points == expected).all()
    assert hand.side == record.side == side


@BUSY
@given(HANDS, SIDES)
def test_predictions_are_read_as_they_were_written(folder: Path, points: np.ndarray, side: str | None) -> None:
    line = {
        "file": "a.png",
        "size": [40, 50],
        "hands": [{"keypoints": points.tolist(), "side": side, "box": [0] * 4}],
    }
    path = folder / "predictions.json"
    path.write_text(json.dumps({part: list(entries) for part, entries in coco(lambda: [line]).items()}))
    record = CocoHands(path).record(0)
    assert (record.points == points).all()
    assert record.box.tolist() == [*points.min(0), *points.max(0)]
    assert Boxes(path).of("a.png") == [record.box.tolist()]
    assert record.side == side


def test_cleaned_labels_are_the_labels(folder: Path) -> None:
    class Thousandths(DrawnHands):
        def record(self, index: int) -> Record:
            record = super().record(index)
            return replace(record, points=record.points.round(3), box=record.box.round(3), group="a.png")

    data = Thousandths(3)
    write_clean(folder / "cleaned.json", data, [])
    read = CocoHands(folder / "cleaned.json")
    for index in range(3):
        ours, theirs = data.record(index), read.record(index)
        assert (ours.points == theirs.points).all()
        assert (ours.box == theirs.box).all()
        assert (ours.side, ours.dataset) == (theirs.side, theirs.dataset)
