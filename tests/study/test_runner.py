import json
from dataclasses import replace

import pytest
import torch

from likelihand.data.drawn import DrawnHands
from likelihand.data.noise import Jitter
from likelihand.models.checkpoint import read_info, read_tensors
from likelihand.study.hands import TEST, Hands
from likelihand.study.methods import HEATMAP, MLE, MLE_WARM
from likelihand.study.plan import CLEAN, Amount, Experiment
from likelihand.study.results import NME, gather
from likelihand.study.runner import (
    FAILED,
    Outcome,
    folder_of,
    outcome_of,
    run_all,
    run_experiment,
    steps_done,
)
from likelihand.study.setting import Setting
from likelihand.training import NonFiniteLossError, TrainConfig
from likelihand.training.run import Run

SETTING = Setting(
    backbone="test_resnet", weights=None, frozen=0, width=8, stages=2, seeds=1,
    train=TrainConfig(
        steps=3, size=64, batch_size=4, workers=0, milestones=(), cosine=True, log_every=1, checkpoint_every=1,
        tensorboard=False, progress=False, device="cpu",
    ),
)  # fmt: skip
HANDS = Hands(DrawnHands(12, size=64), DrawnHands(4, seed=1, size=64), name="drawn")
SPOILT = Amount("jitter", 0.1, Jitter(0.1))


def weights(out, run):
    tensors = read_tensors(folder_of(out, run) / "last.safetensors", prefix="network.")[0]
    assert len(tensors) > 20
    return tensors


def test_a_run_is_done_once_and_scored(tmp_path):
    run = Experiment(HEATMAP, CLEAN, 0)
    assert run_experiment(run, SETTING, HANDS, tmp_path) == Outcome(finished=True)
    scores = tmp_path / "runs/heatmap/clean/0/scores.json"
    told = json.loads(scores.read_text())
    assert set(told) == {TEST} and set(told[TEST]) == {"own", "dark"}
    assert told[TEST]["own"]["total"]["hands"] == 4 and len(told[TEST]["own"]["by_stage"]) == 2
    assert told[TEST]["own"]["total"]["nme"] != told[TEST]["dark"]["total"]["nme"]
    before = scores.stat().st_mtime_ns
    assert run_experiment(run, SETTING, HANDS, tmp_path).finished
    assert scores.stat().st_mtime_ns == before
    results = gather([run, Experiment(MLE, CLEAN, 0)], SETTING, HANDS, tmp_path)
    assert results.values(HEATMAP, NME) == {0: told[TEST]["own"]["total"]["nme"]}
    assert [r.name for r in results.missing] == ["mle/clean/0"]


def test_an_interrupted_run_goes_on_and_ends_where_an_uninterrupted_one_does(tmp_path, monkeypatch):
    run = Experiment(MLE_WARM, SPOILT, 1)
    run_experiment(run, SETTING, HANDS, tmp_path / "whole")
    step = Run.train_step

    def stop_after_one(self, batch, asked=False):
        step(self, batch, asked)
        if self.step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Run, "train_step", stop_after_one)
        run_experiment(run, SETTING, HANDS, tmp_path / "cut")
    assert read_info(folder_of(tmp_path / "cut", run) / "last.safetensors").training["step"] == 1
    assert outcome_of(folder_of(tmp_path / "cut", run), HANDS) == Outcome(finished=False)
    assert steps_done(folder_of(tmp_path / "cut", run)) in (1, 2)
    assert run_experiment(run, SETTING, HANDS, tmp_path / "cut").finished
    whole, cut = weights(tmp_path / "whole", run), weights(tmp_path / "cut", run)
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_wrong_labels_and_seeds_make_other_runs(tmp_path):
    runs = [Experiment(MLE, CLEAN, 0), Experiment(MLE, SPOILT, 0), Experiment(MLE, CLEAN, 1)]
    for run in runs:
        run_experiment(run, SETTING, HANDS, tmp_path)
    first, spoilt, other = (weights(tmp_path, run) for run in runs)
    for changed in (spoilt, other):
        assert any(not torch.equal(first[name], changed[name]) for name in first)
    told = json.loads((folder_of(tmp_path, runs[1]) / "experiment.json").read_text())
    assert told["fault"] == "Jitter(deviation=0.1)"


def test_processes_give_the_same_as_this_one(tmp_path):
    runs = [Experiment(MLE, CLEAN, seed) for seed in range(2)]
    assert run_all(runs, SETTING, HANDS, tmp_path / "several", jobs=2)
    run_experiment(runs[1], SETTING, HANDS, tmp_path / "one")
    here, there = weights(tmp_path / "one", runs[1]), weights(tmp_path / "several", runs[1])
    assert all(torch.equal(here[name], there[name]) for name in here)
    assert run_all(runs, SETTING, HANDS, tmp_path / "several", jobs=2)


def test_another_setting_does_not_reuse_a_folder(tmp_path):
    run = Experiment(MLE, CLEAN, 0)
    run_experiment(run, SETTING, HANDS, tmp_path)
    for change in ({"width": 16}, {"train": replace(SETTING.train, steps=4)}):
        with pytest.raises(ValueError, match=r"was begun with another (train|width); give the same"):
            run_experiment(run, replace(SETTING, **change), HANDS, tmp_path)
    assert run_experiment(run, replace(SETTING, seeds=5, jitter=(0.3,)), HANDS, tmp_path).finished


def test_a_loss_that_is_not_finite_is_told_and_not_tried_again(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise NonFiniteLossError("step 2: the loss is not finite")

    run = Experiment(MLE, CLEAN, 0)
    with monkeypatch.context() as patch:
        patch.setattr("likelihand.study.runner.train", fail)
        told = run_experiment(run, SETTING, HANDS, tmp_path)
    assert told == Outcome(False, "step 2: the loss is not finite") == outcome_of(folder_of(tmp_path, run), HANDS)
    assert (folder_of(tmp_path, run) / FAILED).exists()
    assert run_experiment(run, SETTING, HANDS, tmp_path) == told
    results = gather([run], SETTING, HANDS, tmp_path)
    assert list(results.failures.values()) == ["step 2: the loss is not finite"] and not results.missing


def test_refuses_no_process(tmp_path):
    with pytest.raises(ValueError, match="jobs is 0: expected at least 1"):
        run_all([], SETTING, HANDS, tmp_path, jobs=0)
