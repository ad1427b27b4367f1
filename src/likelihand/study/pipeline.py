"""The whole study: from data and settings to a report."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from likelihand.study.cost import COSTS, SPEED, costs, networks_of, seconds_per_step
from likelihand.study.hands import Hands
from likelihand.study.plan import Figure, plan_table, schedule
from likelihand.study.report import write_report
from likelihand.study.results import gather
from likelihand.study.runner import run_all
from likelihand.study.setting import Setting


@dataclass(frozen=True)
class StudyResult:
    """What a study left.

    Attributes:
        report: its file; None where no run is finished yet.
        finished: False where it was asked to stop before its end.
        failures: runs whose loss was not finite.
    """

    report: Path | None
    finished: bool
    failures: int


def plan(figures: Iterable[Figure], setting: Setting, out: str | Path, jobs: int = 1) -> str:
    """Return a table of what a study would run and how long that takes here, after a few steps of each network.

    Args:
        figures: to be made.
        setting: of the study.
        out: folder of the study, where the times are kept.
        jobs: runs at a time.

    Returns:
        A table; the times leave out reading the pictures, and rendering them.
    """
    chosen = list(figures)
    methods = [run.method for run in schedule(chosen, setting)]
    return plan_table(chosen, setting, seconds_per_step(methods, setting, Path(out) / SPEED), jobs)


def study(
    figures: Iterable[Figure],
    setting: Setting,
    hands: Hands,
    out: str | Path,
    *,
    jobs: int = 1,
    command: str = "",
) -> StudyResult:
    """Train what the figures need, score it and write the report; what is done already is not done again.

    Each run has a folder of its own in `out`/runs, as `likelihand.training.train` leaves it, with its scores. The
    first interrupt lets the running ones write their checkpoints; the same call goes on from there.

    Args:
        figures: to be made.
        setting: of the study.
        hands: the data.
        out: folder of the study.
        jobs: runs at a time, each in a process of one thread; the results do not depend on it.
        command: that was typed, for the report.

    Raises:
        ValueError: a run in the folder was begun with other settings, or a sample cannot be read.
        ImportError: Matplotlib, which draws the figures, is not installed.
    """
    import matplotlib  # noqa: F401  (missing, it should be told before hours of training)

    folder, chosen = Path(out), list(figures)
    runs = schedule(chosen, setting)
    seconds = seconds_per_step([run.method for run in runs], setting, folder / SPEED)
    ended = run_all(runs, setting, hands, folder, jobs=jobs, seconds_per_step=seconds)
    results = gather(runs, setting, hands, folder)
    if not results.scores:
        return StudyResult(None, ended, len(results.failures))
    wanted = networks_of(setting, stages=Figure.STAGES in chosen, rivals=Figure.METHODS in chosen)
    known = costs(wanted, setting.size, folder / COSTS, measure=ended)
    report = write_report(folder, results, hands, chosen, known, command)
    return StudyResult(report, ended, len(results.failures))
