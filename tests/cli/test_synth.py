"""`likelihand synth`: rendered hands as files that the library's own readers take."""

import json
from pathlib import Path

import pytest

pytest.importorskip("numba")

from likelihand.cli import main
from likelihand.data import read_image


def test_coco_and_preview(tmp_path: Path) -> None:
    out, sheet = tmp_path / "hands", tmp_path / "sheet.png"
    options = ["--count", "3", "--size", "48", "--options.objects", "false"]
    assert main(["synth", *options, "--out", str(out), "--preview", str(sheet)]) == 0
    content = json.loads((out / "annotations.json").read_text())
    assert len(content["images"]) == 3
    assert main(["data", "check", str(out / "annotations.json"), "--out", str(tmp_path / "check.png")]) == 0
    assert read_image(sheet).shape == read_image(tmp_path / "sheet_plain.png").shape == (8 * 48, 8 * 48, 3)


def test_shards(tmp_path: Path) -> None:
    assert main(["synth", "--count", "3", "--size", "48", "--out", str(tmp_path), "--shards"]) == 0
    assert json.loads((tmp_path / "shards.json").read_text())["count"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to write"),
        (["--out", "x", "--shards", "--scenes"], "--shards holds crops of one hand"),
        (["--out", "x", "--count", "0"], "count 0"),
        (["--out", "x", "--backgrounds", "no/such/folder"], "no/such/folder"),
    ],
)
def test_a_wrong_request_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", *arguments]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


def test_the_first_call_says_that_it_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("likelihand.synth.compiled.cache_folder", lambda: str(tmp_path / "cache"))
    nothing = ["synth", "--count", "0", "--out", str(tmp_path / "hands")]
    assert main(nothing) == 2
    assert "compiling the renderer, once" in capsys.readouterr().err
    (tmp_path / "cache" / "hand").mkdir(parents=True)
    (tmp_path / "cache" / "hand" / "mesh.nbi").touch()
    assert main(nothing) == 2
    assert "compiling" not in capsys.readouterr().err
