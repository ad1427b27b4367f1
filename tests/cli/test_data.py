"""`likelihand data check`: a data set in, counts and a contact sheet out."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.cli import main
from likelihand.data import CocoHands, DrawnHands, Shards, read_image


def coco(folder: Path, spoilt: bool) -> Path:
    """Write two drawn hands as COCO JSON; one with a keypoint far away where spoilt."""
    content: dict[str, list] = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "hand"}]}
    for i in range(2):
        record = DrawnHands(2, size=64).record(i)
        cv2.imwrite(str(folder / f"{i}.png"), record.read()[..., ::-1])
        points = record.points.copy()
        points[3] += 1e4 if spoilt and i else 0
        keypoints = np.column_stack([points, np.full(21, 2)]).ravel().tolist()
        x0, y0, x1, y1 = record.box.tolist()
        content["images"].append({"id": i, "file_name": f"{i}.png", "width": 64, "height": 64})
        bbox = [x0, y0, x1 - x0, y1 - y0]
        content["annotations"].append(
            {"id": i, "image_id": i, "category_id": 1, "keypoints": keypoints, "num_keypoints": 21, "bbox": bbox}
        )
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("spoilt", [False, True])
def test_check(tmp_path: Path, spoilt: bool, capsys: pytest.CaptureFixture[str]) -> None:
    folder = coco(tmp_path, spoilt)
    out = tmp_path / "sheet.png"
    assert main(["data", "check", str(folder / "annotations.json"), "--out", str(out)]) == int(spoilt)
    told = capsys.readouterr().out
    assert "2" in told
    assert ("over 2 box lengths outside the box" in told) == spoilt
    assert read_image(out).size > 0


def test_check_takes_the_readers_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = coco(tmp_path, spoilt=True) / "annotations.json"
    content = json.loads(file.read_text())
    content["categories"][0]["keypoints"] = ["palm", *(f"x{i}" for i in range(20))]
    for i, annotation in enumerate(content["annotations"]):
        annotation["subset"] = ["core", "extra"][i]
    (tmp_path / "labels").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "labels/hands.json").write_text(json.dumps(content))
    for i in range(2):
        (tmp_path / f"{i}.png").rename(tmp_path / f"pictures/{i}.png")
    check = ["data", "check", str(tmp_path / "labels/hands.json"), "--out", str(tmp_path / "sheet.png")]
    assert main(check) == 2
    assert "keypoint name 'palm' (number 0 of 21) is not understood" in (told := capsys.readouterr().err)
    assert told.count("\n") == 1 and "--keypoint-order" in told
    assert main([*check, "--keypoint-order", "own"]) == 2
    assert "picture 0.png is in none of" in capsys.readouterr().err
    options = ["--keypoint-order", *map(str, range(21)), "--images-folder", str(tmp_path / "pictures")]
    table = tmp_path / "problems.csv"
    assert main([*check, *options, "--list", str(table)]) == 1
    assert f"1 problems of hands -> {table}" in capsys.readouterr().out
    (row,) = csv.DictReader(table.open(newline=""))
    assert row["key"] == f"{tmp_path}/pictures/1.png annotation 1"
    assert "over 2 box lengths outside the box" in row["problem"]
    assert main([*check, *options, "--where", "subset=core", "--pixel-centre", "0.5", "--box", "keypoints"]) == 0
    assert "1 hands" in capsys.readouterr().out
    assert main([*check, "--keypoint-order", "1", "2"]) == 2
    assert "--keypoint-order '1 2' is neither 0 to 20 in some order nor one of own" in capsys.readouterr().err
    assert main([*check, "--split", "train"]) == 2
    assert "split is no option of CocoHands" in capsys.readouterr().err


def test_the_cases_of_wrong_coordinates(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared / "cases"
    if not folder.is_dir():
        pytest.skip("no cases beside the checkout")
    for name, text in (
        ("coco/normalised_0_1.json", "are they shares of the picture, from 0 to 1?"),
        ("badlabel/typo_x100.json", "lie over 2 box lengths outside the box"),
        ("badlabel/zero_zero_visible.json", "in the corner (0, 0) and count as labelled"),
    ):
        assert main(["data", "check", str(folder / name), "--out", str(tmp_path / "sheet.png")]) == 1
        assert text in capsys.readouterr().out


def test_an_unknown_layout_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("likelihand: ") and told.count("\n") == 1 and "FreiHAND" in told


def test_another_action_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["verify", str(tmp_path)], []):
        assert main(["data", *words]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "check" in told and "pack" in told


def test_packed_hands_have_the_labels_they_had(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = coco(tmp_path, spoilt=False) / "annotations.json", tmp_path / "shards"
    assert main(["data", "pack", str(file), "--room", "3", "--side", "50", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"2 hands -> {out}\n"
    whole, packed = CocoHands(file).record(1), Shards(out).record(1)
    image = packed.read()
    assert max(image.shape) <= 50
    scale = image.shape[0] / (3 * max(whole.box[2:] - whole.box[:2]))
    np.testing.assert_allclose(
        packed.points - packed.points[0], scale * (whole.points - whole.points[0]), atol=1e-3
    )
    assert main(["data", "pack", str(file), "--room", "2", "--out", str(out)]) == 2
    assert "was begun with another" in capsys.readouterr().err


def test_yolo_writes_what_its_reader_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from likelihand.data import YoloPose

    file = coco(tmp_path, spoilt=False) / "annotations.json"
    for split in ("train", "val"):
        assert main(["data", "yolo", str(file), "--out", str(tmp_path / "yolo"), "--out-split", split]) == 0
    assert "2 hands -> " in capsys.readouterr().out
    before, after = CocoHands(file), YoloPose(tmp_path / "yolo", split="val")
    assert len(after) == len(before) == 2
    for ours, theirs in zip(map(before.record, range(2)), map(after.record, range(2)), strict=True):
        np.testing.assert_allclose(theirs.points, ours.points, atol=1e-6)
        np.testing.assert_allclose(theirs.box, ours.box, atol=1e-6)
        np.testing.assert_array_equal(theirs.read(), ours.read())


def test_a_sheet_that_cannot_be_written_is_told_before_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("likelihand.data.check.check_dataset", pytest.fail)
    (tmp_path / "data.yaml").write_text(
        "class_path: likelihand.data.DrawnHands\ninit_args: {count: 4, size: 64}\n"
    )
    for option in ("--out", "--list"):
        assert main(["data", "check", str(tmp_path / "data.yaml"), option, str(tmp_path)]) == 2
        assert "this is a folder; give a file" in capsys.readouterr().err
