"""The runs of a grid, their order and their cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from likelihand.apps.study.methods import (
    CONDITIONAL,
    DECISIVE,
    IDEAS,
    L1,
    LAPLACE,
    MLE,
    RATED,
    REFINEMENTS,
    RIVALS,
    STAGES,
    Method,
)
from likelihand.apps.study.setting import Setting
from likelihand.data.noise import (
    BiasedAnnotator,
    Fault,
    Jitter,
    OtherConvention,
    Outliers,
    SwappedFingers,
    TwoSources,
)
from likelihand.utils.tables import aligned


class Grid(StrEnum):
    """A set of runs that answers one question."""

    QUICK = "quick"
    RATES = "rates"
    CORE = "core"
    RIVALS = "rivals"
    STAGES = "stages"
    NOISE = "noise"
    IDEAS = "ideas"
    SOURCES = "sources"
    REFINING = "refining"


@dataclass(frozen=True)
class Labels:
    """Training labels, right or wrong in one way.

    Attributes:
        name: in files.
        label: in tables and figures.
        fault: what goes wrong; None for right labels.
    """

    name: str
    label: str
    fault: Fault | None


CLEAN: Final = Labels("clean", "right labels", None)
OUTLIERS: Final = Labels("outliers-40", "40 % outliers", Outliers(0.4))
SWAPPED: Final = Labels("swapped-fingers-30", "30 % swapped fingers", SwappedFingers(0.3))
JITTER: Final = Labels("jitter-10", "10 % jitter", Jitter(0.1))
BIASED: Final = Labels("biased-annotator-30", "a biased annotator, 30 %", BiasedAnnotator(0.3))
MIXED: Final = Labels(
    "two-sources",
    "two sources",
    TwoSources(first=(Jitter(0.02),), second=(OtherConvention(), Jitter(0.05))),
)
EVERY_LABELS: Final = (CLEAN, OUTLIERS, SWAPPED, JITTER, BIASED, MIXED)


@dataclass(frozen=True)
class Experiment:
    """One training run.

    Attributes:
        method: network and loss.
        labels: of the training hands.
        seed: of first weights, order, augmentation and faults.
        rate: learning rate that is tried out on the validation hands; None for the chosen one, and the test hands.
    """

    method: Method
    labels: Labels
    seed: int
    rate: float | None = None

    @property
    def name(self) -> str:
        """Name in files.

        Example:
            >>> Experiment(MLE, CLEAN, 2).name, Experiment(MLE, CLEAN, 9, 2e-3).name
            ('mle/clean/2', 'mle/clean/9-rate-0.002')
        """
        return f"{self.method.name}/{self.labels.name}/{self.seed}" + (f"-rate-{self.rate:g}" if self.rate else "")


RATE_SEED: Final = 1000
"""Learning rates are chosen on a seed that is not among those reported."""


def experiments(grid: Grid, setting: Setting) -> list[Experiment]:
    """List the runs of one grid, the most decisive first.

    Example:
        >>> runs = experiments(Grid.CORE, Setting())
        >>> len(runs), runs[0].name, runs[6].name, runs[-1].name
        (27, 'integral/clean/0', 'integral/clean/1', 'mle-laplace/swapped-fingers-30/2')
    """
    if grid is Grid.RATES:
        tried = [(m, rate) for m in RATED for rate in setting.rate_grid]
        return [Experiment(method, CLEAN, RATE_SEED, rate) for method, rate in tried]
    if grid is Grid.QUICK:
        return _crossed(DECISIVE, (CLEAN, OUTLIERS), setting)
    if grid is Grid.CORE:
        return _crossed(DECISIVE, (CLEAN, OUTLIERS), setting) + _crossed(DECISIVE, (SWAPPED,), setting)
    if grid is Grid.RIVALS:
        return _crossed((L1, MLE, *RIVALS), (CLEAN, OUTLIERS), setting)
    if grid is Grid.STAGES:
        return _crossed(STAGES, (CLEAN,), setting)
    if grid is Grid.NOISE:
        return _crossed(DECISIVE, (CLEAN, JITTER, BIASED), setting)
    if grid is Grid.SOURCES:
        return _crossed((L1, LAPLACE, CONDITIONAL), (MIXED,), setting)
    if grid is Grid.REFINING:
        return _crossed((LAPLACE, *REFINEMENTS), (CLEAN,), setting)
    return _crossed((LAPLACE, L1, *IDEAS), (CLEAN, OUTLIERS), setting)


def _crossed(methods: Sequence[Method], labels: Sequence[Labels], setting: Setting) -> list[Experiment]:
    seeds = range(setting.seeds)
    return [Experiment(method, each, seed) for seed in seeds for each in labels for method in methods]


def schedule(grids: Iterable[Grid], setting: Setting, only: Sequence[str] = ("*",)) -> list[Experiment]:
    """List the runs of several grids, each once, in the order of the grids.

    Args:
        grids: to take runs from.
        setting: of the study.
        only: patterns, as of file names, one of which a run's name has to match.

    Raises:
        ValueError: a pattern matches no run.

    Example:
        >>> runs = schedule([Grid.CORE, Grid.NOISE], Setting(seeds=1))
        >>> len(runs), len({run.name for run in runs})
        (15, 15)
        >>> [run.name for run in schedule([Grid.CORE], Setting(), only=["*/swapped*/1"])]
        ['integral/swapped-fingers-30/1', 'mle/swapped-fingers-30/1', 'mle-laplace/swapped-fingers-30/1']
    """
    runs = dict.fromkeys(run for grid in grids for run in experiments(grid, setting))
    for pattern in only:
        if not any(fnmatchcase(run.name, pattern) for run in runs):
            raise ValueError(
                f"no run matches {pattern!r}; the first is {next(iter(runs)).name!r}, give method/labels/seed"
            )
    return [run for run in runs if any(fnmatchcase(run.name, pattern) for pattern in only)]


def plan_table(
    runs: Sequence[Experiment], steps: int, crop_seconds: dict[str, float], batch: int, jobs: int
) -> str:
    """Format the runs that are left and their duration as a table.

    Columns: method, crops per second of one core, runs on right and on wrong labels, minutes per run, total;
    below, the sum.
    """
    rows = [("method", "crops/s", "right", "wrong", "min per run", "min")]
    total = 0.0
    for method in dict.fromkeys(run.method for run in runs):
        mine = [run for run in runs if run.method == method]
        right = sum(run.labels is CLEAN for run in mine)
        minutes = steps * batch * crop_seconds[method.name] / 60
        total += minutes * len(mine)
        speed = f"{1 / crop_seconds[method.name]:.0f}"
        cells = (speed, str(right), str(len(mine) - right), f"{minutes:.1f}", f"{minutes * len(mine):.0f}")
        rows.append((method.label, *cells))
    about = f"{len(runs)} runs of {steps} steps of {batch} crops"
    return f"{aligned(rows)}\n{about}: {total:.0f} minutes of one core, {total / jobs:.0f} with {jobs} at a time"
