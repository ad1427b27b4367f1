"""The study's tables: as rows for CSV files and as Markdown."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any, Final, TypeAlias

from likelihand.hand import KEYPOINTS, PAPER_JOINTS
from likelihand.study.cost import Cost, cost_name
from likelihand.study.hands import TEST
from likelihand.study.methods import MLE, MLE_WARM, Method, separate
from likelihand.study.plan import CLEAN, Amount, Figure
from likelihand.study.results import (
    AUC,
    MEDIAN,
    NME,
    NME11,
    PCK,
    PCK_FINE,
    Finding,
    Metric,
    Results,
    at_joint,
    at_stage,
    best_under,
    findings,
)
from likelihand.study.scoring import DARK, OWN
from likelihand.study.statistics import Estimate, estimate
from likelihand.utils import tables

Row: TypeAlias = dict[str, Any]
METRICS: Final = (NME, NME11, MEDIAN, PCK_FINE, PCK, AUC)


def runs_rows(results: Results) -> list[Row]:
    """Return one row for each run, test set and reading: everything that the other tables are made of."""
    rows = []
    for run, tests in results.scores.items():
        about = {"method": run.method.name, "labels": run.amount.name, "seed": run.seed}
        for test, readings in tests.items():
            for reading, report in readings.items():
                scores = {metric.label: metric.of(report) for metric in METRICS}
                rows.append(about | {"test": test, "reading": reading, "hands": report["total"]["hands"]} | scores)
    return rows


def stage_rows(results: Results, costs: Mapping[str, Cost]) -> list[Row]:
    """Return one row for each stage of the paper's network, and for each network that ends there by itself."""
    rows = []
    for method in (MLE, MLE_WARM):
        for stage in range(results.setting.stages):
            metrics = [at_stage(m, stage) for m in (NME, MEDIAN, PCK_FINE, PCK, AUC)]
            cost = _cost(costs.get(f"stage {stage + 1}"))
            rows.append({"network": method.label, "stage": stage + 1} | _scores(results, method, metrics) | cost)
    for stages in results.setting.separate:
        method, cost = separate(stages), _cost(costs.get(f"stage {stages}"))
        scores = _scores(results, method, (NME, MEDIAN, PCK_FINE, PCK, AUC))
        rows.append({"network": method.label, "stage": stages} | scores | cost)
    return rows


def method_rows(
    results: Results,
    methods: Sequence[Method],
    costs: Mapping[str, Cost],
    test: str,
    metrics: Sequence[Metric] = METRICS,
) -> list[Row]:
    """Return one row for each method and way to read its heatmaps, on clean labels."""
    rows = []
    for method in methods:
        for reading in (OWN, DARK) if method.dark else (OWN,):
            label = method.label + (" + DARK" if reading == DARK else "")
            scores = _scores(results, method, metrics, test, reading)
            rows.append({"method": label} | scores | _cost(costs.get(cost_name(method, results.setting))))
    return rows


def joint_rows(results: Results, methods: Sequence[Method]) -> list[Row]:
    """Return the NME of each of the paper's 11 joints, a row a method."""
    metrics = {KEYPOINTS[k]: at_joint(k) for k in PAPER_JOINTS}
    return [
        {"method": method.label}
        | {name: estimate(list(results.values(method, metric).values())) for name, metric in metrics.items()}
        for method in methods
    ]


def curve_rows(results: Results, methods: Iterable[Method]) -> list[Row]:
    """Return mean PCK over seeds at every threshold, of every method and stage."""
    rows = []
    for method in methods:
        for stage in range(results.setting.stages if method in (MLE, MLE_WARM) else 1):
            last = stage if method in (MLE, MLE_WARM) else -1
            curves = results.curves(method, stage=last)
            for threshold, values in zip(results.thresholds(), zip(*curves, strict=True), strict=False):
                made = estimate(values)
                about = {"method": method.label, "stage": stage + 1 if last >= 0 else "last"}
                rows.append(
                    about | {"threshold": threshold, "pck": made.mean, "spread": made.spread, "runs": made.runs}
                )
    return rows


