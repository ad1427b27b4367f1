"""What an audit writes: a table in order, a sheet, and labels that a reader takes without the suspects."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.data.coco import CocoHands
from likelihand.data.drawn import DrawnHands
from likelihand.data.images import read_image
from likelihand.evaluation import predictions
from likelihand.evaluation.audit import audit, write_worst
from likelihand.evaluation.audit.report import write_clean
from likelihand.evaluation.calibration import covariance_of, fit, join, simulated
from likelihand.geometry import transform_points
from likelihand.inference.metadata import ModelMetadata
from likelihand.structures import KEYPOINTS, Record
from likelihand.visualization.drawing import Drawing, contact_sheet

MOVED, KEYPOINT = 3, 12


class Spoilt:
    """Drawn hands, one of them with a keypoint far away."""

    def __init__(self) -> None:
        self.hands = DrawnHands(40, size=96)

    def __len__(self) -> int:
        return len(self.hands)

    def record(self, index: int) -> Record:
        record = replace(self.hands.record(index), group=f"{index}.png")
        if index != MOVED:
            return record
        points = record.points.copy()
        points[KEYPOINT] += 0.5 * (record.box[2:] - record.box[:2])
        return replace(record, points=points)


class Knowing:
    """A runtime that knows the truth but for a pixel or so."""

    metadata = ModelMetadata(size=(64, 64))

    def __init__(self) -> None:
        from likelihand.data.augment import sample_of

        records = [DrawnHands(40, size=96).record(i) for i in range(40)]
        self.truth = [transform_points(sample_of(r, 0, (64, 64)).crop_from_image, r.points) for r in records]
        self.next = 0

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(self.next)
        points = np.stack(self.truth[self.next : self.next + len(crops)])
        self.next += len(crops)
        return {
            "points": (points + rng.normal(0, 1, points.shape)).astype(np.float32),
            "scale": np.ones(points.shape, np.float32),
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("audit")
    data = Spoilt()
    result = audit(predictions(Knowing(), data, progress=False).sized(), data, place, tiles=5)
    assert result.suspicions[0].index == MOVED
    assert "40 hands, 1 suspects: outlier 1" in str(result)
    return place


def test_the_table_begins_with_the_worst(folder: Path) -> None:
    with (folder / "suspects.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    assert (rows[0]["index"], rows[0]["suspect"], rows[0]["detail"]) == (str(MOVED), "1", KEYPOINTS[KEYPOINT])
    nats = [float(row["nats"]) for row in rows]
    assert nats == sorted(nats, reverse=True)


def test_the_sheet_shows_label_beside_estimate(folder: Path) -> None:
    import cv2

    sheet = cv2.imread(str(folder / "suspects.png"))
    assert sheet.shape[1] == 8 * 224
    assert sheet.std() > 10


def test_the_worst_hands_come_first_by_mean_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Spoilt()
    captions: list[str] = []

    def kept(tiles: list[Any], **options: Any) -> Any:
        captions.extend(options["captions"])
        return contact_sheet(tiles, **options)

    monkeypatch.setattr("likelihand.evaluation.audit.report.contact_sheet", kept)
    write_worst(tmp_path / "worst.png", predictions(Knowing(), data, progress=False).sized(), data, None, count=6)
    assert captions[0].startswith(f"{MOVED}: error 0.0")  # one keypoint of 21 by 0.7 of the size: 0.03 and chance
    errors = [float(text.split()[-1]) for text in captions[::2]]
    assert len(errors) == 6 and errors == sorted(errors, reverse=True)
    assert captions[1] == data.record(MOVED).dataset
    assert read_image(tmp_path / "worst.png").shape[1] == 8 * 224


def test_the_cleaned_labels_lack_the_suspect_alone(folder: Path) -> None:
    data = Spoilt()
    for index in range(40):
        Drawing(data.record(index).read()).save(folder / "images" / f"{index}.png")
    cleaned = CocoHands(folder / "cleaned.json")
    assert len(cleaned) == 40
    for index in range(40):
        ours, theirs = data.record(index), cleaned.record(index)
        expected = ours.visibility.copy()
        if index == MOVED:
            expected[KEYPOINT] = 0
        np.testing.assert_array_equal(theirs.visibility, expected)
        seen = expected > 0
        np.testing.assert_allclose(theirs.points[seen], ours.points[seen], atol=1e-3)
        np.testing.assert_allclose(theirs.box, ours.box, atol=2e-3)
    assert json.loads((folder / "cleaned.json").read_text())["categories"][0]["keypoints"] == list(KEYPOINTS)


def test_the_worst_hands_have_the_regions_of_all_views_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = simulated(40)
    calibration = fit(one)
    joined = join([one, replace(one, points=one.points + 5.0)], calibration)
    drawn: list[Any] = []

    def kept(dataset: Any, index: int, predictions: Any, n: Any, covariance: Any, radial: Any) -> Any:
        drawn.append(covariance)
        return [np.zeros((8, 8, 3), np.uint8)] * 2

    monkeypatch.setattr("likelihand.evaluation.audit.report.pair", kept)
    write_worst(tmp_path / "worst.png", joined, DrawnHands(40), calibration, count=1)
    np.testing.assert_allclose(drawn[0], covariance_of(joined, calibration))


def test_pictures_of_one_group_stay_apart_in_the_cleaned_labels(tmp_path: Path) -> None:
    class Versions(DrawnHands):
        def record(self, index: int) -> Record:
            record = super().record(index - index % 2)
            picture = super().record(index).read
            return replace(record, group=f"moment {index // 2}", key=f"{index}.png", read=picture)

    write_clean(tmp_path / "cleaned.json", Versions(4), [])
    written = json.loads((tmp_path / "cleaned.json").read_text())
    assert [image["file_name"] for image in written["images"]] == ["moment 0", "1.png", "moment 1", "3.png"]
    assert [annotation["image_id"] for annotation in written["annotations"]] == [0, 1, 2, 3]
