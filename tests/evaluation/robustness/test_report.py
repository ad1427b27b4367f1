"""Tables of a measurement, for people and for programs."""

import csv
import io
import json

from tests.evaluation.robustness.outcomes import report


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
