"""The claims that a study tests, and their verdicts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from likelihand.apps.study.methods import (
    CONDITIONAL,
    CPM,
    CROSS_ENTROPY,
    HEATMAP,
    IDEAS,
    INTEGRAL_POSE,
    L1,
    L1_ALONE,
    LAPLACE,
    MLE,
    MLE_ALONE,
    REFINING,
    RLE,
    SAME_SIZE,
    SAME_TIME,
    STUDENT,
    Method,
    staged,
)
from likelihand.apps.study.plan import BIASED, CLEAN, JITTER, MIXED, OUTLIERS, SWAPPED, Labels
from likelihand.apps.study.results import Results
from likelihand.apps.study.statistics import Interval, Verdict, interval, verdict
from likelihand.geometry import FloatArray

BySeed: TypeAlias = Mapping[int, FloatArray]


@dataclass(frozen=True)
class Measure:
    """A number by which methods are compared.

    Attributes:
        label: in tables.
        of: reads it from the runs of a method: (H,) by seed, of every hand, or of one element.
        worth: the least advantage that matters.
        higher: whether more is better.
    """

    label: str
    of: Callable[[Results, Method, Labels], BySeed]
    worth: float
    higher: bool = False


def _added(results: Results, method: Method, labels: Labels) -> BySeed:
    right, wrong = results.by_hand(method, "nme"), results.by_hand(method, "nme", labels)
    return {seed: wrong[seed] - right[seed] for seed in right.keys() & wrong.keys()}


def _last(name: str) -> Callable[[Results, Method, Labels], BySeed]:
    return lambda results, method, labels: {
        seed: np.array([value]) for seed, value in results.last(method, name, labels).items()
    }


NME: Final = Measure("NME", lambda results, method, labels: results.by_hand(method, "nme", labels), 0.002)
PCK: Final = Measure(
    "PCK@0.2", lambda results, method, labels: results.by_hand(method, "pck", labels), 0.0037, higher=True
)
"""The least advantage that matters is the paper's own over integral L1, 0.37 %."""
ADDED: Final = Measure("NME added by the wrong labels", _added, 0.002)
FITTED: Final = Measure("share of wrong labels learnt by heart", _last("fitted"), 0.01)
FOUND: Final = Measure("precision of the loss as an audit", _last("found"), 0.01, higher=True)


@dataclass(frozen=True)
class Claim:
    """A testable claim: one method is better than another.

    Attributes:
        better: the one that is claimed to be better.
        worse: the other.
        labels: that both are trained with.
        measure: in which it is better.
        stated: by whom, or with which figure.
    """

    better: Method
    worse: Method
    labels: Labels
    measure: Measure
    stated: str = ""

    def __str__(self) -> str:
        return f"{self.better.label} better than {self.worse.label}, {self.labels.label}"


_WRONG: Final = (OUTLIERS, SWAPPED)
_KINDS: Final = (NME, ADDED, FITTED, FOUND)

CLAIMS: Final = (
    Claim(MLE, L1, CLEAN, NME, "the paper, fig. 5"),
    Claim(MLE, L1, CLEAN, PCK, "the paper: 0.37 % on FreiHAND"),
    Claim(LAPLACE, L1, CLEAN, NME),
    Claim(LAPLACE, L1, CLEAN, PCK),
    Claim(LAPLACE, MLE, CLEAN, NME),
    *(Claim(MLE, L1, labels, measure, "the paper: robust") for labels in _WRONG for measure in _KINDS),
    *(Claim(LAPLACE, L1, labels, measure) for labels in _WRONG for measure in _KINDS),
    *(Claim(LAPLACE, MLE, labels, NME) for labels in _WRONG),
    *(Claim(each, L1, labels, NME) for labels in (JITTER, BIASED) for each in (MLE, LAPLACE)),
    Claim(MLE, HEATMAP, CLEAN, PCK, "the paper: 2.7 % on FreiHAND"),
    Claim(L1, HEATMAP, CLEAN, PCK, "the paper, fig. 5"),
    Claim(MLE, CROSS_ENTROPY, CLEAN, NME),
    *(Claim(MLE, each, CLEAN, NME, "the paper, figs. 6, 7") for each in (RLE, INTEGRAL_POSE, CPM)),
    *(Claim(MLE, each, OUTLIERS, NME) for each in (HEATMAP, CROSS_ENTROPY, RLE, INTEGRAL_POSE, CPM)),
    *(Claim(STUDENT, each, labels, NME) for labels in (CLEAN, OUTLIERS) for each in (L1, MLE)),
    Claim(MLE_ALONE, L1_ALONE, CLEAN, NME, "the paper, as printed"),
    Claim(MLE_ALONE, L1_ALONE, OUTLIERS, NME, "the paper, as printed"),
    *(Claim(staged(more), staged(fewer), CLEAN, NME, "the paper, fig. 4") for fewer, more in ((1, 3), (3, 5))),
    *(Claim(idea, LAPLACE, labels, NME) for idea in IDEAS for labels in (CLEAN, OUTLIERS)),
    *(Claim(CONDITIONAL, each, MIXED, NME) for each in (LAPLACE, L1)),
    Claim(LAPLACE, L1, MIXED, NME),
    *(Claim(REFINING, each, CLEAN, NME) for each in (LAPLACE, SAME_SIZE, SAME_TIME)),
)
"""Everything that the study can judge; what has no runs is undecided."""


@dataclass(frozen=True)
class Finding:
    """The evidence of the runs for one claim.

    Attributes:
        claim: that was judged.
        advantage: by how much its better one is better, below 0 where it is worse; over pairs of one seed.
    """

    claim: Claim
    advantage: Interval

    @property
    def verdict(self) -> Verdict:
        """Whether it holds."""
        return verdict(self.advantage, self.claim.measure.worth)


def judge(results: Results, claims: Sequence[Claim] = CLAIMS) -> list[Finding]:
    """Judge claims by the differences of runs of one seed; a claim without a pair of runs has no finding.

    These share first weights, order, augmentation and wrong labels.
    """
    found = [Finding(claim, interval(advantages(results, claim))) for claim in claims]
    return [finding for finding in found if finding.advantage.runs]


def advantages(results: Results, claim: Claim) -> FloatArray:
    """Return the advantage of a claim's better method (S, H), of S pairs of runs and H hands."""
    measure = claim.measure
    better, worse = (measure.of(results, method, claim.labels) for method in (claim.better, claim.worse))
    sign = 1.0 if measure.higher else -1.0
    pairs = [sign * (better[seed] - worse[seed]) for seed in sorted(better.keys() & worse.keys())]
    return np.stack(pairs) if pairs else np.zeros((0, 0))
