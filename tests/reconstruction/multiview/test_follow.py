"""Hands in space from frame to frame: their numbers, sides, and the cameras that see them."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.reconstruction.multiview.camera import Camera
from likelihand.reconstruction.multiview.follow import SpaceTracker
from likelihand.structures import Side
from likelihand.tracking.tracker import TrackedHand
from tests.reconstruction.multiview.rigs import points, rig
from tests.reconstruction.multiview.test_fitted import CAMERAS as POSED, seen as views_of, truth

CAMERAS = rig(3)
TRUTHS = [points(seed=seed) * 0.5 + [0.15 * seed, 0, 0] for seed in (0, 1)]


def seen(camera: Camera, truth: np.ndarray, track: int, side: Side | None = None) -> TrackedHand:
    covariance = np.tile(np.eye(2), (21, 1, 1))
    return TrackedHand(camera.project(truth), np.ones((21, 2)), np.zeros(4), covariance, side, track=track)


def test_numbers_stay_when_tracks_change_places_and_a_camera_loses_a_hand() -> None:
    track = SpaceTracker(CAMERAS)
    for step in range(4):
        moved = [truth + np.array([0, 0.01 * step, 0]) for truth in TRUTHS]
        views = [[seen(c, m, 10 * v + n) for n, m in enumerate(moved)] for v, c in enumerate(CAMERAS)]
        views = [view[:: (-1) ** step] for view in views]
        if step == 2:
            views[0] = []
        hands = sorted(track(views), key=lambda hand: hand.number)
        assert [hand.number for hand in hands] == [0, 1]
        ends = [hand.found.points for hand in hands]
        near = [min(np.abs(end - m).max() for m in moved) for end in ends]
        assert max(near) < 1e-6
        assert {hand.views for hand in hands} == ({(1, 2)} if step == 2 else {(0, 1, 2)})


def test_the_side_is_that_of_most_views() -> None:
    sides: tuple[Side | None, ...] = ("left", None, "left")
    (hand,) = SpaceTracker(CAMERAS)([[seen(c, TRUTHS[0], 0, s)] for c, s in zip(CAMERAS, sides, strict=True)])
    assert hand.side == "left"


def test_a_hand_that_a_camera_only_foretells_is_not_believed() -> None:
    views = [[seen(c, TRUTHS[0], 0)] for c in CAMERAS]
    views[1] = [replace(views[1][0], points=views[1][0].points + 50.0, seen=False)]
    (hand,) = SpaceTracker(CAMERAS)(views)
    assert hand.views == (0, 2)
    np.testing.assert_allclose(hand.found.points, TRUTHS[0], atol=1e-6)


def test_a_fitted_hand_goes_through_all_views_and_fills_what_one_camera_sees() -> None:
    rng = np.random.default_rng(0)
    views = [[hand] for hand in posed(truth()[0][0], rng)]
    for (seen_hand,) in views[1:]:
        seen_hand.points[8] = np.nan
    (hand,) = SpaceTracker(POSED, fitted=True)(views)
    assert np.isnan(hand.found.points[8]).all()
    assert hand.fit is not None
    assert np.linalg.norm(hand.points - truth()[0][0], axis=1).max() < 0.02
    np.testing.assert_array_equal(hand.points, hand.fit.joints)
    np.testing.assert_array_equal(hand.covariance, hand.fit.covariance)
    (plain,) = SpaceTracker(POSED)(views)
    assert plain.fit is None
    np.testing.assert_array_equal(plain.points, plain.found.points)


def test_a_view_that_is_wrong_is_doubted_by_the_fit_too() -> None:
    """The hands are as lines give them, without the table of their tail."""
    views = posed(truth()[0][0], np.random.default_rng(0))
    views[0].points[8] += 60.0
    (hand,) = SpaceTracker(POSED, fitted=True)([[view] for view in views])
    assert np.linalg.norm(hand.points[8] - truth()[0][0][8]) < 0.01


def test_a_hand_of_too_few_keypoints_has_no_fit() -> None:
    views = posed(truth()[0][0], np.random.default_rng(0))
    views[0].points[3:] = np.nan
    (hand,) = SpaceTracker(POSED[:2], fitted=True)([[view] for view in views[:2]])
    assert hand.fit is None
    assert np.isfinite(hand.points).all(1).sum() == 3


def posed(points: np.ndarray, rng: np.random.Generator) -> list[TrackedHand]:
    return [TrackedHand(h.points, h.scale, h.box, h.covariance, h.side) for h in views_of(points, rng, 1.0)]


def test_one_camera_is_too_few() -> None:
    with pytest.raises(ValueError, match="1 camera; space needs two or more"):
        SpaceTracker(CAMERAS[:1])
