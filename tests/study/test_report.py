import csv
import json

import cv2
import pytest
import torch

from likelihand.data.drawn import DrawnHands
from likelihand.ops.heatmaps import Prediction
from likelihand.study import pictures
from likelihand.study.cost import Cost
from likelihand.study.hands import REAL, TEST, Hands
from likelihand.study.methods import MLE
from likelihand.study.plan import CLEAN, Experiment, Figure
from likelihand.study.report import write_report
from likelihand.study.results import Results
from likelihand.study.setting import Setting
from tests.study_scores import results

pytest.importorskip("matplotlib")


class Middle(torch.nn.Module):
    """Stands in for a network of some run: always the middle of the crop."""

    def forward(self, crops):
        middle = torch.full((len(crops), 21, 2), 32.0)
        return [Prediction(middle.new_empty(len(crops), 21, 0, 0), middle, torch.zeros_like(middle))]


@pytest.fixture(autouse=True)
def _no_weights(monkeypatch):
    monkeypatch.setattr(pictures, "load_network", lambda *_: Middle())


COSTS = {"stage 5": Cost(1_230_000, 45_600_000, 7.89), "rle": Cost(2_000_000, 1_000_000, 1.0)}


@pytest.fixture(scope="module")
def hands():
    return Hands(DrawnHands(4), DrawnHands(6, seed=1), DrawnHands(3, seed=2), name="drawn hands")


def test_the_report_has_every_table_figure_and_claim(tmp_path, hands):
    file = write_report(tmp_path, results(tests=(TEST, REAL)), hands, list(Figure), COSTS, "likelihand study all")
    text, folder = file.read_text(), file.parent
    for name in ("stages.png", "losses.png", "methods.png", "noise.png", "remedies.png", "pictures.jpg"):
        image = cv2.imread(str(folder / name))
        assert image is not None and min(image.shape[:2]) > 300 and image.std() > 10
        assert f"({name})" in text
    for name in ("runs", "claims", "stages", "losses", "methods", "noise", "noise-rise", "real", "curves-losses"):
        assert len(list(csv.DictReader((folder / f"{name}.csv").open()))) > 3, name
    assert "`likelihand study all`" in text and "## Real photos" in text and "## What is missing" not in text
    assert "| MLE | 3 | 0.0820 ± 0.0050 |" in text and "| 1.23 | 46 | 7.89 |" in text
    assert "holds" in text and "0.37 % PCK@0.2 on FreiHAND" in text
    assert json.loads((folder / "setting.json").read_text())["stages"] == 5


def test_what_is_not_run_or_failed_is_told(tmp_path, hands):
    made = results(Setting(seeds=1), figures=(Figure.LOSSES,))
    failed = Experiment(MLE, CLEAN, 7)
    partial = Results(made.setting, made.scores, {failed: "step 3: not finite"}, [Experiment(MLE, CLEAN, 9)])
    text = write_report(tmp_path, partial, hands, [Figure.LOSSES], {}, "x").read_text()
    assert "* mle/clean/7 failed: step 3: not finite" in text and "not run yet: mle/clean/9" in text
    assert "unknown" in text and "holds |" not in text
    with pytest.raises(ValueError, match=r"no run of the study in .* is finished"):
        write_report(tmp_path, Results(made.setting, {}), hands, list(Figure), {}, "x")


def test_one_figure_has_its_part_alone(tmp_path, hands):
    text = write_report(tmp_path, results(), hands, [Figure.NOISE], {}, "x").read_text()
    assert "## Wrong labels" in text and "## Stages" not in text
    assert not (tmp_path / "report" / "losses.png").exists()
    rows = {row["wrong labels"]: row for row in csv.DictReader((tmp_path / "report" / "noise.csv").open())}
    assert rows["outliers 40 %"]["smallest error"] == "MLE, warm-started"
    assert rows["jitter 2 %"]["smallest error"] == "MLE, warm-started (one run)"
    assert float(rows["clean"]["heatmap l2"]) == pytest.approx(0.146) and rows["clean"]["heatmap l2 runs"] == "3"