def noise_rows(results: Results, methods: Sequence[Method], levels: Sequence[Amount]) -> list[Row]:
    """Return one row for each kind and amount of wrong labels: NME on clean labels by loss, and which holds."""
    rows = []
    for amount in (CLEAN, *levels):
        row: Row = {"wrong labels": amount.label}
        row |= {m.label: estimate(list(results.values(m, NME, amount).values())) for m in methods}
        rows.append(row | {"smallest error": _smallest(results, amount, methods)})
    return rows


def _smallest(results: Results, amount: Amount, methods: Sequence[Method]) -> str:
    """Name the loss of the smallest error, and those that cannot be told from it."""
    found = best_under(results, amount, methods)
    if found is None:
        return ""
    best, alike = found
    if len(results.values(best, NME, amount)) < 2:
        return f"{best.label} (one run)"
    return best.label + (f" (not told apart: {'; '.join(m.label for m in alike)})" if alike else "")


def rise_rows(results: Results, methods: Sequence[Method], levels: Sequence[Amount]) -> list[Row]:
    """Return what wrong labels add to the NME of each loss."""
    return [
        {"wrong labels": amount.label} | {m.label: estimate(results.rises(m, amount)) for m in methods}
        for amount in levels
    ]


def finding_rows(results: Results, figures: Iterable[Figure]) -> list[Row]:
    """Return one row for each claim and metric."""
    return [_finding(f) for figure in figures for f in findings(results, figure)]


def _finding(finding: Finding) -> Row:
    return {
        "claim": finding.claim,
        "metric": finding.metric,
        "advantage": finding.advantage,
        "answer": finding.answer,
        "the paper": finding.stated,
    }


def _scores(
    results: Results, method: Method, metrics: Iterable[Metric], test: str = TEST, reading: str = OWN
) -> Row:
    values = {m.label: list(results.values(method, m, test=test, reading=reading).values()) for m in metrics}
    return {"runs": max(map(len, values.values()))} | {label: estimate(v) for label, v in values.items()}


def _cost(cost: Cost | None) -> Row:
    if cost is None:
        return {"parameters (M)": "", "multiply-adds (M)": "", "ms a crop": ""}
    millions = (f"{cost.parameters / 1e6:.2f}", f"{cost.multiply_adds / 1e6:.0f}")
    return {
        "parameters (M)": millions[0],
        "multiply-adds (M)": millions[1],
        "ms a crop": f"{cost.milliseconds:.2f}",
    }


def markdown(rows: Sequence[Row]) -> str:
    """Lay rows out as a Markdown table; an estimate of no run is left empty.

    Example:
        >>> print(markdown([{"a": "x", "b": Estimate(0.1, 0.02, 3)}]))
        | a | b |
        |---|---|
        | x | 0.1000 ± 0.0200 |
    """
    if not rows:
        return ""
    head = list(rows[0])
    return tables.markdown(head, [[_cell(row[key]) for key in head] for row in rows])


def comma_separated(rows: Sequence[Row]) -> str:
    """Lay rows out as CSV; an estimate becomes three columns: mean, spread and runs.

    Example:
        >>> print(comma_separated([{"a": "x", "b": Estimate(0.1, 0.02, 3)}]).strip())
        a,b,b spread,b runs
        x,0.1,0.02,3
    """
    flat = [_flat(row) for row in rows]
    file = StringIO()
    writer = csv.DictWriter(file, list(flat[0]) if flat else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return file.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, Estimate):
        return "" if value.runs == 0 else str(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _flat(row: Row) -> Row:
    flat: Row = {}
    for key, value in row.items():
        if isinstance(value, Estimate):
            flat |= {key: _plain(value.mean), f"{key} spread": _plain(value.spread), f"{key} runs": value.runs}
        else:
            flat[key] = _plain(value)
    return flat


def _plain(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.6g}"
