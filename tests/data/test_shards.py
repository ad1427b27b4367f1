import json
from pathlib import Path

import numpy as np
import pytest

from likelihand.data.shards import Shards, write_shards
from likelihand.structures import Record


class Numbers:
    """Records whose picture and labels spell their number."""

    def __init__(self, count: int) -> None:
        self.count, self.asked = count, 0

    def __len__(self) -> int:
        return self.count

    def record(self, index: int) -> Record:
        self.asked += 1
        image = np.full((8, 9, 3), index, np.uint8)
        return Record(
            points=np.full((21, 2), index + 0.25), visibility=np.full(21, index % 3, np.int8),
            box=np.array([0, 0, 1.0, index + 1]), side=("left", "right", None)[index % 3], dataset="numbers",
            key=str(index), read=lambda: image, group=f"g{index}",
        )  # fmt: skip


def test_every_record_comes_back(tmp_path: Path) -> None:
    write_shards(Numbers(7), tmp_path, length=3, quality=None)
    shards = Shards(tmp_path, check=True)
    assert len(shards) == 7
    for index in (6, 0, 3, 2):
        got, truth = shards.record(index), Numbers(7).record(index)
        assert (got.read() == truth.read()).all()
        np.testing.assert_array_equal(got.points, truth.points)
        np.testing.assert_array_equal(got.visibility, truth.visibility)
        np.testing.assert_array_equal(got.box, truth.box)
        assert (got.side, got.key, got.group, got.dataset) == (truth.side, truth.key, truth.group, "numbers")
    with pytest.raises(IndexError, match="7"):
        shards.record(7)


def test_interrupted_work_goes_on(tmp_path: Path) -> None:
    data = Numbers(7)
    write_shards(data, tmp_path, length=3)
    (tmp_path / "00001.json").unlink()
    with pytest.raises(FileNotFoundError, match="lacks 1 of 3"):
        Shards(tmp_path)
    again = Numbers(7)
    write_shards(again, tmp_path, length=3)
    assert again.asked == 3
    assert len(Shards(tmp_path, check=True)) == 7


def test_another_description_is_refused(tmp_path: Path) -> None:
    write_shards(Numbers(2), tmp_path, describe={"seed": 1})
    with pytest.raises(ValueError, match="describe"):
        write_shards(Numbers(2), tmp_path, describe={"seed": 2})


def test_damage_is_noticed(tmp_path: Path) -> None:
    write_shards(Numbers(2), tmp_path)
    assert set(json.loads((tmp_path / "00000.json").read_text())["sha256"]) == {"00000.npz", "00000.pictures"}
    with (tmp_path / "00000.pictures").open("r+b") as file:
        file.write(b"\0")
    with pytest.raises(ValueError, match="damaged"):
        Shards(tmp_path, check=True)


def test_a_folder_without_shards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"shards\.json"):
        Shards(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("shards.json", "[]", r"shards\.json: \[\] is not a mapping"),
        ("shards.json", '{"count": "3", "length": 2}', "field count: '3' is not a whole number"),
        ("shards.json", '{"count": 3}', "field length: None is not a whole number"),
        ("shards.json", '{"count": 9007199254740992, "length": 1}', "lacks"),
        ("00000.npz", "", "is not a whole table of labels"),
        ("00000.npz", "PK", "is not a whole table of labels"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    write_shards(Numbers(3), tmp_path, length=2)
    (tmp_path / name).write_text(content)
    with pytest.raises((ValueError, OSError), match=message):
        Shards(tmp_path).record(0)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("points", np.zeros((2, 21, 3)), r"points is float64 \(2, 21, 3\), expected \(2, 21, 2\)"),
     ("side", None, "side is missing"), ("side", np.array([0, 7]), "ends or sides that cannot be"),
     ("ends", np.array([9, 3]), "ends or sides that cannot be"), ("key", np.array([1, 2]), "key is int64")],
)  # fmt: skip
def test_tables_of_labels_are_checked(tmp_path: Path, column: str, value: object, message: str) -> None:
    write_shards(Numbers(3), tmp_path, length=2)
    columns = dict(np.load(tmp_path / "00000.npz"))
    columns.pop(column)
    np.savez(tmp_path / "00000.npz", **columns, **({} if value is None else {column: value}))
    with pytest.raises(ValueError, match=message):
        Shards(tmp_path).record(1)
