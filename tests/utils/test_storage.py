"""Folders of any file system: a file is there whole or not at all."""

import os
import pickle
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="needs fsspec")

from likelihand.utils.storage import Folder


@pytest.mark.parametrize("kind", ["disk", "memory"])
def test_a_file_is_there_once_its_block_ends_well(tmp_path: Path, kind: str) -> None:
    folder = Folder(tmp_path / "new" if kind == "disk" else f"memory://{tmp_path.name}")
    assert folder.names("parts") == set()
    with folder.writing("parts/a") as path:
        path.write_bytes(b"one")
        assert not folder.has("parts/a")
    assert (folder.has("parts/a"), folder.read("parts/a")) == (True, b"one")
    with pytest.raises(KeyError), folder.writing("parts/a") as path:
        path.write_bytes(b"half")
        raise KeyError
    assert (folder.names("parts"), folder.read("parts/a")) == ({"a"}, b"one")
    assert folder.read_span("parts/a", 1, 3) == b"ne"
    assert folder.read("parts/b") is None


def test_a_file_system_without_whole_uploads_gets_a_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from likelihand.utils import storage

    folder = Folder(f"memory://{tmp_path.name}")
    monkeypatch.setattr(storage, "_PUT_IS_WHOLE", frozenset())
    sent: list[str] = []
    put = folder.system.put_file
    monkeypatch.setattr(folder.system, "put_file", lambda local, path: (sent.append(path), put(local, path)))
    with folder.writing("parts/a") as path:
        path.write_bytes(b"one")
    assert sent[0].endswith(".partial")
    assert folder.names("parts") == {"a"}
    assert folder.read("parts/a") == b"one"


def test_it_travels_to_other_processes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    assert pickle.loads(pickle.dumps(Folder(tmp_path))).read("a") == b"one"
    folder = Folder(tmp_path)
    before = folder.system
    folder._process = os.getpid() + 1  # as in a forked child
    assert folder.read("a") == b"one"
    assert folder._process == os.getpid()
    assert folder.system is not None and before is not None


def test_what_cannot_be_opened_is_told() -> None:
    with pytest.raises(ValueError, match=r"nowhere://x cannot be opened \(Protocol not known"):
        Folder("nowhere://x")
