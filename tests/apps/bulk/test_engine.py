"""Bulk runs on Ray: any number of workers, kills and runs, and every input is there once."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="needs likelihand[ray]")
pytest.importorskip("ray", reason="needs likelihand[ray]")
from likelihand.cli import main
from tests.apps.bulk.results import lines, not_once, rows, write_pictures
from tests.storage import s3_bucket

SCRIPT = Path(__file__).parent / "cluster_script.py"


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments)])


@pytest.mark.usefixtures("ray_here")
def test_the_command_gives_the_hands_of_predict_and_goes_on_with_a_grown_folder(
    model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, options = tmp_path / "out", ("--crop", "--model", model)
    bulk = (pictures, *options, "--engine", "ray", "--chunk", 3, "--out", out)
    assert predict(*bulk) == 1  # one picture is damaged
    assert "10 new inputs; 9 hands in 9 pictures and films" in (told := capsys.readouterr().err)
    assert "1 failed" in told and "1 .md" in told
    assert predict(pictures, *options, "--out", tmp_path / "plain", "--no-overlay", "--threads", 1) == 1
    found, written = lines(rows(out)), (tmp_path / "plain" / "predictions.jsonl").read_text().splitlines()
    assert len(written) == 9
    for line in map(json.loads, written):
        for one, other in zip(found[line["file"]], line["hands"], strict=True):
            assert one == {name: other[name] for name in one}
    write_pictures(pictures / "more", 2, first=20)
    before = {file: file.stat().st_mtime_ns for file in (out / "parts").iterdir()}
    assert predict(*bulk) == 0
    assert "2 new inputs; 2 hands in 2 pictures" in capsys.readouterr().err
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert not_once(out) == {}
    assert len(lines(rows(out))) == 12


@pytest.mark.usefixtures("ray_here")
def test_a_part_that_cannot_be_written_is_told_and_tried_again(
    model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "hand.onnx"
    shutil.copyfile(model, own)
    out = tmp_path / "out"
    options = ("--crop", "--model", own, "--engine", "ray", "--chunk", 3, "--out", out)
    out.mkdir()
    (out / "parts").write_text("in the way")
    assert predict(pictures, *options) == 1
    assert "4 chunks are missing, repeat the command" in capsys.readouterr().err
    (out / "parts").unlink()
    assert predict(pictures, *options) == 1
    assert not_once(out) == {}
    assert len(lines(rows(out))) == 10


def test_pictures_and_results_may_lie_on_an_object_store(model: Path, pictures: Path) -> None:
    with s3_bucket() as bucket:
        import s3fs

        store = s3fs.S3FileSystem()
        store.put(str(pictures), "bucket/in", recursive=True)
        command = [sys.executable, "-m", "likelihand", "predict", f"{bucket}/in", "--out", f"{bucket}/out"]
        command += ["--engine", "ray", "--chunk", "4", "--crop", "--model", str(model)]
        for new in (10, 0):  # the second run has nothing to do
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            assert f"{new} new inputs" in done.stderr
        store.get("bucket/out", str(pictures / "out"), recursive=True)
    assert not_once(pictures / "out") == {}
    found = lines(rows(pictures / "out"))
    assert len(found) == 10 and sum(map(len, found.values())) == 9
    assert all(path.startswith(f"{bucket}/in/") for path in found)


def cluster(*arguments: object, seconds: float = 400) -> dict[str, Any]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Ray simulates clusters on Linux alone")
def test_nodes_and_drivers_that_are_killed_leave_every_input_once(model: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", 60)
    told = cluster(tmp_path, "--model", model, "--nodes", 3, "--kill-nodes", 1, "--kill-drivers", 2, "--seed", 5)
    assert sorted(kind for kind, _ in told["killed"]) == ["driver", "driver", "node"]
    assert not_once(tmp_path / "out") == {}
    assert len(lines(rows(tmp_path / "out"))) == 60
