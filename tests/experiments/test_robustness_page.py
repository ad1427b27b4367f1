"""Figures go into the documents between their marks and nowhere else."""

import json
import sys
from pathlib import Path

import pytest

from experiments.robustness_page import excerpt, main, replaced

ROWS = [
    {
        "tool": tool,
        "condition": condition,
        "missed": missed,
        "hands": 4,
        "median": median,
        "said": said,
        "true": said,
    }
    for tool, condition, missed, median, said in (
        ("a", "as it is", 0, 0.04, 0.9),
        ("b", "as it is", 1, 0.03, None),
        ("a", "dark", 2, 0.05, 0.8),
        ("b", "dark", 4, None, None),
    )
]


def test_only_what_stands_between_the_marks_changes() -> None:
    text = "before <!-- robustness -->\nold\n<!-- /robustness --> after"
    assert replaced(text, "new\n") == "before <!-- robustness -->\nnew\n<!-- /robustness --> after"
    with pytest.raises(ValueError, match="lacks <!-- robustness -->"):
        replaced("nothing", "new")


def test_tool_stands_beside_tool() -> None:
    lines = excerpt(ROWS).splitlines()
    assert lines[0] == "|  | a: missed | b: missed | a: median error | b: median error | said | true |"
    assert lines[2] == "| as it is | 0 of 4 | 1 of 4 | 0.040 | 0.030 | 0.90 | 0.90 |"
    assert lines[3] == "| dark | 2 of 4 | 4 of 4 | 0.050 | - | 0.80 | 0.80 |"


def test_page_takes_tables_bars_and_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured, docs, readme = tmp_path / "run", tmp_path / "docs", tmp_path / "README.md"
    measured.mkdir()
    docs.mkdir()
    (measured / "robustness.json").write_text(json.dumps({"rows": ROWS}))
    for name in ("robustness.md", "robustness.csv", "robustness.png"):
        (measured / name).write_text(name)
    marks = "x\n<!-- robustness -->\n<!-- /robustness -->\ny\n"
    (docs / "robustness.md").write_text(marks)
    readme.write_text(marks)
    monkeypatch.setattr(sys, "argv", ["page", str(measured), "--docs", str(docs), "--readme", str(readme)])
    main()
    assert (
        docs / "robustness.md"
    ).read_text() == "x\n<!-- robustness -->\nrobustness.md\n<!-- /robustness -->\ny\n"
    assert "| dark | 2 of 4 |" in readme.read_text()
    assert {p.name for p in (docs / "robustness").iterdir()} == {"robustness.csv", "robustness.png"}
