"""The reprojection report, by hand."""

import json

import numpy as np

from likelihand.reconstruction.multiview.report import Reprojection
from likelihand.reconstruction.multiview.triangulation import Triangulated


def found(pixels: list[float], weight: list[float]) -> Triangulated:
    """One camera that errs by some pixels along x, half as many standard deviations, and one that sees nothing."""
    n = len(pixels)
    residual = np.full((2, n, 2), np.nan)
    residual[0] = np.column_stack([pixels, np.zeros(n)])
    distance = np.stack([np.array(pixels) / 2, np.full(n, np.nan)])
    return Triangulated(
        np.zeros((n, 3)), np.zeros((n, 3, 3)), residual, distance, np.array([weight, [0.0] * n]), 4.0
    )


def test_medians_and_shares_over_all_hands() -> None:
    report = Reprojection(("a", "b"))
    report.add(found([1.0, 2.0, 3.0], [1.0, 0.1, 1.0]))
    report.add(found([4.0, 5.0], [0.3, 0.2]))
    told = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert told["hands"] == 2
    assert told["cameras"]["a"] == {
        "keypoints": 5, "median_px": 3.0, "p90_px": 4.6, "median_sigma": 1.5, "doubted": 0.4,
    }  # fmt: skip
    assert told["cameras"]["b"] == {"keypoints": 0} | dict.fromkeys(
        ("median_px", "p90_px", "median_sigma", "doubted")
    )
    assert str(report).splitlines()[1].split() == ["a", "5", "3.00", "4.60", "1.50", "40.0"]
