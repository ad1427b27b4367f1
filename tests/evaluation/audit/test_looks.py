"""Several looks at one hand."""

from typing import Any

import numpy as np
import pytest

from likelihand.data import DrawnHands
from likelihand.evaluation import predictions_by_look
from likelihand.evaluation.audit import Suspicion, agreed, predict_often
from likelihand.geometry import invert, transform_points
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.tta import Look


class Brightest:
    """A model that sees the middle of the light, and a right hand where that lies right of the crop's middle."""

    metadata = ModelMetadata(size=(64, 64), outputs=("points", "scale", "side"))

    def __call__(self, crops: Any) -> dict[str, Any]:
        light = crops.astype(np.float64).sum(-1)
        y, x = np.mgrid[:64, :64] + 0.5
        middle = np.stack([(light * a).sum((1, 2)) / light.sum((1, 2)) for a in (x, y)], -1)
        points = np.repeat(middle[:, None], 21, 1)
        return {"points": points, "scale": np.ones_like(points), "side": (middle[:, 0] > 32) * 0.8 + 0.1}


def test_a_mirrored_look_sees_the_same_place_and_the_same_side() -> None:
    plain, mirrored = predictions_by_look(
        Brightest(), DrawnHands(5), [Look(1.0, m, 0.0) for m in (False, True)], progress=False
    )
    assert np.linalg.det(mirrored.crop_from_image[0]) < 0 < np.linalg.det(plain.crop_from_image[0])
    seen = [
        np.stack([transform_points(invert(m), p) for m, p in zip(o.crop_from_image, o.points, strict=True)])
        for o in (plain, mirrored)
    ]
    np.testing.assert_allclose(seen[0], seen[1], atol=0.3)
    np.testing.assert_allclose(plain.right, mirrored.right)
    np.testing.assert_allclose(plain.error, mirrored.error, atol=0.01)


def test_the_looks_differ_in_what_they_show() -> None:
    looks = predict_often(Brightest(), DrawnHands(3), progress=False)
    scales = [float(abs(np.linalg.det(look.crop_from_image[0][:2, :2]))) for look in looks]
    assert len(looks) == 3
    assert scales[1] > scales[0] > scales[2]


def test_a_label_is_as_suspicious_as_the_look_that_finds_it_least_so() -> None:
    rng = np.random.default_rng(0)
    nats = rng.normal(size=(3, 20)) * 10
    looks = [[Suspicion(i, "outlier", "", float(n), ()) for i, n in enumerate(look)] for look in nats]
    ranked = agreed([list(rng.permutation(np.array(look, object))) for look in looks])
    assert [s.nats for s in ranked] == pytest.approx(sorted(nats.min(0), reverse=True))
    assert {s.index: s.nats for s in ranked} == pytest.approx(dict(enumerate(nats.min(0))))
