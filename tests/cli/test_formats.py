"""The formats: what is written can be read back, by this library's own COCO reader too, and nothing is lost."""

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from likelihand.cli import formats, tables
from likelihand.cli.formats import Results, coco
from likelihand.cli.tables import picture_rows as rows
from likelihand.structures import KEYPOINTS, Hand

RNG = np.random.default_rng(0)


def hand(side: str | None = "left") -> Hand:
    points = RNG.uniform(5, 35, (21, 2))
    scale = RNG.uniform(0.5, 3, (21, 2))
    covariance = scale[:, :, None] ** 2 * np.eye(2)
    return Hand(points, scale, np.array([4.0, 4, 36, 36]), covariance, side, 0.8)  # type: ignore[arg-type]


def line(name: str, *hands: Hand) -> dict[str, Any]:
    return {"file": name, "size": [40, 50], "hands": [h.to_json() for h in hands]}


def kinds(value: object) -> object:
    """Reduce a JSON value to its form: names, types, and the lengths of lists."""
    if isinstance(value, dict):
        return {name: kinds(v) for name, v in value.items()}
    if isinstance(value, list):
        return [len(value), kinds(value[0])] if value else []
    return type(value).__name__


HAND_FORM = {
    "keypoints": [21, [2, "float"]],
    "scale": [21, [2, "float"]],
    "covariance": [21, [2, [2, "float"]]],
    "confidence": [21, "float"],
    "inside": [21, "bool"],
    "box": [4, "float"],
    "side": "str",
    "score": "float",
}


def test_the_form_of_a_line() -> None:
    form = kinds(json.loads(json.dumps(hand().to_json())))
    assert isinstance(form, dict)
    assert {name: form[name] for name in HAND_FORM} == HAND_FORM
    assert hand(None).to_json()["side"] is None


def test_the_form_of_coco() -> None:
    lines = [line("a.jpg", hand(), hand()), line("b.jpg"), line("c.jpg", hand())]
    content = {part: list(entries) for part, entries in coco(lambda: lines).items()}
    assert [image["file_name"] for image in content["images"]] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [(a["id"], a["image_id"]) for a in content["annotations"]] == [(1, 1), (2, 1), (3, 3)]
    assert content["categories"][0]["keypoints"] == list(KEYPOINTS)
    form = kinds(content["annotations"][0])
    assert isinstance(form, dict)
    wanted = {"bbox": [4, "float"], "keypoints": [63, "float"], "scale": HAND_FORM["scale"], "side": "str"}
    assert {name: form[name] for name in wanted} == wanted
    assert kinds(content["images"][0]) == {"id": "int", "file_name": "str", "height": "int", "width": "int"}


def test_coco_is_read_back_by_our_own_reader(tmp_path: Path) -> None:
    from likelihand.data import CocoHands

    hands = [hand("left"), hand("right")]
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 50, 3), np.uint8))
    with Results(tmp_path, "coco") as results:
        results.add(line("a.png", *hands))
    read = CocoHands(tmp_path / "predictions.json")
    for i, wanted in enumerate(hands):
        record = read.record(i)
        np.testing.assert_allclose(record.points, wanted.points, atol=1e-3)
        tight = np.concatenate([wanted.points.min(0), wanted.points.max(0)])
        np.testing.assert_allclose(record.box, tight, atol=2e-3)
        assert record.side == wanted.side


def test_csv_holds_a_row_a_keypoint(tmp_path: Path) -> None:
    first, second = hand(None), hand("right")
    with Results(tmp_path, "csv") as results:
        results.add(line('odd, "name".jpg', first, second))
        results.add(line("none.jpg"))
    with (tmp_path / "predictions.csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert len(read) == 42 and tuple(read[0]) == tables.PICTURE_COLUMNS
    assert {r["file"] for r in read} == {'odd, "name".jpg'}
    assert [r["keypoint"] for r in read[21:]] == list(KEYPOINTS)
    assert {(r["hand"], r["side"]) for r in read} == {("0", ""), ("1", "right")}
    points = np.array([[float(r["x"]), float(r["y"])] for r in read]).reshape(2, 21, 2)
    np.testing.assert_allclose(points, [first.points, second.points], atol=1e-3)
    scales = np.array([[float(r["scale_x"]), float(r["scale_y"])] for r in read]).reshape(2, 21, 2)
    np.testing.assert_allclose(scales, [first.scale, second.scale], atol=1e-3)
    confidence = np.array([float(r["confidence"]) for r in read]).reshape(2, 21)
    np.testing.assert_allclose(confidence, [first.confidence, second.confidence], atol=1e-3)


@pytest.mark.parametrize("form", ["coco", "csv"])
def test_an_interruption_keeps_what_was_done(form: str, tmp_path: Path) -> None:
    def interrupted() -> None:
        with Results(tmp_path, form) as results:
            results.add(line("a.jpg", hand()))
            (on_disk,) = (tmp_path / "predictions.jsonl").read_text().splitlines()  # before the next is begun
            assert json.loads(on_disk)["file"] == "a.jpg"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "a.jpg" in (tmp_path / f"predictions{formats.ENDINGS[form]}").read_text()
    assert sorted(f.name for f in tmp_path.iterdir()) == sorted(
        ["predictions.jsonl", f"predictions{formats.ENDINGS[form]}"]
    )


def test_rows_of_nothing_are_the_head() -> None:
    assert list(rows([])) == [tables.PICTURE_COLUMNS]


def test_what_is_not_finite_is_refused() -> None:
    bad = Hand(np.full((21, 2), np.nan), np.ones((21, 2)), np.zeros(4))
    with pytest.raises(ValueError, match="points that are not finite"):
        bad.to_json()


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--format 'xml' is not known; give jsonl, coco, csv, dlc"):
        Results(tmp_path, "xml")


def test_a_format_that_does_not_fit_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--format pose is for films; give another for pictures"):
        Results(tmp_path, "pose")
    with pytest.raises(ValueError, match="--format cvat is for pictures; give another for films"):
        Results(tmp_path, "cvat", film=True)
    assert list(tmp_path.iterdir()) == []


def test_annotation_tools_get_their_files(tmp_path: Path) -> None:
    for form, names in (
        ("label-studio", ["predictions.label-studio.json", "predictions.label-studio.xml"]),
        ("cvat", ["predictions.cvat.xml"]),
    ):
        folder = tmp_path / form
        with Results(folder, form) as results:
            results.add(line("a.jpg", hand()))
        assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "predictions.jsonl"])


def test_a_hand_comes_back_from_its_line() -> None:
    before = hand()
    after = formats.hand_of(json.loads(json.dumps(before.to_json() | {"track": 4, "seen": False})))
    for name in ("points", "scale", "covariance", "box"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=5e-4)
    assert (after.side, after.track, after.seen) == (before.side, 4, False)
    with pytest.raises(ValueError, match="a hand's covariance: None is not 21 x 2 x 2 numbers"):
        formats.hand_of({key: value for key, value in before.to_json().items() if key != "covariance"})
