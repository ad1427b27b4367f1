"""Tasks for Label Studio and what comes back; its own validators and converters where its SDK is installed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.data import CocoHands
from likelihand.interop.label_studio import coco_of_export, label_config, tasks, write_tasks
from likelihand.structures import KEYPOINTS
from tests.interop.lines import hand, picture

HANDS = [hand(0, "left"), hand(1, "right", spread=0.3), hand(2, None, spread=6.0)]
LINES = [picture("set/sure.png", HANDS[1]), picture("set/both.png", HANDS[0], HANDS[1]), picture("set/none.png")]
LINES += [picture("set/doubtful.png", HANDS[2])]


def exported(folder: Path, made: list[dict[str, Any]]) -> Path:
    """An export as Label Studio writes it of tasks whose predictions were accepted."""
    done = []
    for number, task in enumerate(made, 1):
        results = [result for prediction in task["predictions"] for result in prediction["result"]]
        annotation = {"id": number, "was_cancelled": False, "updated_at": "2026-01-02", "result": results}
        done.append({"id": number, "data": task["data"], "annotations": [annotation] if results else []})
    path = folder / "export.json"
    path.write_text(json.dumps(done))
    return path


def pictures(folder: Path) -> None:
    from PIL import Image

    (folder / "set").mkdir()
    for line in LINES:
        Image.new("RGB", (160, 120)).save(folder / line["file"])


def test_the_least_certain_comes_first() -> None:
    made = tasks(LINES)
    names = [task["data"]["image"].removeprefix("/data/local-files/?d=") for task in made]
    assert names == ["set/doubtful.png", "set/both.png", "set/sure.png", "set/none.png"]
    scores = [task["predictions"][0]["score"] for task in made[:3]]
    assert scores == sorted(scores)
    assert scores[0] == pytest.approx(np.mean(LINES[3]["hands"][0]["confidence"]))
    assert made[3]["predictions"] == []


def test_keypoints_outside_the_picture_are_left_out() -> None:
    line = picture("a.png", HANDS[0])
    line["hands"][0]["inside"][8] = False
    results = tasks([line])[0]["predictions"][0]["result"]
    assert len(results) == 21
    assert not any(r["value"].get("keypointlabels") == ["index_tip"] for r in results)


def test_the_way_back_keeps_hands_sides_and_decimals(tmp_path: Path) -> None:
    pictures(tmp_path)
    made = tasks(LINES)
    read = CocoHands(coco_of_export(exported(tmp_path, made), tmp_path / "labels.json"))
    records = {(Path(r.group).name, r.side): r for r in map(read.record, range(len(read)))}
    assert set(records) == {
        ("doubtful.png", None),
        ("both.png", "left"),
        ("both.png", "right"),
        ("sure.png", "right"),
    }
    for (name, side), record in records.items():
        line = next(line for line in LINES if line["file"].endswith(name))
        values = next(h for h in line["hands"] if h["side"] == side)
        np.testing.assert_allclose(record.points, values["keypoints"], atol=1e-5)
        points = np.array(values["keypoints"])
        np.testing.assert_allclose(record.box, [*points.min(0), *points.max(0)], atol=1e-5)
        assert record.read().shape == (120, 160, 3)


def test_a_keypoint_without_parent_belongs_to_the_rectangle_around_it(tmp_path: Path) -> None:
    pictures(tmp_path)
    made = tasks([LINES[0]])
    for result in made[0]["predictions"][0]["result"]:
        result.pop("parentID", None)
    read = CocoHands(coco_of_export(exported(tmp_path, made), tmp_path / "labels.json"))
    assert read.record(0).weight.sum() == 21
    two = tasks([LINES[1]])
    for result in two[0]["predictions"][0]["result"]:
        result.pop("parentID", None)
    with pytest.raises(ValueError, match=r"task 1: keypoint .* has no parent and lies in 2 rectangles"):
        coco_of_export(exported(tmp_path, two), tmp_path / "labels.json")


def test_what_nobody_annotated_is_no_label(tmp_path: Path) -> None:
    path = exported(tmp_path, tasks(LINES[:1]))
    content = json.loads(path.read_text())
    content[0]["annotations"][0]["was_cancelled"] = True
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="holds no annotated hand"):
        coco_of_export(path, tmp_path / "labels.json")


def test_both_files_are_written(tmp_path: Path) -> None:
    path = write_tasks(LINES, tmp_path / "a.label-studio.json")
    assert len(json.loads(path.read_text())) == 4
    assert (tmp_path / "a.label-studio.xml").read_text() == label_config()


def test_label_studio_accepts_the_tasks() -> None:
    sdk = pytest.importorskip("label_studio_sdk.label_interface")
    interface = sdk.LabelInterface(label_config())
    for task in tasks(LINES):
        for prediction in task["predictions"]:
            assert interface.validate_prediction(prediction, return_errors=True) == []
            prediction["result"][1]["value"]["keypointlabels"] = ["nose"]
            assert interface.validate_prediction(prediction, return_errors=True) != []


def test_label_studio_exports_what_our_coco_reader_reads(tmp_path: Path) -> None:
    """One hand a picture and whole pixels: that is all that its COCO export keeps."""
    converter = pytest.importorskip("label_studio_sdk.converter")
    pictures(tmp_path)
    path = exported(tmp_path, tasks(LINES[:1], prefix=f"{tmp_path}/"))
    converter.Converter(label_config(), str(tmp_path)).convert_to_coco(
        str(path), str(tmp_path / "coco"), is_dir=False
    )
    read = CocoHands(tmp_path / "coco/result.json", pixel_centre=0.5)
    assert len(read) == 1
    np.testing.assert_allclose(read.record(0).points, LINES[0]["hands"][0]["keypoints"], atol=0.51)


def test_label_studio_exports_what_our_yolo_reader_reads(tmp_path: Path) -> None:
    converter = pytest.importorskip("label_studio_sdk.converter")
    import yaml

    from likelihand.data import YoloPose

    pictures(tmp_path)
    path = exported(tmp_path, tasks(LINES[:2], prefix=f"{tmp_path}/"))
    out = tmp_path / "yolo"
    images = out / "images"
    images.mkdir(parents=True)
    converter.Converter(label_config(), str(tmp_path)).convert_to_yolo(
        str(path), str(out), str(images), is_dir=False
    )
    for line in LINES[:2]:
        (images / Path(line["file"]).name).write_bytes((tmp_path / line["file"]).read_bytes())
    names = (out / "classes.txt").read_text().split()
    layout = {"train": "images", "kpt_shape": [21, 3], "names": names, "kpt_names": list(KEYPOINTS)}
    (out / "data.yaml").write_text(yaml.safe_dump(layout))
    read = YoloPose(out / "data.yaml")
    found = sorted((Path(r.group).name, str(r.side)) for r in map(read.record, range(len(read))))
    assert found == [("both.png", "left"), ("both.png", "right"), ("sure.png", "right")]
    sure = next(r for r in map(read.record, range(len(read))) if r.group.endswith("sure.png"))
    np.testing.assert_allclose(sure.points, LINES[0]["hands"][0]["keypoints"], atol=1e-5)
