import numpy as np
import pytest

from likelihand.apps.study.claims import ADDED, CLAIMS, FITTED, FOUND, NME, PCK, Claim, advantages, judge
from likelihand.apps.study.methods import DECISIVE, L1, LAPLACE, MLE
from likelihand.apps.study.plan import CLEAN, OUTLIERS, Grid, experiments
from likelihand.apps.study.results import Results
from likelihand.apps.study.setting import Setting
from likelihand.apps.study.statistics import Verdict
from tests.study_scores import made

BETTER = Claim(MLE, L1, CLEAN, NME)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([0.10, 0.12, 0.14], [0.12, 0.14, 0.16], Verdict.HOLDS),
        ([0.12, 0.14, 0.16], [0.10, 0.12, 0.14], Verdict.FAILS),
        ([0.12, 0.14, 0.16], [0.12, 0.14, 0.16], Verdict.FAILS),
        ([0.10, 0.15, 0.12], [0.13, 0.13, 0.14], Verdict.UNDECIDED),
        ([0.10], [0.20], Verdict.UNDECIDED),
    ],
)
def test_a_claim_is_judged_by_differences_of_one_seed(ours, theirs, expected):
    """Seeds differ by more than methods do, which pairs do not mind."""
    (finding,) = judge(made({(MLE, CLEAN): ours, (L1, CLEAN): theirs}), [BETTER])
    assert finding.verdict is expected and finding.advantage.runs == len(ours)
    if len(ours) == 3:
        assert finding.advantage.mean == pytest.approx(np.mean(theirs) - np.mean(ours), abs=2e-3)


def test_only_seeds_that_both_have_are_compared():
    results = made({(MLE, CLEAN): [0.1, 0.2], (L1, CLEAN): [0.3, 0.3, 0.9]})
    assert advantages(results, BETTER).shape == (2, 40)
    assert not judge(made({(MLE, CLEAN): [0.1]}), [BETTER])


def test_more_correct_keypoints_are_an_advantage():
    results = made({(MLE, CLEAN): [0.5, 0.6], (L1, CLEAN): [0.7, 0.8]})
    (finding,) = judge(results, [Claim(MLE, L1, CLEAN, PCK)])
    assert finding.advantage.mean == pytest.approx(0.2, abs=0.02) and finding.verdict is Verdict.HOLDS


def test_what_wrong_labels_add_is_taken_hand_by_hand():
    results = made(
        {(MLE, CLEAN): [0.10, 0.11], (MLE, OUTLIERS): [0.12, 0.13],
         (L1, CLEAN): [0.10, 0.11], (L1, OUTLIERS): [0.15, 0.16]}
    )  # fmt: skip
    (finding,) = judge(results, [Claim(MLE, L1, OUTLIERS, ADDED)])
    assert finding.advantage.mean == pytest.approx(0.03, abs=2e-3) and finding.verdict is Verdict.HOLDS


def test_learning_by_heart_and_auditing_are_compared():
    results = made({(m, OUTLIERS): [0.1, 0.1] for m in (MLE, L1)}, {MLE: 0.2, L1: 0.4})
    fitted, found = judge(results, [Claim(MLE, L1, OUTLIERS, FITTED), Claim(MLE, L1, OUTLIERS, FOUND)])
    assert fitted.advantage.mean == pytest.approx(0.2) and fitted.verdict is Verdict.HOLDS
    assert found.advantage.mean == pytest.approx(0.2) and found.verdict is Verdict.HOLDS


def test_every_claim_can_be_settled_by_some_grid():
    setting = Setting()
    known = {(run.method, run.labels) for grid in Grid for run in experiments(grid, setting)}
    for claim in CLAIMS:
        assert {(claim.better, claim.labels), (claim.worse, claim.labels)} <= known, str(claim)
        assert claim.measure.worth > 0
    assert len({(str(claim), claim.measure.label) for claim in CLAIMS}) == len(CLAIMS)
    core = {(run.method, run.labels) for run in experiments(Grid.QUICK, setting)}
    decisive = [claim for claim in CLAIMS if {(claim.better, claim.labels), (claim.worse, claim.labels)} <= core]
    assert len(decisive) >= 10
    assert not judge(Results({}))


def test_the_report_of_the_decisive_runs_judges_the_papers_claims():
    table = {(m, labels): [0.1, 0.11, 0.12] for m in DECISIVE for labels in (CLEAN, OUTLIERS)}
    told = {str(finding.claim) for finding in judge(made(table))}
    assert f"{MLE.label} better than {L1.label}, {CLEAN.label}" in told
    assert f"{LAPLACE.label} better than {L1.label}, {OUTLIERS.label}" in told
