"""Ultralytics' label lines and layouts, read without their pictures."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from likelihand.data.formats.yolo import YoloLayout, is_yolo, labels_path, pictures_of, read_labels, read_layout
from likelihand.structures import KEYPOINTS

POINTS = np.random.default_rng(0).uniform(0.2, 0.8, (21, 2)).round(4)
LINE = " ".join(map(str, [0, 0.5, 0.4, 0.2, 0.1, *np.column_stack([POINTS, np.full(21, 2)]).ravel().tolist()]))


def layout(folder: Path, **fields: object) -> YoloLayout:
    content = {"train": "images/train", "kpt_shape": [21, 3], "names": ["left hand", "hand"]} | fields
    (folder / "data.yaml").write_text(yaml.safe_dump(content))
    return read_layout(folder / "data.yaml")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"kpt_shape": [21, 3]}, True),
        ({"val": "x"}, True),
        ({"class_path": "a", "train": "x"}, False),
        ([], False),
    ],
)
def test_a_yaml_file_of_theirs_is_known(content: object, expected: bool) -> None:
    assert is_yolo(content) is expected


def test_a_line_is_a_hand_in_shares_of_the_picture(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{LINE}\n\n1{LINE[1:]}\n")
    (left, other), problems = read_labels(tmp_path / "a.txt", layout(tmp_path))
    assert problems == [] and (left.side, other.side) == ("left", None)
    np.testing.assert_allclose(left.keypoints, np.column_stack([POINTS, np.full(21, 2)]))
    np.testing.assert_allclose(left.box, [0.4, 0.35, 0.6, 0.45])  # type: ignore[arg-type]
    assert (left.name, other.name) == ("line 1", "line 3")


def test_names_give_the_order(tmp_path: Path) -> None:
    turned = layout(tmp_path, kpt_names={0: list(reversed(KEYPOINTS))})
    (tmp_path / "a.txt").write_text(LINE)
    ((hand,), _) = read_labels(tmp_path / "a.txt", turned)
    np.testing.assert_allclose(hand.keypoints[:, :2], POINTS[::-1])
    with pytest.raises(ValueError, match="name their keypoints in 2 orders; give one for all"):
        layout(tmp_path, kpt_names={0: list(KEYPOINTS), 1: list(reversed(KEYPOINTS))})


def test_without_visibility_the_corner_is_not_labelled(tmp_path: Path) -> None:
    points = POINTS.copy()
    points[3] = 0
    (tmp_path / "a.txt").write_text(" ".join(map(str, [0, 0.5, 0.4, 0, 0, *points.ravel().tolist()])))
    ((hand,), _) = read_labels(tmp_path / "a.txt", layout(tmp_path, kpt_shape=[21, 2]))
    assert np.flatnonzero(hand.keypoints[:, 2] == 0).tolist() == [3] and hand.box is None


def test_a_missing_label_file_is_a_picture_without_hands(tmp_path: Path) -> None:
    assert read_labels(tmp_path / "none.txt", layout(tmp_path)) == ([], [])
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    assert "is not text" in read_labels(tmp_path / "b.txt", layout(tmp_path))[1][0]


@pytest.mark.parametrize(
    ("picture", "labels"),
    [
        ("images/train/a.jpg", "labels/train/a.txt"),
        ("images/images/a.b.png", "images/labels/a.b.txt"),
        ("set/a.jpg", "set/a.txt"),
        ("images.jpg", "images.txt"),
    ],
)
def test_labels_lie_where_their_tools_look(picture: str, labels: str) -> None:
    assert labels_path(Path(picture)).as_posix() == labels


def test_pictures_of_a_split_are_each_there_once_and_sorted(tmp_path: Path) -> None:
    for name in ("images/train/b.jpg", "images/train/deep/a.png", "images/train/notes.md", "images/val/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "list.txt").write_text("./images/val/c.jpg\nimages/train/b.jpg\n")
    data = layout(tmp_path, train=["images/train", "list.txt"], val="images/none")
    assert [p.relative_to(tmp_path).as_posix() for p in pictures_of(data, "train")] == [
        "images/train/b.jpg",
        "images/train/deep/a.png",
        "images/val/c.jpg",
    ]
    with pytest.raises(FileNotFoundError, match="names images/none, which is not in"):
        pictures_of(data, "val")
    with pytest.raises(ValueError, match="has no split 'test'; give one of train, val"):
        pictures_of(data, "test")
