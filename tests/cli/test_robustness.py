"""`likelihand robustness` on three rendered pictures, with the bundled models."""

import json
import sys
from pathlib import Path

import pytest

from likelihand.cli import main

pytest.importorskip("numba")

CONDITIONS = ["--only", "as it is", "dark", "30 % cut off"]
DATA = [
    "--data.class_path=likelihand.data.Synthetic",
    "--data.init_args.count=3",
    "--data.init_args.seed=5",
    "--data.init_args.size=160",
    "--tta=1",
]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("robustness")
    assert main(["robustness", *DATA, *CONDITIONS, "--threads", "1", "--out", str(out)]) == 0
    return out


def test_writes_tables_and_pictures(measured: Path) -> None:
    files = {p.name for p in measured.iterdir()}
    assert {"likelihand.jsonl", "robustness.json", "robustness.csv", "robustness.md", "examples.jpg"} <= files
    content = json.loads((measured / "robustness.json").read_text())
    assert [(r["condition"], r["hands"]) for r in content["rows"]] == [
        ("as it is", 3),
        ("dark", 3),
        ("30 % cut off", 3),
    ]
    assert (
        content["rows"][0]["missed"] + len([o for o in lines(measured) if "it is" in o and '"found": true' in o])
        == 3
    )
    assert content["normaliser"] == "max(w, h) of the tight box of the labelled keypoints"
    assert [r["condition"] for r in content["cut_away"]] == ["30 % cut off"]


def lines(folder: Path) -> list[str]:
    return (folder / "likelihand.jsonl").read_text().splitlines()


def test_the_same_on_more_threads(measured: Path, tmp_path: Path) -> None:
    assert main(["robustness", *DATA, *CONDITIONS, "--threads", "2", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "robustness.csv").read_bytes() == (measured / "robustness.csv").read_bytes()


def test_goes_on_where_it_stopped(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from likelihand.evaluation.robustness import Own

    kept = (measured / "likelihand.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "likelihand.json").write_bytes((measured / "likelihand.json").read_bytes())
    (tmp_path / "likelihand.jsonl").write_bytes(b"".join(kept[:5]) + kept[5][:20])
    calls, call = [], Own.__call__

    def counted(self: Own, image: object, box: object) -> object:
        calls.append(1)
        return call(self, image, box)  # type: ignore[arg-type]

    monkeypatch.setattr(Own, "__call__", counted)
    assert main(["robustness", *DATA, *CONDITIONS, "--threads", "1", "--out", str(tmp_path)]) == 0
    assert len(calls) == 4 + 6  # what was left, and the sheet of two hands
    assert (tmp_path / "likelihand.jsonl").read_bytes() == (measured / "likelihand.jsonl").read_bytes()
    assert (tmp_path / "robustness.md").read_bytes() == (measured / "robustness.md").read_bytes()
    assert main(["robustness", *DATA, *CONDITIONS, "--seed", "1", "--out", str(tmp_path)]) == 2
    assert "was begun with another seed" in capsys.readouterr().err


def test_given_boxes_miss_nothing(tmp_path: Path) -> None:
    scores = tmp_path / "scores.json"
    arguments = [*DATA, "--boxes", "--only", "grey", "--limit", "2", "--json", str(scores)]
    assert main(["robustness", *arguments, "--out", str(tmp_path / "out")]) == 0
    (row,) = json.loads(scores.read_text())["rows"]
    assert (row["hands"], row["missed"]) == (2, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "fog"], "condition 'fog' is unknown"),
        (["--peer", "openpose"], "peer 'openpose' is unknown"),
        (["--peer", "mediapipe", "--boxes"], "leave out --boxes"),
        (["--limit", "0"], "--limit is 0"),
        (["--seed", "-1"], "--seed is -1"),
    ],
)
def test_wrong_requests_are_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["robustness", *DATA, *arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_peer_measured_before_need_not_be_installed(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    settings = json.loads((measured / "likelihand.json").read_text())
    own = {"model", "model_sha256", "tta", "calibration"}
    (tmp_path / "mediapipe.json").write_text(json.dumps({k: v for k, v in settings.items() if k not in own}))
    outcomes = (measured / "likelihand.jsonl").read_text()
    (tmp_path / "mediapipe.jsonl").write_text(outcomes.replace('"tool": "likelihand"', '"tool": "MediaPipe"'))
    for name in ("likelihand.json", "likelihand.jsonl"):
        (tmp_path / name).write_bytes((measured / name).read_bytes())
    arguments = [*DATA, *CONDITIONS, "--peer", "mediapipe", "--out", str(tmp_path)]
    assert main(["robustness", *arguments]) == 0
    rows = json.loads((tmp_path / "robustness.json").read_text())["rows"]
    assert [(r["tool"], r["missed"]) for r in rows[:2]] == [
        ("likelihand", rows[0]["missed"]),
        ("MediaPipe", rows[0]["missed"]),
    ]
