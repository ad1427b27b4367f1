"""The study's tables: rows for CSV files and for Markdown."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any, Final, TypeAlias

import numpy as np

from likelihand.apps.study.claims import Finding
from likelihand.apps.study.hands import TEST
from likelihand.apps.study.methods import Method
from likelihand.apps.study.plan import EVERY_LABELS, Labels
from likelihand.apps.study.results import Results
from likelihand.apps.study.statistics import Interval, interval
from likelihand.structures import KEYPOINTS, PAPER_JOINTS
from likelihand.utils import tables

Row: TypeAlias = dict[str, Any]
MEAN_POSE: Final = "the mean pose, no network"
LEARNT: Final = {
    "train_label": "error against given labels",
    "train_truth": "against right ones",
    "fitted": "wrong labels learnt by heart",
    "kept": "wrong labels seen through",
    "found": "precision as an audit",
}
"""Values of the last evaluation on the training hands, and their column heads."""


def run_rows(results: Results) -> list[Row]:
    """Return one row for each run and test set."""
    rows = []
    for run, told in results.runs.items():
        about = {"method": run.method.name, "labels": run.labels.name, "seed": run.seed}
        about["learning rate"] = told["identity"]["train"]["learning_rate"]
        rows += [
            about | {"test": test, "hands": len(one["nme"])} | _means(one) for test, one in told["tests"].items()
        ]
    poses = [{"test": test, "hands": len(one["nme"])} | _means(one) for test, one in results.mean_pose.items()]
    return rows + [{"method": MEAN_POSE, "labels": "", "seed": "", "learning rate": "", **pose} for pose in poses]


def _means(scores: Mapping[str, Any]) -> Row:
    joints = float(np.mean([scores["by_keypoint"][k] for k in PAPER_JOINTS]))
    errors = np.array(scores["nme"])
    means = {"NME": float(errors.mean()), "median NME": float(np.median(errors)), "NME, 11 joints": joints}
    return means | {"PCK@0.2": float(np.mean(scores["pck"])), "AUC 0..0.2": scores["auc"]}


def look_rows(results: Results) -> list[Row]:
    """Return one row for each evaluation of each run."""
    names = list(dict.fromkeys(name for told in results.runs.values() for look in told["looks"] for name in look))
    return [
        {"method": run.method.name, "labels": run.labels.name, "seed": run.seed}
        | {name: look.get(name, math.nan) for name in names}
        for run, told in results.runs.items()
        if run.rate is None
        for look in told["looks"]
    ]


def method_rows(results: Results, methods: Sequence[Method], labels: Labels, test: str = TEST) -> list[Row]:
    """Return one row for each method: its scores and how far it memorised its labels; the mean pose last."""
    rows: list[Row] = []
    for method in methods:
        runs = results.of(method, labels)
        means = [_means(run["tests"][test]) for run in runs.values() if test in run["tests"]]
        if means:
            scores = {name: interval([mean[name] for mean in means]) for name in means[0]}
            learnt = {
                head: interval(list(results.last(method, name, labels).values())) for name, head in LEARNT.items()
            }
            learnt = learnt if test == TEST else {}
            rows.append({"method": method.label, "runs": len(means)} | scores | learnt)
    if rows and test in results.mean_pose:
        pose: Row = {"method": MEAN_POSE, "runs": ""} | _means(results.mean_pose[test])
        rows.append({name: pose.get(name, "") for name in rows[0]})
    return [_filled(row, rows) for row in rows]


def _filled(row: Row, rows: Sequence[Row]) -> Row:
    """Leave out columns that no row fills."""
    known = [k for k in row if any(str(other.get(k, "")) for other in rows)]
    return {name: row[name] for name in known}


def gradient_rows(results: Results, methods: Sequence[Method]) -> list[Row]:
    """Return the helper's weight and the share of the gradient on the heatmaps that it gives, over the epochs."""
    rows = []
    for method in methods:
        for labels in EVERY_LABELS:
            epochs, weights = results.curves(method, "helper_weight", labels)
            _, shares = results.curves(method, "helper", labels)
            for i, epoch in enumerate(epochs):
                about = {"method": method.label, "labels": labels.label, "epoch": f"{epoch:g}"}
                told = {
                    "weight": f"{weights[:, i].mean():.2f}",
                    "gradient over the loss's": f"{shares[:, i].mean():.2f}",
                }
                rows.append(about | told)
    return rows


def rate_rows(results: Results) -> list[Row]:
    """Return the NME of validation hands by method and learning rate; the smallest of a method is its choice."""
    tried = {run: float(np.mean(t["tests"]["validation"]["nme"])) for run, t in results.runs.items() if run.rate}
    rows = []
    for run, error in tried.items():
        best = min(other for each, other in tried.items() if each.method == run.method)
        rows.append(
            {"method": run.method.label, "learning rate": f"{run.rate:g}", "validation NME": error,
             "chosen": "yes" if error == best else ""}
        )  # fmt: skip
    return rows


def finding_rows(found: Iterable[Finding]) -> list[Row]:
    """Return one row for each claim that has runs."""
    return [
        {
            "claim": str(finding.claim),
            "measure": finding.claim.measure.label,
            "advantage": finding.advantage,
            "pairs of runs": finding.advantage.runs,
            "verdict": str(finding.verdict),
            "stated by": finding.claim.stated,
        }
        for finding in found
    ]


def joint_rows(results: Results, methods: Sequence[Method], labels: Labels) -> list[Row]:
    """Return the NME of each of the paper's 11 joints, a row per method."""
    rows = []
    for method in methods:
        errors = [run["tests"][TEST]["by_keypoint"] for run in results.of(method, labels).values()]
        if errors:
            joints = {KEYPOINTS[k]: interval([error[k] for error in errors]) for k in PAPER_JOINTS}
            rows.append({"method": method.label} | joints)
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """Lay rows out as a Markdown table."""
    if not rows:
        return "*Not run yet.*"
    head = list(rows[0])
    return tables.markdown(head, [[_cell(row.get(key, "")) for key in head] for row in rows])


def comma_separated(rows: Sequence[Row]) -> str:
    """Lay rows out as CSV; an interval becomes three columns: mean, spread and runs.

    Example:
        >>> print(comma_separated([{"a": "x", "b": Interval(0.1, 0.02, 3)}]).strip())
        a,b,b spread,b runs
        x,0.1,0.02,3
    """
    flat = [_flat(row) for row in rows]
    file = StringIO()
    names = list(dict.fromkeys(name for row in flat for name in row))
    writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return file.getvalue()


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _flat(row: Row) -> Row:
    flat: Row = {}
    for key, value in row.items():
        if isinstance(value, Interval):
            flat |= {key: _plain(value.mean), f"{key} spread": _plain(value.spread), f"{key} runs": value.runs}
        else:
            flat[key] = _plain(value)
    return flat


def _plain(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.6g}"
