"""Pictures are found where they are, under the names that they had elsewhere."""

from pathlib import Path

import pytest

from likelihand.data.formats.pictures import PictureFinder, endings, folders_beside


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.jpg", ["a.jpg"]), ("b/a.jpg", ["b/a.jpg", "a.jpg"]), ("./b/a.jpg", ["./b/a.jpg", "b/a.jpg", "a.jpg"]),
     ("/x/a.jpg", ["/x/a.jpg", "x/a.jpg", "a.jpg"]), ("x\\a.jpg", ["x\\a.jpg", "x/a.jpg", "a.jpg"]),
     ("C:\\x\\a.jpg", ["C:\\x\\a.jpg", "x/a.jpg", "a.jpg"]), ("\\\\host\\x\\a.jpg", ["\\\\host\\x\\a.jpg"]),
     ("file:///x/a%20b.jpg", ["file:///x/a%20b.jpg", "x/a b.jpg", "a b.jpg"]),
     ("https://h/x/a.jpg?size=2", ["https://h/x/a.jpg?size=2", "x/a.jpg", "a.jpg"]),
     ("/data/local-files/?d=x%2Fa.jpg", ["/data/local-files/?d=x%2Fa.jpg", "x/a.jpg", "a.jpg"]), ("", [""])],
)  # fmt: skip
def test_endings(name: str, expected: list[str]) -> None:
    assert [e for e in endings(name) if not e.startswith("host")][: len(expected)] == expected


def test_the_longest_ending_counts(tmp_path: Path) -> None:
    for name in ("one/a.jpg", "two/a.jpg", "a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    finder = PictureFinder([tmp_path])
    assert finder.find("D:\\set\\two\\a.jpg") == tmp_path / "two/a.jpg"
    assert finder.find("three/a.jpg") == tmp_path / "a.jpg"
    assert finder.find("b.jpg") == tmp_path / "b.jpg"
    assert not finder.settle(["b.jpg", "\x00", "x" * 9000])


def test_the_folder_of_the_first_picture_comes_first(tmp_path: Path) -> None:
    for name in ("labels/a.jpg", "images/a.jpg", "images/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    finder = PictureFinder(folders_beside(tmp_path / "labels/hands.json"))
    assert finder.settle(["none.jpg", "b.jpg"])
    assert finder.find("a.jpg") == tmp_path / "images/a.jpg"


def test_case_and_accents_of_other_systems(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("A.JPG", "caf\u00e9.png"):
        (tmp_path / "images" / name).write_bytes(b"")
    finder = PictureFinder([tmp_path, tmp_path / "images"])
    assert finder.find("a.jpg") == tmp_path / "images/A.JPG"
    assert finder.find("C:\\set\\images\\cafe\u0301.PNG") == tmp_path / "images/caf\u00e9.png"
    assert finder.settle(["a.jpg"])
    (tmp_path / "images" / "a.jpg").write_bytes(b"")
    assert finder.find("a.jpg") == tmp_path / "images/a.jpg"
