"""The whole study: from data and settings to a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likelihand.apps.study.cost import crop_seconds
from likelihand.apps.study.hands import Hands
from likelihand.apps.study.plan import Experiment, plan_table
from likelihand.apps.study.report import write_report
from likelihand.apps.study.results import Results, read_result
from likelihand.apps.study.runner import identity, run_all
from likelihand.apps.study.scoring import mean_pose, scores
from likelihand.apps.study.setting import Setting


@dataclass(frozen=True)
class StudyResult:
    """The result of a study.

    Attributes:
        report: its file; None where no run is finished yet.
        finished: False where it was asked to stop before its end.
        failures: runs whose loss was not finite.
    """

    report: Path | None
    finished: bool
    failures: int


def plan(runs: Sequence[Experiment], setting: Setting, pictures: int, jobs: int = 1) -> str:
    """Return a table of what runs cost on this machine, after a few steps of each network.

    Args:
        runs: that would be done.
        setting: of the study.
        pictures: training pictures of a run.
        jobs: runs at a time.
    """
    seconds = crop_seconds((run.method for run in runs), setting)
    return plan_table(runs, setting.steps(pictures), seconds, setting.train.batch_size, jobs)


def gather(runs: Sequence[Experiment], setting: Setting, hands: Hands, results: Path) -> Results:
    """Read the results of all runs that are done, and score the mean pose."""
    known: dict[Experiment, dict[str, Any]] = {}
    failures: dict[Experiment, str] = {}
    for run in runs:
        told = read_result(results, run, identity(run, setting, hands))
        if told is not None and "failure" in told:
            failures[run] = str(told["failure"])
        elif told is not None:
            known[run] = told
    missing = tuple(run for run in runs if run not in known and run not in failures)
    poses = {name: scores(mean_pose(hands.train, data, setting)) for name, data in hands.tests.items()}
    return Results(known, failures, missing, poses)


def study(
    runs: Sequence[Experiment],
    setting: Setting,
    hands: Hands,
    out: str | Path,
    results: str | Path | None = None,
    *,
    jobs: int = 1,
    command: str = "",
) -> StudyResult:
    """Train what the runs need, score it and write the report; finished runs are not repeated.

    Each run is trained in a folder of its own in `out`/training, and leaves one small file in `results`, from
    which the report is made: that folder alone is worth keeping. The first interrupt lets the running ones write
    their checkpoints; the same call goes on from there.

    Args:
        runs: as `likelihand.apps.study.schedule` lists them.
        setting: of the study.
        hands: the data; the setting's number of pictures is taken of them.
        out: folder of the study.
        results: folder of results; `out`/results where None.
        jobs: runs at a time, each in a process of one thread; the results do not depend on it.
        command: that was typed, for the report.

    Raises:
        ValueError: a run was begun with other settings, or a sample cannot be read.
        ImportError: Matplotlib or SciPy is not installed.
    """
    import matplotlib  # noqa: F401  (missing, it should be told before hours of training)
    import scipy  # noqa: F401

    folder, kept = Path(out), Path(results or Path(out) / "results")
    own = hands.first(setting.pictures)
    ended = run_all(runs, setting, own, folder, kept, jobs=jobs)
    known = gather(runs, setting, own, kept)
    if not known.runs:
        return StudyResult(None, ended, len(known.failures))
    report = write_report(folder, known, setting, own, command)
    return StudyResult(report, ended, len(known.failures))
