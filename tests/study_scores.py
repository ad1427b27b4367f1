"""Scores as finished runs would leave them, made of the wished errors alone."""

from functools import cache

import numpy as np

from likelihand.hand import KEYPOINTS
from likelihand.study.hands import TEST
from likelihand.study.methods import Method
from likelihand.study.plan import CLEAN, Experiment, Figure, amounts, schedule
from likelihand.study.results import Results
from likelihand.study.scoring import DARK, OWN
from likelihand.study.setting import Setting

THRESHOLDS = [i / 200 for i in range(41)]


def scores(error: float) -> dict:
    curve = [1 - float(np.exp(-((t / error) ** 2))) for t in THRESHOLDS]
    shares = {f"{t:g}": curve[THRESHOLDS.index(t)] for t in (0.05, 0.1, 0.2)}
    auc = float(np.mean(curve))
    return {"hands": 9, "nme": error, "nme_median": 0.8 * error, "pck": shares, "auc": auc, "curve": curve}


def report(error: float, stages: int) -> dict:
    by_stage = [scores(error * (1 + 0.3 / (t + 1) - 0.3 / stages)) for t in range(stages)]
    joints = {name: scores(error * (0.8 + 0.02 * k)) for k, name in enumerate(KEYPOINTS)}
    return {
        "total": by_stage[-1], "by_stage": by_stage, "by_keypoint": joints, "auc_thresholds": THRESHOLDS,
    }  # fmt: skip


@cache
def place_of(name: str) -> int:
    return list(dict.fromkeys(run.method.name for run in schedule(Figure, Setting()))).index(name)


def error_of(run: Experiment) -> float:
    """Later methods of the schedule are worse; wrong labels cost a tenth of their amount; seeds differ."""
    place = place_of(run.method.name)
    return 0.08 + 0.008 * place + 0.1 * run.amount.value * (1 + place / 8) + 0.002 * ((run.seed * 7) % 3)


def results(setting: Setting | None = None, error=error_of, tests=(TEST,), figures=tuple(Figure)) -> Results:
    setting = setting or Setting()
    runs = schedule(figures, setting)
    made = {}
    for run in runs:
        readings = {OWN: report(error(run), setting.stages)}
        if run.method.dark:
            readings[DARK] = report(0.9 * error(run), setting.stages)
        made[run] = dict.fromkeys(tests, readings)
    return Results(setting, made)


def by_method(errors: dict[Method, list[float]], setting: Setting | None = None) -> Results:
    """Results of some methods on clean labels, a run for each error."""
    setting = setting or Setting()
    runs = {Experiment(m, CLEAN, i): e for m, values in errors.items() for i, e in enumerate(values)}
    return Results(setting, {run: {TEST: {OWN: report(e, setting.stages)}} for run, e in runs.items()})


def noisy(rises: dict[Method, list[float]], setting: Setting) -> Results:
    """Results of some losses under the first kind of wrong labels: clean error 0.1, then what they add."""
    amount = amounts(setting)[0]
    made = {}
    for method, values in rises.items():
        for seed, rise in enumerate(values):
            made[Experiment(method, CLEAN, seed)] = {TEST: {OWN: report(0.1, setting.stages)}}
            made[Experiment(method, amount, seed)] = {TEST: {OWN: report(0.1 + rise, setting.stages)}}
    return Results(setting, made)
