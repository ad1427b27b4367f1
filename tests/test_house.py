"""The house in order: tests mirror modules, and no file is too long to be read at once."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "likelihand"
MOST_LINES = 400

UNMIRRORED: dict[str, str] = {
    "utils/arrays.py": "names of types, which mypy checks",
}
"""Modules without a test file of their own, and where they are tested instead."""
GIVE = re.compile(r'"""Gives? .*')


def modules() -> list[Path]:
    return [file for file in sorted(SOURCE.rglob("*.py")) if not file.name.startswith("__")]


def test_every_module_has_its_test_file() -> None:
    """`src/likelihand/a/b.py` is tested by `tests/a/test_b.py`, whatever else tests it too."""
    names = [file.relative_to(SOURCE) for file in modules()]
    missing = {n.as_posix() for n in names if not (ROOT / "tests" / n.parent / f"test_{n.name}").is_file()}
    assert missing == set(UNMIRRORED)


@pytest.mark.parametrize("folder", ["src", "tests", "experiments", "assets"])
def test_no_file_is_longer_than_can_be_read(folder: str) -> None:
    lines = {file: file.read_text("utf-8").count("\n") for file in (ROOT / folder).rglob("*.py")}
    assert {str(file.relative_to(ROOT)): n for file, n in lines.items() if n > MOST_LINES} == {}


@pytest.mark.parametrize("folder", ["src", "experiments", "assets", "tests"])
def test_docstrings_begin_with_what_is_done(folder: str) -> None:
    """Neither "Give" nor "Gives" says what a function does; "Return", "Compute" or "Load" do."""
    files = sorted((ROOT / folder).rglob("*.py"))
    found = [f"{file.relative_to(ROOT)}: {m}" for file in files for m in GIVE.findall(file.read_text("utf-8"))]
    assert found == []
