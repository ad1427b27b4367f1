import csv
from io import StringIO

import pytest

from likelihand.hand import KEYPOINTS, PAPER_JOINTS
from likelihand.study.cost import Cost
from likelihand.study.hands import TEST
from likelihand.study.methods import HEATMAP, LOSSES, METHODS, MLE, ROBUST
from likelihand.study.plan import amounts
from likelihand.study.tables import (
    comma_separated,
    curve_rows,
    joint_rows,
    markdown,
    method_rows,
    noise_rows,
    rise_rows,
    runs_rows,
    stage_rows,
)
from tests.study_scores import by_method, results


def test_one_row_for_each_run_and_reading():
    made = results()
    rows = runs_rows(made)
    assert len(rows) == sum(2 if run.method.dark else 1 for run in made.scores)
    first = next(r for r in rows if (r["method"], r["labels"], r["seed"]) == ("heatmap", "jitter-10", 0))
    assert {"NME", "PCK@0.2", "AUC 0..0.2"} <= set(first)


def test_stages_fall_and_networks_alone_follow():
    rows = stage_rows(results(), {"stage 2": Cost(1_000_000, 2_000_000, 3.0)})
    assert [row["stage"] for row in rows] == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 3]
    errors = [row["NME"].mean for row in rows[:5]]
    assert errors == sorted(errors, reverse=True) and rows[1]["ms a crop"] == "3.00" and rows[0]["ms a crop"] == ""
    assert rows[-2]["network"] == "MLE, warm-started, 1 stage alone" and rows[-2]["runs"] == 3


def test_methods_have_a_row_for_each_way_to_read_them():
    labels = [row["method"] for row in method_rows(results(), METHODS, {}, TEST)]
    assert labels[-4:] == ["CPM", "CPM + DARK", "SimpleBaseline", "SimpleBaseline + DARK"]
    assert labels[0] == "MLE" and len(labels) == 9


def test_joints_are_the_papers():
    rows = joint_rows(results(), LOSSES)
    assert list(rows[0])[1:] == [KEYPOINTS[k] for k in PAPER_JOINTS]
    assert rows[0]["little_tip"].mean > rows[0]["wrist"].mean


def test_curves_rise():
    rows = [row for row in curve_rows(results(), [HEATMAP]) if row["method"] == HEATMAP.label]
    assert len(rows) == 41 and rows[0]["pck"] == 0.0 and rows[0]["runs"] == 3
    shares = [row["pck"] for row in rows]
    assert shares == sorted(shares)


def test_markdown_and_csv_say_the_same():
    rows = method_rows(by_method({MLE: [0.1, 0.2, 0.3]}), (MLE, HEATMAP), {}, TEST)
    line = next(line for line in markdown(rows).splitlines() if line.startswith("| MLE "))
    assert line.startswith("| MLE | 3 | 0.2000 ± 0.2484 |")
    mle, heatmap, _ = csv.DictReader(StringIO(comma_separated(rows)))
    assert float(mle["NME"]) == pytest.approx(0.2) and float(mle["NME spread"]) == pytest.approx(0.24843, abs=1e-5)
    assert (heatmap["NME"], heatmap["NME runs"]) == ("", "0")
    assert markdown([]) == "" and comma_separated([]) == "\n"


def test_wrong_labels_and_what_they_add():
    made, levels = results(), amounts(results().setting)
    rows, rises = noise_rows(made, ROBUST, levels), rise_rows(made, ROBUST, levels)
    assert [row["wrong labels"] for row in rows][:3] == ["clean", "jitter 2 %", "jitter 5 %"]
    assert len(rows) == len(rises) + 1 == 10
    for row, rise in zip(rows[1:], rises, strict=True):
        one = row[ROBUST[0].label]
        same_seeds = rows[0][ROBUST[0].label].mean if one.runs == 3 else 0.088
        assert rise[ROBUST[0].label].mean == pytest.approx(one.mean - same_seeds, abs=1e-9)
