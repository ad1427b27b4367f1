"""Against the real supervision: what it draws, and what comes back."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.interop.supervision import from_supervision, to_supervision
from tests.interop.lines import SIZE, hand

sv = pytest.importorskip("supervision")


def test_hands_come_back() -> None:
    hands = [hand(0, "left"), hand(1, "right"), hand(2, None)]
    for before, after in zip(hands, from_supervision(to_supervision(hands), picture=SIZE), strict=True):
        np.testing.assert_allclose(after.points, before.points, atol=1e-4)
        np.testing.assert_allclose(after.covariance, before.covariance, rtol=1e-5)
        np.testing.assert_allclose(after.scale, before.scale, rtol=1e-5)
        np.testing.assert_allclose(after.box, before.box)
        np.testing.assert_allclose(after.confidence, before.confidence, atol=1e-4)
        assert (after.side, after.picture) == (before.side, before.picture)
        assert after.score == pytest.approx(before.score)
    assert from_supervision(to_supervision([])) == []


def test_supervision_draws_the_ellipses_that_we_mean() -> None:
    small = hand(3)
    size = (5 * SIZE[0], 5 * SIZE[1])  # it draws whole pixels
    one = replace(small, points=5 * small.points, covariance=25 * small.covariance, picture=size)
    key_points = to_supervision([one])
    annotator = sv.VertexEllipseAreaAnnotator(
        sigma=float(one.radial.radius(0.9)), color=sv.Color.WHITE, opacity=1.0
    )
    drawn = annotator.annotate(np.zeros((*size, 3), np.uint8), key_points)[..., 0] > 127
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    offset = np.stack([x, y], -1)[:, :, None] - one.points
    square = np.einsum("yxni,nij,yxnj->yxn", offset, np.linalg.inv(one.covariance), offset)
    meant = (square <= one.radial.radius(0.9) ** 2).any(-1)
    assert meant.sum() > 5000
    assert (drawn & meant).sum() / (drawn | meant).sum() > 0.95


def test_filters_of_supervision_keep_the_covariance_with_its_hand() -> None:
    hands = [hand(0, "left"), hand(1, "right"), hand(2, "left")]
    key_points = to_supervision(hands)
    right = from_supervision(key_points[key_points.class_id == 1])
    assert len(right) == 1
    np.testing.assert_allclose(right[0].covariance, hands[1].covariance, rtol=1e-5)
    merged = from_supervision(sv.KeyPoints.merge([to_supervision(hands[:1]), to_supervision(hands[1:])]))
    assert [h.side for h in merged] == ["left", "right", "left"]


def test_tracks_are_kept() -> None:
    assert to_supervision([hand(0, track=7)]).data["tracker_id"].tolist() == [7]
    assert "tracker_id" not in to_supervision([hand(0)]).data


def test_key_points_of_others() -> None:
    plain = sv.KeyPoints(xy=np.random.default_rng(0).uniform(0, 9, (2, 21, 2)).astype(np.float32))
    assert [(h.side, h.covariance.max()) for h in from_supervision(plain)] == [(None, 0.0)] * 2
    with pytest.raises(ValueError, match="give 21 an object"):
        from_supervision(sv.KeyPoints(xy=np.zeros((1, 17, 2), np.float32)))
