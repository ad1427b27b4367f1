"""The folder of a bulk run: lists never change, and what is new makes a list of its own."""

from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs likelihand[ray]")
pytest.importorskip("fsspec", reason="needs likelihand[ray]")

from likelihand.apps.bulk import plan
from likelihand.apps.bulk.inputs import Input
from likelihand.utils.storage import Folder

PICTURES = [Input("picture", f"/{i}.jpg") for i in range(7)]


def read(folder: Folder) -> list[list[Input]]:
    found = []
    for chunk in plan.chunks_of(folder):
        with plan.open_list(folder, chunk.inputs) as file:
            found.append(plan.inputs_of(file, chunk))
        assert len(found[-1]) == chunk.size
    return found


@pytest.mark.parametrize("where", ["disk", "memory://plan"])
def test_films_tars_and_row_groups_are_chunks_of_their_own_and_come_first(tmp_path: Path, where: str) -> None:
    folder = Folder(str(tmp_path) if where == "disk" else where)
    others = [Input("film", "/a.mp4"), Input("table", "/a.parquet", 0), Input("table", "/a.parquet", 1)]
    assert plan.add(folder, [*PICTURES[:4], *others, *PICTURES[4:]], 3) == 10
    assert read(folder) == [[each] for each in others] + [PICTURES[:3], PICTURES[3:6], PICTURES[6:]]


def test_a_grown_folder_adds_a_list_and_changes_none(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    plan.add(folder, PICTURES[2:5], 2)
    before = (tmp_path / "inputs" / "00000.parquet").read_bytes()
    assert plan.add(folder, PICTURES, 2) == 4
    assert plan.add(folder, PICTURES, 2) == 0
    assert (tmp_path / "inputs" / "00000.parquet").read_bytes() == before
    assert read(folder) == [PICTURES[2:4], PICTURES[4:5], PICTURES[:2], PICTURES[5:]]


def test_what_is_left_is_what_has_no_part(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    plan.add(folder, PICTURES, 2)
    chunks = plan.chunks_of(folder)
    (tmp_path / "parts").mkdir()
    (tmp_path / chunks[1].part).touch()
    (tmp_path / "parts" / ".00000-000002.77-ab.parquet").touch()  # left by a worker that was killed
    assert plan.left(folder, chunks) == [chunks[0], chunks[2], chunks[3]]


def test_a_folder_begun_with_other_settings_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    plan.begin(folder, {"model": "0f", "looks": None})
    plan.begin(folder, {"model": "0f", "looks": None})
    with pytest.raises(ValueError, match="was begun with looks None, not 2, model '0f', not '1e'"):
        plan.begin(folder, {"model": "1e", "looks": 2})
    (tmp_path / plan.ABOUT).write_text("{")
    with pytest.raises(ValueError, match="not whole JSON"):
        plan.begin(folder, {})
