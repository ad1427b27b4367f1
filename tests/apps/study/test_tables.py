import csv
import io
import math

from likelihand.apps.study.claims import judge
from likelihand.apps.study.methods import L1, LAPLACE, MLE
from likelihand.apps.study.plan import CLEAN, OUTLIERS, RATE_SEED, Experiment
from likelihand.apps.study.results import Results
from likelihand.apps.study.statistics import Interval
from likelihand.apps.study.tables import (
    MEAN_POSE,
    comma_separated,
    finding_rows,
    gradient_rows,
    joint_rows,
    look_rows,
    markdown,
    method_rows,
    rate_rows,
    run_rows,
)
from tests.study_scores import made, run

RESULTS = made({(m, labels): [0.1, 0.12] for m in (L1, MLE) for labels in (CLEAN, OUTLIERS)})


def test_every_table_of_methods_has_the_mean_pose():
    for labels in (CLEAN, OUTLIERS):
        rows = method_rows(RESULTS, [L1, MLE, LAPLACE], labels)
        assert [row["method"] for row in rows] == [L1.label, MLE.label, MEAN_POSE]
        assert abs(rows[-1]["NME"] - 0.26) < 0.01 and isinstance(rows[0]["NME"], Interval)
        assert ("wrong labels learnt by heart" in rows[0]) == (labels is OUTLIERS)
        assert len({tuple(row) for row in rows}) == 1
    assert method_rows(RESULTS, [LAPLACE], CLEAN) == []


def test_one_row_a_run_and_a_look():
    rows = run_rows(RESULTS)
    assert len(rows) == 9 and rows[-1]["method"] == MEAN_POSE and rows[0]["learning rate"] == 0.002
    looks = look_rows(RESULTS)
    assert len(looks) == 8 * 3 and math.isnan(looks[0]["nme"]) and looks[1]["epoch"] == 10
    written = list(csv.DictReader(io.StringIO(comma_separated(looks))))
    assert written[0]["nme"] == "" and written[1]["labels"] == "clean" and float(written[1]["nme"]) > 0


def test_the_gradients_are_told_for_every_look():
    rows = gradient_rows(RESULTS, [L1, LAPLACE])
    assert len(rows) == 6 and rows[0] == {
        "method": L1.label, "labels": CLEAN.label, "epoch": "0", "weight": "3.00",
        "gradient over the loss's": "4.00",
    }  # fmt: skip


def test_the_smallest_validation_error_is_chosen():
    tried = {1e-3: 0.3, 2e-3: 0.2, 4e-3: 0.4}
    runs = {Experiment(MLE, CLEAN, RATE_SEED, rate): run(e, 0, tests=("validation",)) for rate, e in tried.items()}
    assert [row["chosen"] for row in rate_rows(Results(runs))] == ["", "yes", ""]
    assert rate_rows(RESULTS) == []


def test_findings_and_joints_become_rows():
    rows = finding_rows(judge(RESULTS))
    assert {"claim", "measure", "advantage", "pairs of runs", "verdict", "stated by"} == set(rows[0])
    assert len(joint_rows(RESULTS, [L1, LAPLACE], CLEAN)[0]) == 12
    told = markdown(rows)
    assert told.count("\n") == len(rows) + 1 and "does not hold" in told
    assert markdown([]) == "*Not run yet.*"
