"""Sources: whatever names pictures gives each of them once, and what gives none is told."""

import tarfile
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs likelihand[ray]")
pytest.importorskip("fsspec", reason="needs likelihand[ray]")
import pyarrow as pa
import pyarrow.parquet as pq

from likelihand.apps.bulk.inputs import Input, find


def names(*sources: object, **options: str) -> list[tuple[str, str, int]]:
    found = find([str(source) for source in sources], **options)
    assert found.problems == []
    return [(each.kind, Path(each.path).name, each.group) for each in found.inputs]


def test_a_folder_a_glob_and_files_name_a_picture_once(pictures: Path) -> None:
    once = names(pictures)
    assert len(once) == 10
    assert names(pictures, pictures / "*.jpg", pictures / "damaged.jpg") == once
    assert [path for _, path, _ in names(pictures / "d*.jpg")] == ["damaged.jpg"]
    assert find([str(pictures)]).passed_over == {".md": 1}
    assert all(Path(each.path).is_absolute() for each in find([str(pictures)]).inputs)


def test_a_list_names_files_beside_it_and_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("b.jpg\n\nsub/clip.mp4\n/abs/a.png\ns3://bucket/c.jpg\nb.jpg\n")
    found = find([str(file)])
    assert [(each.kind, each.path) for each in found.inputs] == [
        ("picture", str(tmp_path / "b.jpg")),
        ("film", str(tmp_path / "sub/clip.mp4")),
        ("picture", "/abs/a.png"),
        ("picture", "s3://bucket/c.jpg"),
    ]


def test_tables_of_pictures_are_row_groups_and_tables_of_paths_are_their_paths(tmp_path: Path) -> None:
    encoded = pa.table({"id": [1, 2, 3], "image": [{"bytes": b"x", "path": "a"}] * 3, "label": ["a", "b", "c"]})
    pq.write_table(encoded, tmp_path / "encoded.parquet", row_group_size=2)
    pq.write_table(pa.table({"file": ["a.jpg", None, "b.mp4"]}), tmp_path / "paths.parquet")
    assert names(tmp_path / "encoded.parquet") == [
        ("table", "encoded.parquet", 0),
        ("table", "encoded.parquet", 1),
    ]
    assert names(tmp_path / "paths.parquet") == [("picture", "a.jpg", 0), ("film", "b.mp4", 0)]


def test_damaged_tables_streams_and_unknown_file_systems_are_problems(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    sources = [str(tmp_path / "bad.parquet"), "-", "rtsp://camera", "nowhere://x", str(tmp_path / "none*.jpg")]
    found = find([*sources, str(tmp_path / "missing.jpg")])
    told = ["is not a whole", "a stream", "a stream", "cannot be opened", "no file matches"]
    assert all(part in problem for part, problem in zip(told, found.problems, strict=True))
    assert found.inputs == [Input("picture", str(tmp_path / "missing.jpg"))]  # its row will say that it is missing


def test_the_folder_of_the_results_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "out" / "parts").mkdir(parents=True)
    pq.write_table(pa.table({"path": ["a.jpg"]}), tmp_path / "out" / "parts" / "00000-000000.parquet")
    with tarfile.open(tmp_path / "a.tar", "w"):
        pass
    assert names(tmp_path, results=str(tmp_path / "out")) == [("tar", "a.tar", 0)]
