"""Results as finished runs would leave them, made of the wished numbers alone."""

import numpy as np

from likelihand.apps.study.hands import TEST
from likelihand.apps.study.methods import Method
from likelihand.apps.study.plan import CLEAN, Experiment, Labels
from likelihand.apps.study.results import Results
from likelihand.evaluation.metrics import PAPER

HANDS = 40


def scores(error: float, rng: np.random.Generator, stages: int = 2) -> dict:
    errors = error * rng.uniform(0.9, 1.1, HANDS)
    curve = [1 - float(np.exp(-((t / error) ** 2))) for t in PAPER.auc_thresholds]
    return {
        "nme": errors.tolist(), "pck": np.clip(1.2 - errors, 0, 1).tolist(), "curve": curve,
        "by_stage": [error * (1.3 - 0.3 * t / stages) for t in range(1, stages + 1)],
        "by_keypoint": [error * (0.8 + 0.02 * k) for k in range(21)], "auc": float(np.mean(curve)),
    }  # fmt: skip


def looks(error: float, fitted: float, wrong: bool) -> list[dict]:
    rows = [{"epoch": 0, "helper": 4.0, "helper_weight": 3.0}]
    for epoch in (10, 20):
        row = {"epoch": epoch, "nme": error * (1 + 1 / epoch), "pck": 0.5, "train_label": error, "wrong": 0.4}
        more = {"fitted": fitted * epoch / 20, "kept": 0.5, "found": 0.9 - fitted} if wrong else {}
        rows.append(row | more | {"helper": 4.0 - epoch / 5, "helper_weight": 1.0})
    return rows


def run(error: float, seed: int, fitted: float = 0.1, wrong: bool = False, tests: tuple = (TEST,)) -> dict:
    rng = np.random.default_rng(seed)
    return {
        "identity": {"train": {"learning_rate": 0.002}}, "looks": looks(error, fitted, wrong),
        "tests": {test: scores(error, rng) for test in tests},
    }  # fmt: skip


def made(
    table: dict[tuple[Method, Labels], list[float]],
    fitted: dict[Method, float] | None = None,
    tests: tuple = (TEST,),
) -> Results:
    """Make results of a table (method, labels) -> the error of each seed."""
    runs = {
        Experiment(method, labels, seed): run(
            error, seed, (fitted or {}).get(method, 0.1), labels is not CLEAN, tests
        )
        for (method, labels), errors in table.items()
        for seed, error in enumerate(errors)
    }
    pose = {test: scores(0.26, np.random.default_rng(99)) for test in tests}
    return Results(runs, mean_pose=pose)
