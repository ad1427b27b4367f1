"""The scores of finished runs by method, labels and test set; and what they say of the paper's claims."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from likelihand.hand import KEYPOINTS, PAPER_JOINTS
from likelihand.study.hands import TEST, Hands
from likelihand.study.methods import (
    CPM,
    HEATMAP,
    INTEGRAL,
    INTEGRAL_POSE,
    INTEGRAL_WARM,
    METHODS,
    MLE,
    MLE_WARM,
    REMEDIES,
    RLE,
    RLE_DENSITY,
    ROBUST,
    SIMPLE_BASELINE,
    Method,
    separate,
)
from likelihand.study.plan import CLEAN, Amount, Experiment, Figure, amounts, largest
from likelihand.study.runner import folder_of, outcome_of
from likelihand.study.scoring import OWN, read_scores
from likelihand.study.setting import Setting
from likelihand.study.statistics import Estimate, Verdict, difference, paired, verdict

Report: TypeAlias = Mapping[str, Any]
"""A report of `likelihand.evaluation` as JSON values."""


@dataclass(frozen=True)
class Metric:
    """A number of a report.

    Attributes:
        label: in tables and figures.
        of: reads it from a report.
        higher: whether more is better.
    """

    label: str
    of: Callable[[Report], float]
    higher: bool = False


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _joints(report: Report) -> float:
    values = [_number(report["by_keypoint"][KEYPOINTS[k]]["nme"]) for k in PAPER_JOINTS]
    return sum(values) / len(values)


NME: Final = Metric("NME", lambda report: _number(report["total"]["nme"]))
MEDIAN: Final = Metric("median NME", lambda report: _number(report["total"]["nme_median"]))
NME11: Final = Metric("NME, 11 joints", _joints)
PCK: Final = Metric("PCK@0.2", lambda report: _number(report["total"]["pck"]["0.2"]), higher=True)
PCK_FINE: Final = Metric("PCK@0.1", lambda report: _number(report["total"]["pck"]["0.1"]), higher=True)
AUC: Final = Metric("AUC 0..0.2", lambda report: _number(report["total"]["auc"]), higher=True)


def at_stage(metric: Metric, stage: int) -> Metric:
    """Return a metric of the total as that of a stage, counted from 0."""
    return Metric(metric.label, lambda report: metric.of({"total": report["by_stage"][stage]}), metric.higher)


def at_joint(keypoint: int) -> Metric:
    """Return the NME of one keypoint."""
    name = KEYPOINTS[keypoint]
    return Metric(f"NME of {name}", lambda report: _number(report["by_keypoint"][name]["nme"]))


@dataclass(frozen=True)
class Results:
    """Everything that is known so far.

    Attributes:
        setting: of the study.
        scores: of each finished run: test set -> "own" or "dark" -> report.
        failures: of each run whose loss was not finite: one line.
        missing: runs that are not done.
    """

    setting: Setting
    scores: Mapping[Experiment, Mapping[str, Mapping[str, Report]]]
    failures: Mapping[Experiment, str] = field(default_factory=dict)
    missing: Sequence[Experiment] = ()

    def values(
        self, method: Method, metric: Metric, amount: Amount = CLEAN, test: str = TEST, reading: str = OWN
    ) -> dict[int, float]:
        """Return a metric of every finished run of a method by seed; empty where there is none."""
        found = {e.seed: s for e, s in self.scores.items() if e.method == method and e.amount == amount}
        reports = {seed: s[test][reading] for seed, s in sorted(found.items()) if reading in s.get(test, {})}
        return {seed: metric.of(report) for seed, report in reports.items()}

    def curves(self, method: Method, stage: int = -1, reading: str = OWN) -> list[list[float]]:
        """Return the PCK curve of every finished run of a method on clean labels, over `thresholds`."""
        metric = [
            s[TEST][reading]["by_stage"][stage]["curve"]
            for e, s in self.scores.items()
            if e.method == method and e.amount == CLEAN and reading in s[TEST]
        ]
        return [[_number(v) for v in curve] for curve in metric]

    def thresholds(self) -> list[float]:
        """Return the thresholds of the PCK curves, in lengths of the hand."""
        first = next(iter(self.scores.values()))
        return list(first[TEST][OWN]["auc_thresholds"])

    def rises(self, method: Method, amount: Amount, metric: Metric = NME) -> list[float]:
        """Return what wrong labels add to an error, seed by seed."""
        clean, spoilt = self.values(method, metric), self.values(method, metric, amount)
        return [spoilt[seed] - clean[seed] for seed in sorted(clean.keys() & spoilt.keys())]


def gather(runs: Sequence[Experiment], setting: Setting, hands: Hands, out: Path) -> Results:
    """Read the scores of all runs that are done."""
    scores: dict[Experiment, Any] = {}
    failures: dict[Experiment, str] = {}
    for run in runs:
        folder = folder_of(out, run)
        outcome = outcome_of(folder, hands)
        if outcome.finished:
            scores[run] = read_scores(folder, hands.tests)
        elif outcome.failure:
            failures[run] = outcome.failure
    return Results(setting, scores, failures, [r for r in runs if r not in scores and r not in failures])


@dataclass(frozen=True)
class Finding:
    """What the runs say of one claim.

    Attributes:
        figure: of the study to which it belongs.
        claim: in words.
        metric: in which it was looked at.
        advantage: by how much the claim's better one is better; below 0 where it is worse.
        stated: the paper's own figure, where it gives one.
    """

    figure: Figure
    claim: str
    metric: str
    advantage: Estimate
    stated: str = ""

    @property
    def answer(self) -> str:
        """Whether the claim holds: a difference smaller than its spread is called none.

        Example:
            >>> Finding(Figure.LOSSES, "a > b", "NME", Estimate(0.01, 0.02, 3)).answer
            'no difference'
        """
        return {
            Verdict.HIGHER: "holds",
            Verdict.LOWER: "reversed",
            Verdict.NONE: "no difference",
            Verdict.UNKNOWN: "unknown",
        }[verdict(self.advantage)]


def _advantage(better: Sequence[float], worse: Sequence[float], metric: Metric) -> Estimate:
    return difference(better, worse) if metric.higher else difference(worse, better)


def compare(
    results: Results, figure: Figure, better: Method, worse: Method, metric: Metric, stated: str = ""
) -> Finding:
    """Compare two methods on clean labels."""
    first, second = (list(results.values(method, metric).values()) for method in (better, worse))
    claim = f"{better.label} better than {worse.label}"
    return Finding(figure, claim, metric.label, _advantage(first, second, metric), stated)


def stage_findings(results: Results, method: Method, metric: Metric) -> list[Finding]:
    """Compare every stage of one network with the stage before, run by run."""
    found = []
    for stage in range(1, results.setting.stages):
        later, earlier = (list(results.values(method, at_stage(metric, s)).values()) for s in (stage, stage - 1))
        advantage = paired(later, earlier) if metric.higher else paired(earlier, later)
        claim = f"{method.label}: stage {stage + 1} better than stage {stage}"
        found.append(Finding(Figure.STAGES, claim, metric.label, advantage))
    return found


LOSS_CLAIMS: Final = (
    (MLE, INTEGRAL, "0.37 % PCK@0.2 on FreiHAND"),
    (MLE, HEATMAP, "2.7 % PCK@0.2 on FreiHAND"),
    (INTEGRAL, HEATMAP, ""),
    (MLE_WARM, INTEGRAL_WARM, ""),
    (MLE_WARM, INTEGRAL, ""),
    (MLE_WARM, HEATMAP, ""),
    (MLE_WARM, MLE, ""),
)
RIVALS: Final = (RLE, RLE_DENSITY, INTEGRAL_POSE, CPM, SIMPLE_BASELINE)


def findings(results: Results, figure: Figure) -> list[Finding]:
    """Say of each of the paper's claims that belong to a figure whether it holds.

    Stages are compared run by run, methods by Welch's t over seeds. Wrong labels: what they add to the error of
    the paper's loss against what they add to another's.
    """
    found: list[Finding] = []
    if figure is Figure.STAGES:
        for metric in (NME, PCK):
            found += [f for method in (MLE, MLE_WARM) for f in stage_findings(results, method, metric)]
            alone = [separate(stages) for stages in results.setting.separate]
            found += [compare(results, figure, MLE_WARM, other, metric) for other in alone]
    elif figure is Figure.LOSSES:
        pairs = [(metric, pair) for metric in (NME11, PCK) for pair in LOSS_CLAIMS]
        found = [compare(results, figure, *pair[:2], metric, pair[2]) for metric, pair in pairs]
    elif figure is Figure.METHODS:
        found = [
            compare(results, figure, ours, rival, metric)
            for metric in (NME11, PCK)
            for ours in METHODS[:2]
            for rival in RIVALS
        ]
    elif figure is Figure.NOISE:
        found = [_robust(results, amount, rival) for amount in amounts(results.setting) for rival in ROBUST[1:]]
    else:
        levels = (CLEAN, *largest(results.setting))
        found = [_remedy(results, amount, remedy) for amount in levels for remedy in REMEDIES[1:]]
    return found


def _robust(results: Results, amount: Amount, rival: Method) -> Finding:
    ours = ROBUST[0]
    advantage = difference(results.rises(rival, amount), results.rises(ours, amount))
    return Finding(
        Figure.NOISE, f"{amount.label}: {ours.label} loses less than {rival.label}", NME.label, advantage
    )


def _remedy(results: Results, amount: Amount, remedy: Method) -> Finding:
    first, second = (list(results.values(m, NME, amount).values()) for m in (remedy, REMEDIES[0]))
    claim = f"{amount.label}: {remedy.label} better than {REMEDIES[0].label}"
    return Finding(Figure.REMEDIES, claim, NME.label, _advantage(first, second, NME))


def best_under(
    results: Results, amount: Amount, methods: Sequence[Method] = ROBUST
) -> tuple[Method, list[Method]] | None:
    """Return the loss of the smallest error under wrong labels, and those that cannot be told from it.

    With one run each nothing can be told apart, and every other loss is among the latter.
    """
    values = {m: list(results.values(m, NME, amount).values()) for m in methods}
    known = {m: v for m, v in values.items() if v}
    if not known:
        return None
    best = min(known, key=lambda m: sum(known[m]) / len(known[m]))
    alike = [m for m in known if m != best and verdict(difference(known[m], known[best])) is not Verdict.HIGHER]
    return best, alike
