import csv

import cv2
import pytest
import torch

from likelihand.apps.study import figures
from likelihand.apps.study.hands import REAL, TEST, Hands
from likelihand.apps.study.methods import DECISIVE, MLE, STAGES
from likelihand.apps.study.plan import CLEAN, OUTLIERS, Experiment
from likelihand.apps.study.report import write_report
from likelihand.apps.study.results import Results
from likelihand.apps.study.runner import folder_of
from likelihand.apps.study.setting import Setting
from likelihand.data.drawn import DrawnHands
from likelihand.ops.heatmaps import Prediction
from tests.study_scores import made

pytest.importorskip("matplotlib")

HANDS = Hands(
    DrawnHands(4), DrawnHands(3, seed=3), DrawnHands(6, seed=1), DrawnHands(3, seed=2), name="drawn hands"
)


class Middle(torch.nn.Module):
    """Stands in for a network of some run: always the middle of the crop."""

    def forward(self, crops):
        middle = torch.full((len(crops), 21, 2), 32.0)
        return [Prediction(middle.new_empty(len(crops), 21, 0, 0), middle, torch.zeros_like(middle))]


def test_the_report_has_every_table_figure_and_verdict(tmp_path, monkeypatch):
    table = {(m, labels): [0.1, 0.11, 0.12] for m in DECISIVE for labels in (CLEAN, OUTLIERS)}
    results = made(table | {(m, CLEAN): [0.1, 0.2] for m in STAGES}, tests=(TEST, REAL))
    monkeypatch.setattr(figures, "load_checkpoint", lambda _: (Middle(), None))
    weights = folder_of(tmp_path, Experiment(MLE, CLEAN, 0)) / "last.safetensors"
    weights.parent.mkdir(parents=True)
    weights.touch()
    file = write_report(tmp_path, results, Setting(), HANDS, "likelihand study core")
    text, folder = file.read_text(), file.parent
    for name in ("claims.png", "epochs.png", "compared-clean.png", "stages.png", "pictures.jpg"):
        image = cv2.imread(str(folder / name))
        assert image is not None and min(image.shape[:2]) > 300 and image.std() > 10
        assert f"({name})" in text
    for name in ("runs", "looks", "claims", "clean", "outliers-40", "gradients", "real", "joints-clean"):
        assert len(list(csv.DictReader((folder / f"{name}.csv").open()))) > 2, name
    assert "the mean pose, no network" in text and "`likelihand study core`" in text
    assert "What is missing" not in text and not (folder / "rates.csv").exists()


def test_what_is_missing_is_told(tmp_path):
    known = made({(MLE, CLEAN): [0.1]})
    missing = tuple(Experiment(MLE, OUTLIERS, seed) for seed in range(10))
    results = Results(known.runs, {Experiment(MLE, CLEAN, 1): "step 3: not finite"}, missing, known.mean_pose)
    text = write_report(tmp_path, results, Setting(), HANDS, "").read_text()
    assert "mle/clean/1 failed: step 3" in text and "mle/outliers-40/7 and 2 more" in text
    assert "1 finished, 10 not yet" in text


def test_nothing_finished_is_no_report(tmp_path):
    with pytest.raises(ValueError, match="no run of the study in"):
        write_report(tmp_path, Results({}), Setting(), HANDS, "")
