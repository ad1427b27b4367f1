"""The queries of the docs run on what a bulk run wrote."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="needs likelihand[ray]")
pytest.importorskip("duckdb", reason="needs duckdb")
pytest.importorskip("pandas", reason="needs pandas")
from likelihand.apps.bulk import BulkSettings
from likelihand.data.coco import CocoHands
from tests.apps.bulk.results import rows
from tests.apps.bulk.test_worker import bulk

DOCS = Path(__file__).parents[3] / "docs"


def blocks(language: str) -> list[str]:
    (file,) = DOCS.rglob("bulk.md")
    return re.findall(rf"```{language}\n(.*?)```", file.read_text(), re.DOTALL)


def test_the_queries_run_and_the_least_certain_become_coco(
    model: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import duckdb

    monkeypatch.chdir(tmp_path)
    bulk(tmp_path / "hands", BulkSettings(str(model), crop=True), pictures)
    (tmp_path / "hands" / "parts" / ".00000-000000.1-ab.parquet").write_bytes(b"left by a worker that was killed")
    queries = blocks("python")
    assert len(queries) == 3
    for query in queries:
        exec(query, {})
    assert "damaged.jpg" in capsys.readouterr().out
    ((part,),) = duckdb.sql(blocks("sql")[0]).fetchall()
    assert part.startswith("hands/parts/00000-")
    coco = json.loads((tmp_path / "to-annotate.json").read_text())
    certain = [float(np.mean(row["confidence"])) for row in rows(tmp_path / "hands") if row["hand"] is not None]
    assert [hand["confidence"] for hand in coco["annotations"]] == [round(each, 3) for each in sorted(certain)]
    assert len(CocoHands(tmp_path / "to-annotate.json")) == 9
