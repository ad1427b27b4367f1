"""Statements of uncertainty side by side."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.evaluation.calibration import compare, fit, halves, simulated
from likelihand.evaluation.calibration.fit import covariance_of
from likelihand.uncertainty import mahalanobis


def test_the_comparison_tells_honest_from_not() -> None:
    o = simulated(400, seed=3, factor=0.7)
    calibration = fit(simulated(400, seed=4, factor=0.7))
    result = compare(o, calibration)
    calibrated, plain, constant = (
        result.total[name] for name in ("calibrated", "scale as it comes", "constant scale *")
    )
    assert calibrated.coverage[0.9] == pytest.approx(0.9, abs=0.02)
    assert plain.coverage[0.9] > 0.98
    assert calibrated.nll < constant.nll and calibrated.nll < plain.nll
    assert calibrated.aurc < constant.aurc
    assert calibrated.reduction > 0.3
    assert calibrated.confidence_error < 0.03 < plain.confidence_error
    assert result.total["1 - sigma (RLE)"].to_json()["coverage"]["0.9"] is None
    assert "calibrated" in str(result)


def test_the_comparison_fits_nothing_on_what_it_scores() -> None:
    """Each half's statement is made by the other half's fit alone."""
    o = simulated(100, seed=5)
    second = halves(o)
    spoilt = replace(o, target=np.where(second[:, None, None], o.points + 30.0, o.target))
    calibration = fit(o.take(~second))
    distance = mahalanobis(spoilt.residual[second], covariance_of(spoilt.take(second), calibration))
    from likelihand.evaluation.calibration.compare import crossed

    where = np.broadcast_to(second[:, None], o.labelled.shape).ravel()
    np.testing.assert_allclose(crossed(spoilt)["probability"][where], calibration.radial.level(distance).ravel())


def test_visibility_and_data_sets_are_told_apart() -> None:
    o = simulated(200)
    visibility = np.where(np.arange(21) < 10, 2, 1).astype(np.int8) * np.ones((200, 1), np.int8)
    result = compare(
        replace(o, visibility=visibility, dataset=np.array(["a", "b"] * 100)), fit(simulated(200, seed=1))
    )
    assert set(result.by_visibility) == {"visible", "hidden"}
    assert result.by_visibility["visible"].keypoints == 2000
    assert set(result.by_dataset) == {"a", "b"}
