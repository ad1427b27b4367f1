import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from likelihand.apps.study.hands import TEST, Hands
from likelihand.apps.study.methods import CONDITIONAL, L1, MLE
from likelihand.apps.study.pipeline import gather
from likelihand.apps.study.plan import CLEAN, MIXED, RATE_SEED, Experiment, Labels
from likelihand.apps.study.results import result_file
from likelihand.apps.study.runner import epochs_done, folder_of, run_all, run_experiment
from likelihand.apps.study.setting import GEOMETRY, Setting
from likelihand.data.drawn import DrawnHands
from likelihand.data.noise import Outliers
from likelihand.models.checkpoint import read_info, read_tensors
from likelihand.training import NonFiniteLossError, TrainConfig
from likelihand.training.run import Run

SETTING = Setting(
    backbone="test_resnet", weights=None, frozen=0, width=8, seeds=1, looks=(1, 2), seen=5,
    train=TrainConfig(
        epochs=3, size=64, batch_size=4, workers=0, milestones=(2,), log_every=1, checkpoint_every=1,
        tensorboard=False, progress=False, device="cpu", augmentation=GEOMETRY,
    ),
)  # fmt: skip
HANDS = Hands(
    DrawnHands(12, size=64), DrawnHands(3, seed=2, size=64), DrawnHands(4, seed=1, size=64), name="drawn"
)
SPOILT = Labels("outliers-40", "40 % outliers", Outliers(0.4))


def do(run, out, setting=SETTING):
    return run_experiment(run, setting, HANDS, out, out / "results")


def told_of(run, out):
    return json.loads(result_file(out / "results", run).read_text())


def weights(out, run):
    tensors = read_tensors(folder_of(out, run) / "last.safetensors", prefix="network.")[0]
    assert len(tensors) > 20
    return tensors


def test_a_run_is_done_once_looked_at_and_scored(tmp_path):
    run = Experiment(L1, SPOILT, 0)
    assert do(run, tmp_path)
    told = told_of(run, tmp_path)
    assert [look["epoch"] for look in told["looks"]] == [0, 1, 2, 3] and set(told["tests"]) == {TEST}
    assert len(told["tests"][TEST]["nme"]) == 4 and len(told["tests"][TEST]["by_stage"]) == 2
    assert told["looks"][-1]["nme"] == pytest.approx(np.mean(told["tests"][TEST]["nme"]))
    assert 0.2 < told["looks"][-1]["wrong"] < 0.6 and 0 <= told["looks"][-1]["fitted"] <= 1
    helper = [look["helper"] for look in told["looks"]]
    assert helper[0] == 4.0 and helper == sorted(helper, reverse=True) and helper[-1] == 0
    assert "mean" not in told and epochs_done(folder_of(tmp_path, run)) == 3
    before = result_file(tmp_path / "results", run).stat().st_mtime_ns
    assert do(run, tmp_path)
    assert result_file(tmp_path / "results", run).stat().st_mtime_ns == before
    known = gather([run, Experiment(MLE, CLEAN, 0)], SETTING, HANDS, tmp_path / "results")
    assert [r.name for r in known.missing] == ["mle/clean/0"]
    assert known.by_hand(L1, "nme", SPOILT)[0].tolist() == told["tests"][TEST]["nme"]


def test_a_loss_is_told_which_source_a_label_is_of(tmp_path):
    run = Experiment(CONDITIONAL, MIXED, 0)
    assert do(run, tmp_path)
    tensors = read_tensors(folder_of(tmp_path, run) / "last.safetensors", prefix="loss.")[0]
    offset = next(value for name, value in tensors.items() if name.endswith("offset"))
    assert offset.shape == (1, 21, 2) and offset.any(dim=2).all(), "learnt, of every keypoint"
    assert told_of(run, tmp_path)["looks"][0]["helper"] == 4.0


def test_results_alone_are_enough_to_go_on(tmp_path):
    run = Experiment(L1, CLEAN, 0)
    do(run, tmp_path)
    assert run_experiment(run, SETTING, HANDS, tmp_path / "elsewhere", tmp_path / "results")
    assert not (tmp_path / "elsewhere").exists()


def test_looks_do_not_change_a_run(tmp_path):
    run = Experiment(MLE, SPOILT, 0)
    do(run, tmp_path / "often")
    do(run, tmp_path / "once", replace(SETTING, looks=()))
    often, once = weights(tmp_path / "often", run), weights(tmp_path / "once", run)
    assert all(torch.equal(often[name], once[name]) for name in often)


