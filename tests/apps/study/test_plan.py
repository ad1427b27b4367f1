import pickle

import pytest

from likelihand.apps.study.methods import DECISIVE, L1, LAPLACE, MLE, RATED, REFINEMENTS, RIVALS, STAGES
from likelihand.apps.study.plan import CLEAN, OUTLIERS, RATE_SEED, SWAPPED, Grid, experiments, plan_table, schedule
from likelihand.apps.study.setting import Setting


def test_the_core_grid_is_three_losses_three_kinds_of_labels_three_seeds():
    runs = experiments(Grid.CORE, Setting())
    assert len(set(runs)) == 27
    assert {(r.method, r.labels, r.seed) for r in runs} == {
        (m, labels, seed) for m in DECISIVE for labels in (CLEAN, OUTLIERS, SWAPPED) for seed in range(3)
    }


def test_what_decides_most_comes_first():
    runs = experiments(Grid.CORE, Setting())
    assert {(r.labels, r.seed) for r in runs[:6]} == {(CLEAN, 0), (OUTLIERS, 0)}
    assert [r.seed for r in runs[:18]] == sorted(r.seed for r in runs[:18])
    assert {r.labels for r in runs[18:]} == {SWAPPED}


def test_rates_are_tried_on_right_labels_and_a_seed_of_their_own():
    runs = experiments(Grid.RATES, Setting(rate_grid=(1e-3, 3e-3)))
    assert len(runs) == 2 * len(RATED) and {r.rate for r in runs} == {1e-3, 3e-3}
    assert all(r.labels is CLEAN and r.seed == RATE_SEED for r in runs)
    assert not {r.name for r in runs} & {
        r.name for g in Grid if g is not Grid.RATES for r in experiments(g, Setting())
    }


@pytest.mark.parametrize(
    ("grid", "methods"),
    [
        (Grid.RIVALS, {L1, MLE, *RIVALS}),
        (Grid.STAGES, {*STAGES}),
        (Grid.REFINING, {LAPLACE, *REFINEMENTS}),
    ],
)
def test_other_grids_have_their_methods(grid, methods):
    assert {run.method for run in experiments(grid, Setting())} == methods


def test_a_schedule_does_each_run_once():
    runs = schedule(Grid, Setting())
    assert len({run.name for run in runs}) == len(runs) == len(set(runs))


def test_a_part_of_a_schedule_is_named_by_patterns():
    only = ["heatmap/*", "*/clean/2"]
    every = schedule([Grid.RIVALS], Setting())
    chosen = schedule([Grid.RIVALS], Setting(), only)
    assert chosen == [r for r in every if r.method.name == "heatmap" or (r.labels is CLEAN and r.seed == 2)]
    with pytest.raises(ValueError, match="no run matches 'heatmaps/\\*'; the first is 'integral/clean/0'"):
        schedule([Grid.RIVALS], Setting(), ["heatmaps/*"])


def test_every_method_has_the_rate_of_a_loss_of_its_own_or_of_one_it_varies():
    rates = {method.name: float(i) for i, method in enumerate(RATED)}
    setting = Setting(rates=rates)
    runs = schedule([g for g in Grid if g is not Grid.RATES], setting)
    assert {run.method.rate(setting) for run in runs} == set(rates.values())


def test_runs_travel_to_other_processes():
    for run in schedule(Grid, Setting(seeds=1)):
        again = pickle.loads(pickle.dumps(run))
        assert again == run and again.method.network is not None


def test_the_plan_adds_up():
    runs = schedule([Grid.QUICK], Setting(seeds=2))
    seconds = {m.name: 0.01 for m in DECISIVE} | {L1.name: 0.02}
    table = plan_table(runs, 600, seconds, batch=32, jobs=2)
    lines = {line.split("  ")[0]: line.split()[-5:] for line in table.splitlines()}
    assert lines[MLE.label] == ["100", "2", "2", "3.2", "13"]
    assert lines[L1.label] == ["50", "2", "2", "6.4", "26"]
    assert table.endswith("12 runs of 600 steps of 32 crops: 51 minutes of one core, 26 with 2 at a time")
