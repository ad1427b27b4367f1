"""Labels that no hand could have: put aside, listed first, and never in the way of the others."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from likelihand.data.coco import CocoHands
from likelihand.data.dataset import LabelError, check_record, key_of
from likelihand.data.drawn import DrawnHands
from likelihand.evaluation.audit import Sifted, audit, predict_often
from likelihand.evaluation.audit.sifted import impossible
from likelihand.inference.metadata import ModelMetadata
from likelihand.structures import Record
from likelihand.uncertainty import size_of_hand
from likelihand.visualization.drawing import Drawing


class Middle:
    """A runtime that answers with one shape in the middle of the crop."""

    metadata = ModelMetadata(size=(64, 64))
    shape = np.random.default_rng(0).uniform(16, 48, (21, 2))

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        return {"points": np.stack([self.shape] * len(crops)), "scale": np.full((len(crops), 21, 2), 3.0)}


def record() -> Record:
    return DrawnHands(1, size=96).record(0)


def spoilt(**changes: object) -> Record:
    return replace(record(), **changes)  # type: ignore[arg-type]


def moved(k: int, to: tuple[float, float]) -> np.ndarray:
    points = record().points.copy()
    points[k] = to
    return points


@pytest.mark.parametrize(
    ("points", "wrong"),
    [
        (record().points, []),
        (moved(8, (8390.0, 50.0)), [8]),
        (moved(0, (np.nan, 5.0)), [0]),
        (moved(4, (0.0, 0.0)), []),
        (np.full((21, 2), 7.0), list(range(21))),
    ],
)
@pytest.mark.parametrize("drawn_around", [False, True])
def test_what_no_hand_could_have(points: np.ndarray, wrong: list[int], drawn_around: bool) -> None:
    """With the file's own box, and with one that was drawn around the labels, wrong ones included."""
    finite = points[np.isfinite(points).all(1)]
    around = np.concatenate([finite.min(0), finite.max(0) + 1e-6])
    one = spoilt(points=points, **({"box": around} if drawn_around else {}))
    assert np.flatnonzero(impossible(one)).tolist() == wrong


def test_a_pointing_finger_is_possible() -> None:
    fist = record().points.mean(0) + 0.2 * (record().points - record().points.mean(0))
    fist[8] = record().points.mean(0) - np.array([0.0, 0.45 * float(size_of_hand(record().points))])
    assert not impossible(spoilt(points=fist, box=np.concatenate([fist.min(0), fist.max(0)]))).any()


def test_a_box_drawn_around_an_impossible_label_is_drawn_anew() -> None:
    points = moved(8, (8390.0, 50.0))
    one = spoilt(points=points, box=np.concatenate([points.min(0), points.max(0)]))

    class One:
        def __len__(self) -> int:
            return 1

        def record(self, index: int) -> Record:
            return check_record(one)

    sifted = Sifted(One())
    rest = np.delete(record().points, 8, axis=0)
    np.testing.assert_allclose(sifted.record(0).box, np.concatenate([rest.min(0), rest.max(0)]))
    assert sifted.wrong == {0: (8,)}


def test_a_refused_label_keeps_its_key_and_says_what_to_do() -> None:
    one = spoilt(points=moved(8, (8390.0, 50.0)), key="a.jpg 3")

    class One:
        def __len__(self) -> int:
            return 1

        def record(self, index: int) -> Record:
            return check_record(one)

    assert key_of(One(), 0) == "a.jpg 3"
    with pytest.raises(LabelError, match=r"a\.jpg 3: keypoints \[8\] lie over 2 .*audit.*--leave-out") as error:
        One().record(0)
    assert error.value.record is one


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Forty drawn hands as COCO: one coordinate x 100, one hand all at one place, one with an empty box."""
    hands = DrawnHands(40, size=96)
    images, annotations = [], []
    for i in range(40):
        one = hands.record(i)
        Drawing(one.read()).save(tmp_path / f"{i}.png")
        x0, y0, x1, y1 = one.box.tolist()
        keypoints = np.concatenate([one.points - 0.5, np.full((21, 1), 2)], 1)
        if i == 17:
            keypoints[8, 0] *= 100
        if i == 23:
            keypoints[:, :2] = 0
        images.append({"id": i, "file_name": f"{i}.png", "width": 96, "height": 96})
        annotations.append(
            {"id": i, "image_id": i, "category_id": 1, "keypoints": keypoints.ravel().tolist(),
             "bbox": [x0, y0, x1 - x0, y1 - y0], "num_keypoints": 21, "iscrowd": 0}
        )  # fmt: skip
    file = tmp_path / "labels.json"
    file.write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "hand"}]})
    )
    return file


def test_gross_labels_come_first_and_the_audit_goes_on(labels: Path, tmp_path: Path) -> None:
    dataset = Sifted(CocoHands(labels))
    first, *others = predict_often(Middle(), dataset, progress=False)
    result = audit(first, dataset, tmp_path / "out", others=others)
    assert [s.index for s in result.suspicions[:2]] == [23, 17]
    assert len(result.suspicions) == 40
    rows = list(csv.DictReader((tmp_path / "out" / "suspects.csv").open()))
    assert [row["rank"] for row in rows] == [str(i) for i in range(1, 41)]
    assert (rows[1]["suspect"], rows[1]["keypoints"]) == ("1", "index_tip") and "17" in rows[1]["key"]
    assert all(np.isfinite(float(row["nats"])) for row in rows)
    clean = {a["id"]: a for a in json.loads((tmp_path / "out" / "cleaned.json").read_text())["annotations"]}
    assert clean[17]["keypoints"][3 * 8 + 2] == 0 and clean[17]["num_keypoints"] >= 19
    assert clean[23]["num_keypoints"] == 0
