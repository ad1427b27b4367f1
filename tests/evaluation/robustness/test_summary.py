import csv
import io
import json

import numpy as np
import pytest

from likelihand.evaluation.robustness import CONDITIONS, Outcome, Report, summarise

ALL = np.ones(21, bool)
NONE = np.zeros(21, bool)


def outcome(error, *, found=True, tool="a", condition="as it is", cut=NONE, others=0, sure=True, level=0.5):
    nothing = np.full(21, np.nan)
    errors = np.full(21, error)
    return Outcome(
        index=0,
        condition=condition,
        tool=tool,
        dataset="d",
        found=found,
        others=others,
        asked=~cut,
        cut=cut,
        error=errors if found else nothing,
        near=(errors <= 0.1) if found else NONE,
        confidence=np.full(21, 0.75) if sure and found else nothing,
        level=np.full(21, level) if sure and found else nothing,
    )


def test_missed_hands_are_counted_and_left_out_of_the_error():
    (row,) = summarise([outcome(0.02), outcome(0.06), outcome(0.3), outcome(0, found=False, others=2)])
    assert (row.hands, row.missed, row.others) == (4, 1, 2)
    assert row.nme == pytest.approx((0.02 + 0.06 + 0.3) / 3)
    assert row.median == pytest.approx(0.06)
    assert row.right == pytest.approx(2 / 4)
    assert row.said == pytest.approx(0.75)
    assert row.true == pytest.approx(2 / 3)
    assert (row.coverage_68, row.coverage_90) == (1.0, 1.0)
    assert row.keypoints == 63


def test_coverage_counts_levels():
    (row,) = summarise([outcome(0.02, level=level) for level in (0.1, 0.7, 0.8, 0.95)])
    assert (row.coverage_68, row.coverage_90) == (0.25, 0.75)


def test_nothing_found_and_nothing_said():
    (row,) = summarise([outcome(0, found=False)])
    assert (row.missed, row.right) == (1, 0.0)
    assert np.isnan([row.nme, row.median, row.coverage_68, row.said, row.true]).all()
    (row,) = summarise([outcome(0.02, sure=False)])
    assert np.isnan([row.coverage_68, row.said]).all()
    assert row.true == 1.0


def test_keypoints_that_were_cut_away_have_rows_of_their_own():
    cut = np.arange(21) < 7
    given = outcome(0.02, cut=cut)
    given.error[cut] = 0.2
    inside, away = summarise([given]), summarise([given, outcome(0.5)], cut=True)
    assert inside[0].nme == pytest.approx(0.02)
    assert (away[0].hands, away[0].keypoints) == (1, 7)
    assert away[0].nme == pytest.approx(0.2)


def report():
    outcomes = [
        outcome(0.5, condition="grey", tool="a"),
        outcome(0.02, tool="b", sure=False),
        outcome(0.04, tool="a"),
        outcome(0, found=False, condition="grey", tool="b"),
    ]
    return Report.of("2 hands of d", {"seed": 0}, CONDITIONS[:2], outcomes)


def test_report_is_in_the_order_of_the_conditions_and_says_what_it_means():
    text = str(report())
    rows = [line.split() for line in text.splitlines() if " of 1 " in line]
    assert [row[:1] for row in rows] == [["as"], ["as"], ["grey"], ["grey"]]
    assert "normalised by max(w, h)" in text
    assert "nan" not in text


def test_markdown_rows_have_the_columns_of_their_head():
    lines = [line for line in report().markdown().splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 4
    assert len({line.count("|") for line in lines}) == 1
    assert "- **grey**: luminance alone" in report().markdown()


def test_csv_and_json_read_back():
    rows = list(csv.DictReader(io.StringIO(report().csv())))
    assert [(r["tool"], r["condition"], r["missed"]) for r in rows] == [
        ("b", "as it is", "0"),
        ("a", "as it is", "0"),
        ("a", "grey", "0"),
        ("b", "grey", "1"),
    ]
    values = json.loads(json.dumps(report().to_json(), allow_nan=False))
    assert values["protocol"] == "paper"
    assert values["rows"][3]["nme"] is None
    assert values["conditions"]["grey"] == "luminance alone"


def test_bars_are_drawn():
    pytest.importorskip("matplotlib")
    from likelihand.evaluation.robustness.picture import plot

    figure = plot(report().rows)
    assert [axes.get_xlabel()[:12] for axes in figure.axes] == ["hands missed", "median error", "confidence ("]
