"""Ultralytics' pose folders: what is written comes back, and the layouts of their tools are found."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies as st

from likelihand.cli import main
from likelihand.data import Concatenated, DrawnHands, YoloPose, detect
from likelihand.data.formats.yolo import labels_path
from likelihand.data.images import size_of_image
from likelihand.data.yolo import write_yolo
from likelihand.structures import KEYPOINTS, Record

WIDTH, HEIGHT = 640, 480
POINTS = np.random.default_rng(0).uniform(100, 400, (21, 2)).round(2)
BOX = (90.0, 95.0, 410.0, 405.0)


def label(channels: int = 3, points: np.ndarray = POINTS, cls: int = 0) -> str:
    size = np.array([WIDTH, HEIGHT])
    x0, y0, x1, y1 = BOX
    box = [(x0 + x1) / 2 / WIDTH, (y0 + y1) / 2 / HEIGHT, (x1 - x0) / WIDTH, (y1 - y0) / HEIGHT]
    rows = points / size
    if channels == 3:
        rows = np.column_stack([rows, np.full(21, 2)])
    return " ".join(map(repr, [cls, *box, *rows.ravel().tolist()]))


def write(root: Path, content: dict, picture: str = "images/train/a.png", text: str | None = None) -> Path:
    path = root / picture
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    labels = labels_path(path)
    labels.parent.mkdir(parents=True, exist_ok=True)
    labels.write_text(label() if text is None else text)
    (root / "data.yaml").write_text(yaml.safe_dump(content))
    return root / "data.yaml"


PLAIN = {"train": "images/train", "kpt_shape": [21, 3], "names": {0: "hand"}}


def same(data: YoloPose, side: str | None = None) -> None:
    assert len(data) == 1
    record = data.record(0)
    np.testing.assert_allclose(record.points, POINTS, atol=1e-9)
    np.testing.assert_allclose(record.box, BOX, atol=1e-9)
    assert (record.visibility == 2).all()
    assert record.side == side
    assert record.read().shape == (HEIGHT, WIDTH, 3)
    assert data.keys() == [record.key]
    assert data.groups() == [record.group]


@pytest.mark.parametrize(
    ("content", "picture"),
    [
        (PLAIN, "images/train/a.png"),
        (PLAIN | {"train": ["images/train"]}, "images/train/deep/a.png"),
        (PLAIN | {"path": "set", "train": "images/train"}, "set/images/train/a.png"),
        (PLAIN | {"path": "/content/datasets/hands"}, "images/train/a.png"),
        (PLAIN | {"path": "C:\\data\\hands", "train": "images\\train"}, "images/train/a.png"),
        (PLAIN | {"path": "../datasets/hand-keypoints", "train": "train"}, "train/images/a.png"),
        (PLAIN | {"train": "../train/images", "names": ["hand"], "nc": 1}, "train/images/a.png"),
        (PLAIN | {"train": "train"}, "images/train/a.png"),
        (PLAIN | {"train": "train"}, "train/a.png"),
    ],
)
def test_layouts(tmp_path: Path, content: dict, picture: str) -> None:
    path = write(tmp_path, content, picture)
    same(YoloPose(path))
    same(YoloPose(tmp_path, split="train"))
    same(detect(path))
    same(detect(tmp_path, box="annotation"))


def test_lists_of_pictures(tmp_path: Path) -> None:
    path = write(tmp_path, PLAIN | {"train": "train.txt"})
    for line in ("./images/train/a.png", "images/train/a.png", "images\\train\\a.png", "D:/x/images/train/a.png"):
        (tmp_path / "train.txt").write_text(f"\n{line}\n")
        same(YoloPose(path))


def test_classes_that_name_sides_and_keypoints_that_are_named(tmp_path: Path) -> None:
    turned = [*range(20, -1, -1)]
    content = PLAIN | {"names": {0: "hand", 1: "Left_Hand"}, "kpt_names": {0: [KEYPOINTS[i] for i in turned]}}
    same(YoloPose(write(tmp_path, content, text=label(points=POINTS[turned], cls=1))), "left")


def test_two_numbers_a_keypoint(tmp_path: Path) -> None:
    points = POINTS.copy()
    points[5] = 0
    data = YoloPose(write(tmp_path, PLAIN | {"kpt_shape": [21, 2]}, text=label(2, points)))
    assert np.flatnonzero(data.record(0).visibility == 0).tolist() == [5]


def test_half_a_pixel_where_pixels_were_counted(tmp_path: Path) -> None:
    data = YoloPose(write(tmp_path, PLAIN), pixel_centre=0, box="keypoints")
    np.testing.assert_allclose(data.record(0).points, POINTS + 0.5, atol=1e-9)
    np.testing.assert_allclose(data.record(0).box, [*POINTS.min(0) + 0.5, *POINTS.max(0) + 0.5], atol=1e-9)


def test_pictures_without_labels_show_no_hand(tmp_path: Path) -> None:
    path = write(tmp_path, PLAIN)
    write(tmp_path, PLAIN, "images/train/b.png", "")
    write(tmp_path, PLAIN, "images/train/c.png")
    (tmp_path / "labels/train/c.txt").unlink()
    same(YoloPose(path))


def test_exif_turns_the_picture_under_its_labels(tmp_path: Path) -> None:
    import PIL.Image

    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (HEIGHT, WIDTH)).save(tmp_path / "a.jpg", exif=exif)
    assert size_of_image(tmp_path / "a.jpg") == (HEIGHT, WIDTH)
    PIL.Image.new("RGB", (HEIGHT, WIDTH)).save(tmp_path / "b.jpg")
    assert size_of_image(tmp_path / "b.jpg") == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("line", "message"),
    [("0 0.5", "a.txt line 2: '0 0.5' is not 68 numbers: class, box and 21 x 3 of keypoints"),
     (label(2), "is not 68 numbers"), (label().replace("2", "x", 1), "is not numbers"),
     (label().replace(" 2.0 ", " 7 ", 1), "line 2, visibility: 7.0 is not 0, 1 or 2"),
     (label(points=POINTS * 500), "are they pixels?"), ("nan " + label()[2:], "is not a finite number"),
     ("0.5 " + label()[2:], "line 2, class: 0.5 is not a whole number"), ("-1 " + label()[2:], "line 2, class")],
)  # fmt: skip
def test_lines_that_cannot_be_read_are_left_out(tmp_path: Path, line: str, message: str) -> None:
    data = YoloPose(write(tmp_path, PLAIN, text=f"{label()}\n{line}\n"))
    same(data)
    assert message in data.problems[0]
    assert data.left_out == {"lines that cannot be read": 1}
    with pytest.raises(ValueError, match="holds no labelled hand"):
        YoloPose(write(tmp_path, PLAIN, text=line))


@pytest.mark.parametrize(
    ("content", "message"),
    [({"train": "images/train"}, "field kpt_shape: None is not a list"),
     (PLAIN | {"kpt_shape": [17, 3]}, "field kpt_shape: [17, 3] is not [21, 2] or [21, 3]"),
     (PLAIN | {"train": 3}, "field train: 3 is not text"),
     (PLAIN | {"train": "nowhere"}, "names nowhere, which is not"),
     (PLAIN | {"names": "hand"}, "field names: 'hand' is not a mapping"),
     (PLAIN | {"kpt_names": ["palm"] * 21}, "field kpt_names: keypoint name 'palm'"),
     ({"kpt_shape": [21, 3]}, "names no pictures: it needs train, val or test"), (["x"], "is not a mapping")],
)  # fmt: skip
def test_files_that_are_refused(tmp_path: Path, content: object, message: str) -> None:
    write(tmp_path, PLAIN)
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises((ValueError, OSError)) as caught:
        YoloPose(tmp_path)
    assert message in str(caught.value)


class Turned(DrawnHands):
    """Two hands a picture, of all sides and visibilities."""

    def record(self, index: int) -> Record:
        record = super().record(index)
        side = ("left", "right", None)[index % 3]
        visibility = np.arange(21).astype(np.int8) % 3
        points = np.where(visibility[:, None] > 0, record.points, 0)
        shared = {"group": "one", "read": super().record(0).read} if index < 2 else {}
        return replace(record, side=side, visibility=visibility, points=points, **shared)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    data = Turned(5)
    path = write_yolo(data, tmp_path)
    write_yolo(Turned(2), tmp_path, "val")
    read = YoloPose(path, split="train")
    assert len(read) == 5
    assert len(YoloPose(path)) == 7
    assert len(set(read.groups())) == 4
    for ours, theirs in zip(map(data.record, range(5)), map(read.record, range(5)), strict=True):
        np.testing.assert_allclose(theirs.points, ours.points, atol=1e-5)
        np.testing.assert_allclose(theirs.box, ours.box, atol=1e-5)
        np.testing.assert_array_equal(theirs.visibility, ours.visibility)
        assert theirs.side == ours.side
    for index in range(5):
        np.testing.assert_array_equal(read.record(index).read(), data.record(index).read())


def test_a_split_is_not_mixed_with_an_older_one(tmp_path: Path) -> None:
    path = write_yolo(DrawnHands(3), tmp_path)
    with pytest.raises(ValueError, match="train holds pictures already; give another folder or split"):
        write_yolo(DrawnHands(1, seed=1), tmp_path)
    assert len(YoloPose(path)) == 3


def test_pictures_of_one_group_stay_apart(tmp_path: Path) -> None:
    class Versions(DrawnHands):
        """The same moment on several pictures, as FreiHAND's versions, or crops of one photo."""

        def record(self, index: int) -> Record:
            return replace(super().record(index), group="moment")

    read = YoloPose(write_yolo(Versions(3), tmp_path))
    assert len(set(read.groups())) == 3
    for index in range(3):
        np.testing.assert_allclose(read.record(index).points, Versions(3).record(index).points, atol=1e-5)
        np.testing.assert_array_equal(read.record(index).read(), Versions(3).record(index).read())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.floats(0, 640), st.floats(0, 480)), min_size=21, max_size=21, unique=True))
def test_labels_keep_a_hundred_thousandth_of_a_pixel(
    tmp_path_factory: pytest.TempPathFactory, places: list
) -> None:
    class One(DrawnHands):
        def record(self, index: int) -> Record:
            image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            box = np.array([0.0, 0.0, 640.0, 480.0])
            points = np.array(places) + [[0, 0]] * 20 + [[3, 3]] if np.ptp(places) < 3 else np.array(places)
            return replace(super().record(index), points=points, box=box, read=lambda: image)

    read = YoloPose(write_yolo(One(1), tmp_path_factory.mktemp("yolo"))).record(0)
    np.testing.assert_allclose(read.points, One(1).record(0).points, atol=1e-5)


def test_the_command_recognises_the_folder_and_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_yolo(DrawnHands(3), tmp_path / "set")
    for place in (path, path.parent):
        assert main(["data", "check", str(place), "--out", str(tmp_path / "sheet.png"), "--split", "train"]) == 0
        assert "3 hands; set 3" in capsys.readouterr().out
    assert main(["data", "check", str(path), "--split", "test"]) == 2
    assert "has no split 'test'; give one of train" in capsys.readouterr().err
    assert isinstance(Concatenated([detect(path)]).record(2), Record)
