import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from likelihand.cli import main
from likelihand.cli.study import parser

ROOT = Path(__file__).resolve().parents[2]
TINY = """
setting: {backbone: test_resnet, weights: null, frozen: 0, width: 8, stages: 2, separate: [1], seeds: 1,
  train: {steps: 2, size: 64, batch_size: 4, log_every: 1, checkpoint_every: 1, device: cpu}}
pictures: {train: 8, test: 3, size: 64, drawn: true}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> list[str]:
    """Options of a study of seconds."""
    (tmp_path / "tiny.yaml").write_text(TINY)
    return ["--config", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path / "out")]


def test_a_study_from_plan_to_report(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs in this process: other processes and costs have tests of their own."""
    from likelihand.study import pipeline
    from likelihand.study.runner import run_experiment

    def run_here(runs, setting, hands, out, **_):  # type: ignore[no-untyped-def]
        return all(run_experiment(run, setting, hands, out).finished for run in runs)

    monkeypatch.setattr(pipeline, "run_all", run_here)
    monkeypatch.setattr(pipeline, "costs", lambda *_, **__: {})
    assert main(["study", "stages", *tiny, "--plan"]) == 0
    assert "3 runs of 2 steps of 4 crops of 64 px" in capsys.readouterr().out
    assert not (tmp_path / "out" / "runs").exists()
    assert main(["study", "stages", *tiny]) == 0
    report = tmp_path / "out" / "report" / "report.md"
    assert str(report) in capsys.readouterr().out
    assert "drawn hands, 8 to train on, 3 held out" in report.read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["best"], "best"),
        (["losses", "--jobs", "0"], "--jobs is 0"),
        (["losses", "--setting.seeds", "0"], "seeds is 0"),
    ],
)
def test_a_wrong_request_is_one_line(
    tiny: list[str], options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", options[0], *tiny, *options[1:]]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


@pytest.mark.parametrize(("name", "steps"), [("freihand", 130240 * 120 / 128), ("rhd", 60375 * 120 / 128)])
def test_run_files_have_the_papers_sizes(name: str, steps: float) -> None:
    arguments = parser().parse_args(["all", "--config", str(ROOT / "configs" / f"study-{name}.yaml")])
    setting = arguments.setting
    assert steps <= setting.train.steps < steps + 1
    assert (setting.backbone, setting.stride, setting.width, setting.stages) == ("resnet50", 32, 256, 5)
    assert (setting.train.size, setting.train.batch_size, list(setting.train.milestones)) == (256, 128, [90])
    assert setting.train.cosine is False and setting.separable is False


def test_the_run_file_for_a_gpu_parses() -> None:
    arguments = parser().parse_args(["all", "--config", str(ROOT / "configs" / "study-gpu.yaml")])
    assert (arguments.setting.train.size, arguments.pictures.size) == (256, 288)
    assert arguments.setting.train.cosine is True


def test_a_coco_file_is_split_by_picture(tmp_path: Path) -> None:
    from likelihand.cli.study import _published

    points = np.column_stack([np.random.default_rng(0).uniform(9, 50, (21, 2)), np.full(21, 2)]).ravel().tolist()
    images = [{"id": i, "file_name": f"{i}.png"} for i in range(20)]
    hands = [{"id": i, "image_id": i, "category_id": 1, "keypoints": points} for i in range(20)]
    for image in images:
        (tmp_path / str(image["file_name"])).touch()
    (tmp_path / "a.json").write_text(json.dumps({"images": images, "annotations": hands}))
    made = _published(tmp_path / "a.json")
    assert (len(made.train), len(made.test)) == (18, 2)
    assert made.name == "a.json, a tenth of its pictures held out: 18 hands to train on, 2 held out"
