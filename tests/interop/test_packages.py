"""One clear line where a package is missing."""

import sys

import pytest

from likelihand.cli import explain
from likelihand.interop.packages import needed


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pose_format", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        needed("pose_format", "a .pose file")
    line = "a .pose file needs pose_format; install it with: pip install 'likelihand[interop]'"
    assert explain(caught.value) == line


def test_what_a_package_itself_lacks_is_told_as_it_is(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "halfway.py").write_text("import nothing_like_it")  # type: ignore[operator]
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'nothing_like_it'"):
        needed("halfway", "x")
