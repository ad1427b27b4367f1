"""How regions and confidence hold, in one line."""

import numpy as np

from likelihand.evaluation.calibration import fit, simulated
from likelihand.evaluation.calibration.scores import HEAD, cells, scores_of, summary
from likelihand.evaluation.metrics.reliability import LEVELS

OBSERVED = simulated(500, seed=1)
CALIBRATION = fit(simulated(500))


def test_an_honest_model_holds_each_level_and_its_confidence() -> None:
    values = dict(zip(HEAD, summary(scores_of(OBSERVED, CALIBRATION)), strict=True))
    assert values["keypoints"] == 500 * 21
    np.testing.assert_allclose([values[f"{level:.0%}"] for level in LEVELS], LEVELS, atol=0.02)
    np.testing.assert_allclose(values["said"], values["true"], atol=0.02)
    np.testing.assert_allclose(values["error"], OBSERVED.error.mean())


def test_keypoints_that_are_not_labelled_do_not_count() -> None:
    from dataclasses import replace

    half = replace(OBSERVED, labelled=OBSERVED.labelled & (np.arange(21) < 10))
    every, some = scores_of(OBSERVED, CALIBRATION), scores_of(half, CALIBRATION)
    assert some.shape == (5, 5000)
    np.testing.assert_allclose(some, every.reshape(5, 500, 21)[:, :, :10].reshape(5, -1))


def test_cells_are_the_count_and_shares() -> None:
    assert cells(np.array([12.0, 0.034, *[0.5] * len(LEVELS), 0.02, 0.9, 1.0]))[:2] == ["12", "3.4%"]
    assert len(cells(summary(scores_of(OBSERVED, CALIBRATION)))) == len(HEAD)
