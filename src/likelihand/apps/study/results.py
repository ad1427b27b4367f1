"""Results of finished runs: one small file per run, from which tables, figures and verdicts are made."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from likelihand.apps.study.hands import TEST
from likelihand.apps.study.methods import Method
from likelihand.apps.study.plan import CLEAN, Experiment, Labels
from likelihand.geometry import FloatArray
from likelihand.utils.files import write_atomically
from likelihand.utils.validation import as_mapping, read_json


def result_file(results: Path, experiment: Experiment) -> Path:
    """Return the file of a run's result."""
    return results / f"{experiment.name}.json"


def write_result(results: Path, experiment: Experiment, told: Mapping[str, Any]) -> None:
    """Write a run's result atomically."""
    file = result_file(results, experiment)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, (json.dumps(told) + "\n").encode())


def read_result(results: Path, experiment: Experiment, identity: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a run's result; None where it has not finished.

    `identity` is what shapes the result: the file must have been made with the same.

    Raises:
        ValueError: it was made with other settings or data.
    """
    file = result_file(results, experiment)
    if not file.exists():
        return None
    told = dict(as_mapping(read_json(file, "a result of this study"), str(file)))
    made = as_mapping(told.get("identity"), f"{file}, field identity")
    for name in sorted(made.keys() | identity.keys()):
        if made.get(name) != identity.get(name):
            raise ValueError(
                f"{file} was made with {name} {made.get(name)!r}, and now it is {identity.get(name)!r}; give the "
                "same, or other folders for --out and --results"
            )
    return told


@dataclass(frozen=True)
class Results:
    """All results so far.

    Attributes:
        runs: what each finished run left: "looks", a row for each evaluation; "tests", its scores by test set.
        failures: of each run whose loss was not finite: one line.
        missing: runs that are not done.
        mean_pose: scores of the mean pose by test set.
    """

    runs: Mapping[Experiment, Mapping[str, Any]]
    failures: Mapping[Experiment, str] = field(default_factory=dict)
    missing: tuple[Experiment, ...] = ()
    mean_pose: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, method: Method, labels: Labels = CLEAN) -> dict[int, Mapping[str, Any]]:
        """Return the finished runs of a method by seed; those that tried out a learning rate are left out."""
        found = {
            e.seed: run for e, run in self.runs.items() if (e.method, e.labels, e.rate) == (method, labels, None)
        }
        return dict(sorted(found.items()))

    def by_hand(self, method: Method, measure: str, labels: Labels = CLEAN) -> dict[int, FloatArray]:
        """Return "nme" or "pck" (H,) of every test hand by seed."""
        runs = self.of(method, labels)
        return {seed: np.array(run["tests"][TEST][measure]) for seed, run in runs.items() if TEST in run["tests"]}

    def last(self, method: Method, measure: str, labels: Labels = CLEAN) -> dict[int, float]:
        """Return a value of the last evaluation on the training hands by seed, for the runs that have it."""
        looks = {seed: run["looks"][-1] for seed, run in self.of(method, labels).items()}
        return {seed: float(look[measure]) for seed, look in looks.items() if measure in look}

    def curves(self, method: Method, measure: str, labels: Labels = CLEAN) -> tuple[FloatArray, FloatArray]:
        """Return the epochs (L,) of the evaluations, and a value (S, L) at each for S runs."""
        looks = [run["looks"] for run in self.of(method, labels).values()]
        rows = [[(look["epoch"], look[measure]) for look in each if measure in look] for each in looks]
        known = np.array([row for row in rows if row], np.float64)
        return (known[0, :, 0], known[:, :, 1]) if len(known) else (np.zeros(0), np.zeros((0, 0)))

    def methods(self, labels: Iterable[Labels] = (CLEAN,)) -> list[Method]:
        """List the methods that have a finished run on any of these labels."""
        wanted = set(labels)
        return list(dict.fromkeys(e.method for e in self.runs if e.labels in wanted and e.rate is None))
