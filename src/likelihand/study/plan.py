"""Which runs a figure needs, in which order they are done, and what they cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from likelihand.data.noise import BiasedAnnotator, Fault, Jitter, Outliers, SwappedFingers
from likelihand.study.methods import LOSSES, METHODS, MLE, MLE_WARM, REMEDIES, ROBUST, Method, separate
from likelihand.study.setting import Setting
from likelihand.utils.tables import aligned


class Figure(StrEnum):
    """What is to be answered; the order is that of the report."""

    STAGES = "stages"
    LOSSES = "losses"
    METHODS = "methods"
    NOISE = "noise"
    REMEDIES = "remedies"


PAPER: Final = (Figure.STAGES, Figure.LOSSES, Figure.METHODS, Figure.NOISE)
"""What the paper claims; remedies are for whoever wants to do better."""


@dataclass(frozen=True)
class Amount:
    """One kind of wrong labels in one amount.

    Attributes:
        kind: groups amounts in figures.
        value: of the amount, a share.
        fault: what goes wrong; None for clean labels.
    """

    kind: str
    value: float
    fault: Fault | None

    @property
    def name(self) -> str:
        """Folder and CSV name, as "jitter-5"."""
        return self.kind.replace(" ", "-") + (f"-{100 * self.value:g}" if self.fault else "")

    @property
    def label(self) -> str:
        """Name in figures and tables, as "jitter 5 %"."""
        return f"{self.kind} {100 * self.value:g} %" if self.fault else self.kind


CLEAN: Final = Amount("clean", 0.0, None)
KINDS: Final = {
    "jitter": "every keypoint moved by a Gaussian; standard deviation in % of the box",
    "outliers": "% of keypoints anywhere in the crop",
    "swapped fingers": "% of hands with two fingers exchanged",
    "biased annotator": "% of hands moved down by 10 % of the box",
}
"""Kinds of wrong labels in the report's order, and what their amounts mean."""


@dataclass(frozen=True)
class Experiment:
    """One training run.

    Attributes:
        method: network and loss.
        amount: of wrong labels in the training split.
        seed: of first weights, order, augmentation and faults.
    """

    method: Method
    amount: Amount
    seed: int

    @property
    def name(self) -> str:
        """Folder under the study's `runs`.

        Example:
            >>> Experiment(MLE, CLEAN, 2).name
            'mle/clean/2'
        """
        return f"{self.method.name}/{self.amount.name}/{self.seed}"


def amounts(setting: Setting) -> list[Amount]:
    """Return all wrong labels of the noise figure.

    Example:
        >>> [a.name for a in amounts(Setting(jitter=(0.05,), outliers=(), swaps=(0.3,)))]
        ['jitter-5', 'swapped-fingers-30', 'biased-annotator-30']
    """
    made: list[Amount] = [Amount("jitter", v, Jitter(v)) for v in setting.jitter]
    made += [Amount("outliers", v, Outliers(v)) for v in setting.outliers]
    made += [Amount("swapped fingers", v, SwappedFingers(v)) for v in setting.swaps]
    return made + [Amount("biased annotator", v, BiasedAnnotator(v)) for v in setting.bias]


def largest(setting: Setting) -> list[Amount]:
    """Return the largest amount of each kind of wrong labels.

    Example:
        >>> [a.name for a in largest(Setting(swaps=()))]
        ['jitter-10', 'outliers-40', 'biased-annotator-30']
    """
    every = amounts(setting)
    return [a for a in every if a.value == max(b.value for b in every if b.kind == a.kind)]


def seeds_of(amount: Amount, setting: Setting) -> int:
    """Count the runs of an amount: the setting's seeds for the largest of its kind, fewer for the lesser ones.

    Example:
        >>> setting = Setting(jitter=(0.02, 0.05, 0.1), swaps=(0.1, 0.3), seeds=3, lesser_seeds=1)
        >>> [seeds_of(amount, setting) for amount in amounts(setting)]
        [1, 1, 3, 1, 1, 3, 1, 3, 3]
    """
    return setting.seeds if amount in largest(setting) else min(setting.seeds, setting.lesser_seeds)


def experiments(figure: Figure, setting: Setting) -> list[Experiment]:
    """List the runs of one figure, the first seed of all before the second of any.

    Raises:
        ValueError: the figure needs wrong labels, and the setting has none.
    """
    methods: Sequence[Method] = {
        Figure.STAGES: (MLE, MLE_WARM, *map(separate, setting.separate)),
        Figure.LOSSES: LOSSES,
        Figure.METHODS: METHODS,
        Figure.NOISE: ROBUST,
        Figure.REMEDIES: REMEDIES,
    }[figure]
    spoilt = {Figure.NOISE: amounts(setting), Figure.REMEDIES: largest(setting)}.get(figure, [])
    if figure in (Figure.NOISE, Figure.REMEDIES) and not spoilt:
        raise ValueError(f"figure {figure} needs wrong labels: give the setting jitter, outliers, swaps or bias")
    return [
        Experiment(method, amount, seed)
        for seed in range(setting.seeds)
        for amount in (CLEAN, *spoilt)
        for method in methods
        if amount is CLEAN or seed < seeds_of(amount, setting)
    ]


def schedule(figures: Iterable[Figure], setting: Setting) -> list[Experiment]:
    """List the runs of several figures, each once, the first seed of all before the second of any.

    Example:
        >>> runs = schedule(PAPER, Setting(seeds=2))
        >>> runs[0].name, runs[-1].name, len(runs) == len(set(runs))
        ('mle/clean/0', 'heatmap/biased-annotator-30/1', True)
    """
    every = dict.fromkeys(
        e for figure in sorted(figures, key=list(Figure).index) for e in experiments(figure, setting)
    )
    return sorted(every, key=lambda e: e.seed)


def plan_table(figures: Iterable[Figure], setting: Setting, seconds_per_step: dict[str, float], jobs: int) -> str:
    """Lay out what is to be run and how long it takes.

    Args:
        figures: to be made.
        setting: of the study.
        seconds_per_step: by the name of a method.
        jobs: runs at a time.

    Returns:
        A table: method, runs by kind of labels, seconds a run, minutes in all; then the sum.
    """
    runs = schedule(figures, setting)
    rows = [("method", "clean", "spoilt", "s a run", "minutes")]
    total = 0.0
    for method in dict.fromkeys(e.method for e in runs):
        mine = [e for e in runs if e.method == method]
        clean = sum(e.amount is CLEAN for e in mine)
        seconds = setting.steps * seconds_per_step[method.name]
        total += seconds * len(mine)
        cells = (f"{seconds:.0f}", f"{seconds * len(mine) / 60:.1f}")
        rows.append((method.label, str(clean), str(len(mine) - clean), *cells))
    about = (
        f"{len(runs)} runs of {setting.steps} steps of {setting.train.batch_size} crops of {setting.train.size} px"
    )
    minutes = f"{total / 60:.0f} minutes of one core, {total / 60 / jobs:.0f} with {jobs} at a time"
    return f"{aligned(rows)}\n{about}: {minutes}"
