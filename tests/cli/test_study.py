import csv
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from likelihand.apps.study.methods import CPM, RATED
from likelihand.cli import main
from likelihand.cli.study import parser

ROOT = Path(__file__).resolve().parents[2]
TINY = """
setting: {backbone: test_resnet, weights: null, frozen: 0, width: 8, stages: 2, seeds: 1, looks: [],
  train: {epochs: 2, size: 64, batch_size: 4, log_every: 1, checkpoint_every: 2, device: cpu, milestones: [1]}}
pictures: {train: 8, validation: 2, test: 3, size: 64, drawn: true}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> list[str]:
    """Options of a study of seconds."""
    (tmp_path / "tiny.yaml").write_text(TINY)
    return ["--config", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path / "out")]


def test_a_study_from_plan_to_report(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs in this process: other processes have tests of their own."""
    from likelihand.apps.study import pipeline
    from likelihand.apps.study.runner import run_experiment

    def run_here(runs, setting, hands, out, results, **_):  # type: ignore[no-untyped-def]
        return all(run_experiment(run, setting, hands, out, results) for run in runs)

    monkeypatch.setattr(pipeline, "run_all", run_here)
    assert main(["study", "stages", *tiny, "--plan"]) == 0
    assert "3 runs of 4 steps of 4 crops" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert main(["study", "stages", *tiny, "--results", str(tmp_path / "kept")]) == 0
    report = tmp_path / "out" / "report" / "report.md"
    assert str(report) in capsys.readouterr().out
    assert "drawn hands, 8 to train on, 2 to choose on, 3 held out" in report.read_text()
    assert (tmp_path / "kept" / "mle-1-stages" / "clean" / "0.json").exists()


def test_the_quick_grid_takes_few_pictures(tiny: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "quick", *tiny, "--plan"]) == 0
    assert "6 runs of 4 steps of 4 crops" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["best"], "best"),
        (["core", "--jobs", "0"], "--jobs is 0"),
        (["core", "--setting.seeds", "0"], "seeds is 0"),
    ],
)
def test_a_wrong_request_is_one_line(
    tiny: list[str], options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", options[0], *tiny, *options[1:]]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


@pytest.mark.parametrize("name", ["freihand", "rhd"])
def test_run_files_have_the_papers_sizes(name: str) -> None:
    arguments = parser().parse_args(["all", "--config", str(ROOT / "configs" / f"study-{name}.yaml")])
    setting = arguments.setting
    assert (setting.backbone, setting.stride, setting.width, setting.stages) == ("resnet50", 32, 256, 5)
    assert (setting.train.size, setting.train.total_batch, list(setting.train.milestones)) == (256, 128, [90])
    assert (setting.train.epochs, setting.separable, setting.train.gradient_clip) == (120, False, None)


def test_the_run_file_for_a_gpu_parses() -> None:
    arguments = parser().parse_args(["all", "--config", str(ROOT / "configs" / "study-gpu.yaml")])
    assert (arguments.setting.train.size, arguments.pictures.size, arguments.setting.stages) == (256, 288, 5)


def test_the_run_file_for_this_size_holds_the_best_rate_that_was_tried_between_worse_ones() -> None:
    arguments = parser().parse_args(["quick", "--config", str(ROOT / "configs" / "study-cpu.yaml")])
    notes = ROOT / "docs" / "notes" / "paper"
    tried: dict[str, dict[float, float]] = {}
    for file in (notes / "rates.csv", notes / "rates-rivals.csv"):
        with file.open(newline="") as rows:
            for row in csv.DictReader(rows):
                error = tried.setdefault(row["method"], {})
                error[float(row["learning rate"])] = float(row["validation NME"])
    assert set(tried) == {method.name for method in RATED}
    del tried[CPM.name]  # has not begun to learn at any that was tried
    assert arguments.setting.rates == {name: min(errors, key=errors.__getitem__) for name, errors in tried.items()}
    assert all(min(errors) < arguments.setting.rates[name] < max(errors) for name, errors in tried.items())


def test_a_coco_file_is_split_by_picture(tmp_path: Path) -> None:
    from likelihand.cli.study import _published

    points = np.column_stack([np.random.default_rng(0).uniform(9, 50, (21, 2)), np.full(21, 2)]).ravel().tolist()
    images = [{"id": i, "file_name": f"{i}.png"} for i in range(20)]
    hands = [{"id": i, "image_id": i, "category_id": 1, "keypoints": points} for i in range(20)]
    for image in images:
        (tmp_path / str(image["file_name"])).touch()
    (tmp_path / "a.json").write_text(json.dumps({"images": images, "annotations": hands}))
    made = _published(tmp_path / "a.json")
    assert (len(made.train), len(made.validation), len(made.test)) == (17, 1, 2)
    told = "a.json, a tenth of its pictures held out: 17 hands to train on, 1 to choose on, 2 held out"
    assert made.name == told