def test_an_interrupted_run_goes_on_and_ends_where_an_uninterrupted_one_does(tmp_path, monkeypatch):
    run = Experiment(MLE, SPOILT, 1)
    do(run, tmp_path / "whole")
    step = Run.train_step

    def stop_at_five(self, batch, *args, **options):
        step(self, batch, *args, **options)
        if self.step == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Run, "train_step", stop_at_five)
        do(run, tmp_path / "cut")
    assert read_info(folder_of(tmp_path / "cut", run) / "last.safetensors").training["step"] == 4
    assert epochs_done(folder_of(tmp_path / "cut", run)) == 1 and not (tmp_path / "cut" / "results").exists()
    assert do(run, tmp_path / "cut")
    whole, cut = weights(tmp_path / "whole", run), weights(tmp_path / "cut", run)
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    assert told_of(run, tmp_path / "whole") == told_of(run, tmp_path / "cut")


def test_methods_of_one_seed_see_the_same_crops(tmp_path, monkeypatch):
    seen = {}
    step = Run.train_step

    def note(self, batch, *args, **options):
        seen.setdefault(type(self.trainee.loss.loss).__name__, []).append(batch.crops.clone())
        step(self, batch, *args, **options)

    monkeypatch.setattr(Run, "train_step", note)
    for method in (L1, MLE):
        do(Experiment(method, SPOILT, 0), tmp_path)
    first, second = seen.values()
    assert len(first) == 9 and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_wrong_labels_and_seeds_make_other_runs(tmp_path):
    runs = [Experiment(MLE, CLEAN, 0), Experiment(MLE, SPOILT, 0), Experiment(MLE, CLEAN, 1)]
    for run in runs:
        do(run, tmp_path)
    first, spoilt, other = (weights(tmp_path, run) for run in runs)
    for changed in (spoilt, other):
        assert any(not torch.equal(first[name], changed[name]) for name in first)
    assert told_of(runs[1], tmp_path)["identity"]["fault"] == "Outliers(share=0.4)"


def test_a_learning_rate_is_tried_on_the_validation_hands(tmp_path):
    run = Experiment(MLE, CLEAN, RATE_SEED, 3e-3)
    do(run, tmp_path)
    told = told_of(run, tmp_path)
    assert set(told["tests"]) == {"validation"} and len(told["tests"]["validation"]["nme"]) == 3
    assert told["identity"]["train"]["learning_rate"] == 3e-3


def test_processes_give_the_same_as_this_one(tmp_path):
    runs = [Experiment(MLE, CLEAN, seed) for seed in range(2)]
    several = tmp_path / "several"
    assert run_all(runs, SETTING, HANDS, several, several / "results", jobs=2)
    do(runs[1], tmp_path / "one")
    assert told_of(runs[1], tmp_path / "one") == told_of(runs[1], several)
    assert run_all(runs, SETTING, HANDS, several, several / "results", jobs=2)


def test_another_setting_does_not_reuse_a_result(tmp_path):
    run = Experiment(MLE, CLEAN, 0)
    do(run, tmp_path)
    for change in ({"width": 16}, {"rates": {"mle": 0.1}}, {"helper_ratio": 1.0}):
        with pytest.raises(ValueError, match=r"was made with (train|width|helper_ratio) .*; give the same"):
            do(run, tmp_path, replace(SETTING, **change))
    assert do(run, tmp_path, replace(SETTING, seeds=5, rates={"integral": 0.3}))


def test_a_loss_that_is_not_finite_is_told_and_not_tried_again(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise NonFiniteLossError("step 2: the loss is not finite")

    run = Experiment(MLE, CLEAN, 0)
    with monkeypatch.context() as patch:
        patch.setattr("likelihand.apps.study.runner.train", fail)
        assert do(run, tmp_path)
    assert do(run, tmp_path) and told_of(run, tmp_path)["failure"] == "step 2: the loss is not finite"
    known = gather([run], SETTING, HANDS, tmp_path / "results")
    assert list(known.failures.values()) == ["step 2: the loss is not finite"] and not known.missing


def test_refuses_no_process(tmp_path):
    with pytest.raises(ValueError, match="jobs is 0: expected at least 1"):
        run_all([], SETTING, HANDS, tmp_path, tmp_path, jobs=0)
