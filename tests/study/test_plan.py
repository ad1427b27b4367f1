import pickle
from collections import Counter

import pytest

from likelihand.data.noise import BiasedAnnotator, Jitter, Outliers, SwappedFingers
from likelihand.study.methods import HEATMAP, INTEGRAL_POSE, LOSSES, METHODS, MLE, REMEDIES, ROBUST, separate
from likelihand.study.plan import CLEAN, PAPER, Experiment, Figure, amounts, experiments, plan_table, schedule
from likelihand.study.setting import Setting
from likelihand.training import TrainConfig


def test_every_figure_has_its_methods_with_all_seeds_on_clean_labels():
    setting = Setting(seeds=4)
    for figure, methods in (
        (Figure.STAGES, {MLE.name, separate(1).name, separate(3).name}),
        (Figure.LOSSES, {m.name for m in LOSSES}),
        (Figure.METHODS, {m.name for m in METHODS}),
        (Figure.NOISE, {m.name for m in ROBUST}),
        (Figure.REMEDIES, {m.name for m in REMEDIES}),
    ):
        clean = Counter(e.method.name for e in experiments(figure, setting) if e.amount == CLEAN)
        assert methods <= set(clean) and set(clean.values()) == {4}


def test_wrong_labels_come_in_the_amounts_that_were_asked_for():
    kinds = {a.name: a.fault for a in amounts(Setting())}
    assert kinds["jitter-2"] == Jitter(0.02) and kinds["outliers-40"] == Outliers(0.4)
    assert kinds["swapped-fingers-10"] == SwappedFingers(0.1)
    assert kinds["biased-annotator-30"] == BiasedAnnotator(0.3)
    assert len(kinds) == 9
    runs = Counter(e.amount.name for e in experiments(Figure.NOISE, Setting(seeds=3, lesser_seeds=2)))
    assert runs["jitter-10"] == runs["outliers-40"] == runs["clean"] == 3 * len(ROBUST)
    assert runs["jitter-5"] == runs["outliers-10"] == runs["swapped-fingers-10"] == 2 * len(ROBUST)


def test_remedies_are_tried_on_the_largest_amounts():
    runs = experiments(Figure.REMEDIES, Setting(seeds=2))
    names = {"clean", "jitter-10", "outliers-40", "swapped-fingers-30", "biased-annotator-30"}
    assert {run.amount.name for run in runs} == names and len(runs) == 2 * 5 * len(REMEDIES)


def test_a_schedule_does_each_run_once_and_seeds_one_after_the_other():
    runs = schedule(PAPER, Setting())
    assert len({run.name for run in runs}) == len(runs) == 127
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)
    assert runs == schedule(reversed(PAPER), Setting())


def test_runs_travel_to_other_processes():
    for run in schedule(Figure, Setting(seeds=1)):
        again = pickle.loads(pickle.dumps(run))
        assert again == run and again.method.network is not None
    assert Experiment(MLE, CLEAN, 0) != Experiment(HEATMAP, CLEAN, 0)


def test_the_plan_adds_up():
    setting = Setting(seeds=2, train=TrainConfig(steps=300, size=64))
    seconds = {e.method.name: 0.5 for e in schedule([Figure.METHODS], setting)} | {INTEGRAL_POSE.name: 1.5}
    table = plan_table([Figure.METHODS], setting, seconds, jobs=2)
    lines = {line.split("  ")[0]: line.split() for line in table.splitlines()}
    assert lines["MLE"][1:] == ["2", "0", "150", "5.0"]
    assert lines["Integral Pose"][2:] == ["2", "0", "450", "15.0"]
    assert table.endswith("14 runs of 300 steps of 32 crops of 64 px: 45 minutes of one core, 22 with 2 at a time")


@pytest.mark.parametrize("figure", [Figure.NOISE, Figure.REMEDIES])
def test_wrong_labels_must_be_asked_for(figure):
    with pytest.raises(ValueError, match=f"figure {figure.value} needs wrong labels: give the setting jitter"):
        experiments(figure, Setting(jitter=(), outliers=(), swaps=(), bias=()))
