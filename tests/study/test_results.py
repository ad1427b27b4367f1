import math

import pytest

from likelihand.hand import KEYPOINTS, PAPER_JOINTS
from likelihand.study.methods import HEATMAP, INTEGRAL, LAPLACE_WARM, METHODS, MLE, MLE_WARM, RLE, ROBUST
from likelihand.study.plan import Figure, amounts
from likelihand.study.results import (
    NME,
    NME11,
    PCK,
    best_under,
    compare,
    findings,
    stage_findings,
)
from likelihand.study.scoring import DARK
from likelihand.study.setting import Setting
from tests.study_scores import by_method, noisy, results


def test_the_paper_has_eleven_joints():
    names = {KEYPOINTS[k] for k in PAPER_JOINTS}
    bases = {"thumb_cmc", *(f"{f}_mcp" for f in ("index", "middle", "ring", "little"))}
    assert len(PAPER_JOINTS) == 11 and "wrist" in names and bases <= names
    assert sum(name.endswith("_tip") for name in names) == 5
    made = results()
    error = made.values(MLE, NME)[0]
    expected = sum(0.8 + 0.02 * k for k in PAPER_JOINTS) / 11
    assert made.values(MLE, NME11)[0] == pytest.approx(error * expected)


@pytest.mark.parametrize(
    ("ours", "theirs", "answer"),
    [
        ([0.10, 0.11, 0.12], [0.20, 0.21, 0.22], "holds"),
        ([0.20, 0.21, 0.22], [0.10, 0.11, 0.12], "reversed"),
        ([0.10, 0.15, 0.12], [0.11, 0.16, 0.14], "no difference"),
        ([0.10], [0.20, 0.21], "unknown"),
        ([], [0.20, 0.21], "unknown"),
    ],
)
@pytest.mark.parametrize("metric", [NME, PCK])
def test_a_claim_holds_only_beyond_its_spread(metric, ours, theirs, answer):
    found = compare(by_method({MLE: ours, INTEGRAL: theirs}), Figure.LOSSES, MLE, INTEGRAL, metric)
    assert found.answer == answer
    if answer in ("holds", "reversed"):
        assert (found.advantage.mean > 0) == (answer == "holds")


def test_stages_are_compared_run_by_run():
    """Seeds differ by more than stages do, and each stage still helps in every run."""
    made = by_method({MLE: [0.08, 0.10, 0.12]}, Setting(stages=3))
    found = stage_findings(made, MLE, NME)
    assert [f.answer for f in found] == ["holds", "holds"]
    gains = [0.3 * e * (1 - 1 / 2) for e in (0.08, 0.10, 0.12)]
    assert found[0].advantage.mean == pytest.approx(sum(gains) / 3)


def test_robustness_is_what_wrong_labels_add():
    setting = Setting(jitter=(0.1,), outliers=(), swaps=(), bias=())
    made = noisy(
        {MLE_WARM: [0.01, 0.012, 0.011], LAPLACE_WARM: [0.03, 0.032, 0.031], RLE: [0.011, 0.013]}, setting
    )
    answers = {f.claim.partition("loses less than ")[2]: f.answer for f in findings(made, Figure.NOISE)}
    assert answers == {
        LAPLACE_WARM.label: "holds",
        RLE.label: "no difference",
        "integral L1, warm-started": "unknown",
        HEATMAP.label: "unknown",
    }
    assert best_under(made, amounts(setting)[0]) == (MLE_WARM, [RLE])
    assert best_under(by_method({MLE: [0.1]}), amounts(setting)[0]) is None


def test_every_figure_has_its_claims():
    made = results()
    counts = {figure: len(findings(made, figure)) for figure in Figure}
    assert counts == {
        Figure.STAGES: 20,
        Figure.LOSSES: 14,
        Figure.METHODS: 20,
        Figure.NOISE: 36,
        Figure.REMEDIES: 40,
    }
    claims = {f.claim for f in findings(made, Figure.METHODS)}
    assert {f"{MLE.label} better than {m.label}" for m in METHODS[2:]} <= claims
    stated = {f.claim: f.stated for f in findings(made, Figure.LOSSES) if f.metric == PCK.label}
    assert stated["MLE better than integral L1"].startswith("0.37 %")
    assert stated["MLE better than heatmap l2"].startswith("2.7 %")
    assert all(math.isfinite(f.advantage.spread) for f in findings(made, Figure.STAGES))


def test_values_by_seed_amount_and_reading():
    made = results()
    largest = next(a for a in amounts(made.setting) if a.name == "outliers-40")
    assert list(made.values(HEATMAP, NME)) == [0, 1, 2]
    assert made.values(HEATMAP, NME, reading=DARK)[0] == pytest.approx(0.9 * made.values(HEATMAP, NME)[0])
    assert made.values(MLE, NME, reading=DARK) == {} == made.values(MLE, NME, test="elsewhere")
    rises = made.rises(ROBUST[0], largest)
    spoilt, clean = made.values(ROBUST[0], NME, largest), made.values(ROBUST[0], NME)
    assert rises == [spoilt[seed] - clean[seed] for seed in range(3)]
