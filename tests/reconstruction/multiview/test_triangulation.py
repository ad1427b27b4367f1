"""Points in space: exact where the views are, equivariant, with the covariance that simulated noise has."""

import numpy as np
import pytest

from likelihand.reconstruction.camera import rotation_of
from likelihand.reconstruction.multiview import Camera, triangulate
from likelihand.reconstruction.multiview.triangulation import level_in_space
from likelihand.uncertainty import ONE_SIGMA, UNIT
from tests.reconstruction.multiview.rigs import FISHEYE, LENS, covariances, points, rig

TRUTH = points()


def seen_by(cameras: list[Camera], truth: np.ndarray = TRUTH) -> np.ndarray:
    return np.stack([camera.project(truth) for camera in cameras])


def noise(covariance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.einsum("...ij,...j->...i", np.linalg.cholesky(covariance), rng.normal(size=covariance.shape[:-1]))


@pytest.mark.parametrize("views", [2, 3, 5])
@pytest.mark.parametrize(("lens", "fisheye"), [(LENS, False), (FISHEYE, True), (np.zeros(0), False)])
def test_exact_views_give_exact_points(views: int, lens: np.ndarray, fisheye: bool) -> None:
    cameras = rig(views, lens, fisheye)
    for stated in (None, covariances(views, 21)):
        found = triangulate(cameras, seen_by(cameras), stated)
        np.testing.assert_allclose(found.points, TRUTH, atol=1e-9)
        np.testing.assert_allclose(found.residual, 0, atol=1e-6)
        np.testing.assert_allclose(found.weight, 1)


def test_the_covariance_is_that_of_simulated_noise() -> None:
    cameras, stated = rig(3), covariances(3, 1)
    many = np.tile(stated, (1, 8000, 1, 1))
    observed = np.tile(seen_by(cameras, TRUTH[:1]), (1, 8000, 1)) + noise(many, np.random.default_rng(0))
    found = triangulate(cameras, observed, many, freedom=np.inf)
    error = found.points - TRUTH[0]
    simulated = error.T @ error / len(error)
    np.testing.assert_allclose(found.covariance.mean(0), simulated, rtol=0.08, atol=0.05 * np.trace(simulated) / 3)
    square = np.einsum("ni,nij,nj->n", error, np.linalg.inv(found.covariance), error)
    assert abs(square.mean() - 3) < 0.1  # that of a chi-squared of 3 degrees of freedom


def test_weighting_is_worth_what_theory_says() -> None:
    cameras = rig(3)
    stated = np.tile(np.eye(2), (3, 4000, 1, 1)) * np.array([0.25, 1.0, 25.0])[:, None, None, None]
    truth = points(4000)
    observed = seen_by(cameras, truth) + noise(stated, np.random.default_rng(1))
    weighted, plain = (triangulate(cameras, observed, c, freedom=np.inf) for c in (stated, None))
    error, plain_error = (np.square(f.points - truth).sum(-1).mean() for f in (weighted, plain))
    np.testing.assert_allclose(error, np.trace(weighted.covariance, axis1=1, axis2=2).mean(), rtol=0.05)
    assert error < 0.35 * plain_error


@pytest.mark.parametrize(("freedom", "sigmas"), [(np.inf, 1e-4), (4.0, 1e-2)])
def test_a_rigid_motion_of_the_world_moves_points_and_covariances(freedom: float, sigmas: float) -> None:
    cameras, stated = rig(3), covariances(3, 21)
    observed = seen_by(cameras) + noise(stated, np.random.default_rng(7))
    turn, move = rotation_of(np.array([[0.3, -1.2, 0.7]]))[0], np.array([2.0, -1.0, 0.5])
    moved = [
        Camera(c.matrix, c.rotation @ turn.T, c.translation - c.rotation @ turn.T @ move, c.distortion)
        for c in cameras
    ]
    here, there = (triangulate(rigs, observed, stated, freedom=freedom) for rigs in (cameras, moved))
    away = there.points - (here.points @ turn.T + move)
    assert (np.abs(away) < sigmas * there.scale).all()
    np.testing.assert_allclose(there.covariance, turn @ here.covariance @ turn.T, rtol=1e-2, atol=1e-8)
    np.testing.assert_allclose(there.residual, here.residual, atol=0.01)


def test_units_of_the_world_scale_points_and_covariances() -> None:
    cameras, stated = rig(2), covariances(2, 21)
    observed = seen_by(cameras) + noise(stated, np.random.default_rng(8))
    millimetres = [Camera(c.matrix, c.rotation, 1000 * c.translation, c.distortion) for c in cameras]
    here, there = triangulate(cameras, observed, stated), triangulate(millimetres, observed, stated)
    assert (np.abs(there.points - 1000 * here.points) < 1e-2 * there.scale).all()
    np.testing.assert_allclose(there.covariance, 1e6 * here.covariance, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("wrong", [0, 1, 2, 3])
def test_one_wrong_view_of_four_is_not_believed(wrong: int) -> None:
    cameras, stated = rig(4), np.tile(np.eye(2), (4, 21, 1, 1))
    observed = seen_by(cameras) + noise(stated, np.random.default_rng(2))
    without = [i for i in range(4) if i != wrong]
    best = triangulate([cameras[i] for i in without], observed[without], stated[without])
    observed[wrong] += [60.0, -45.0]
    robust, squares = (
        triangulate(cameras, observed, stated),
        triangulate(cameras, observed, stated, freedom=np.inf),
    )
    error, least, bad = (np.linalg.norm(f.points - TRUTH, axis=1).mean() for f in (robust, best, squares))
    assert error < 1.1 * least
    assert bad > 10 * least
    assert robust.weight[wrong].max() < 0.01
    assert robust.weight[without].mean() > 0.8


def test_views_that_disagree_say_so_in_the_covariance() -> None:
    cameras, stated = rig(2), np.tile(np.eye(2), (2, 21, 1, 1))
    observed = seen_by(cameras)
    agreed = triangulate(cameras, observed, stated)
    observed[1] += [0.0, 40.0]
    assert (triangulate(cameras, observed, stated).scale.max(1) > 8 * agreed.scale.max(1)).all()


def test_what_is_seen_by_one_camera_alone_is_nan() -> None:
    cameras, stated = rig(3), covariances(3, 21)
    observed = seen_by(cameras)
    observed[0, :3], observed[1, 1:5] = np.nan, np.nan
    found = triangulate(cameras, observed, stated)
    alone = np.isnan(observed).any(-1).sum(0) == 2
    assert alone.sum() == 2
    np.testing.assert_array_equal(np.isnan(found.points).any(1), alone)
    np.testing.assert_allclose(found.points[~alone], TRUTH[~alone], atol=1e-8)
    assert (found.weight[:, alone] == 0).all()
    assert np.isnan(found.covariance[alone]).all()


def test_rays_that_never_meet_in_front_are_nan() -> None:
    matrix = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
    pair = [Camera(matrix), Camera(matrix, translation=np.array([-0.2, 0.0, 0.0]))]
    found = triangulate(pair, [[[320.0, 240.0]], [[360.0, 240.0]]])  # they meet behind both
    assert np.isnan(found.points).all() or found.points[0, 2] > 10  # or as good as at infinity


def test_shapes_that_do_not_go_together() -> None:
    cameras = rig(2)
    with pytest.raises(ValueError, match=r"1 cameras and points of shape \(2, 21, 2\)"):
        triangulate(cameras[:1], seen_by(cameras))
    with pytest.raises(ValueError, match=r"covariances of shape \(21, 2, 2\)"):
        triangulate(cameras, seen_by(cameras), np.zeros((21, 2, 2)))
    with pytest.raises(ValueError, match="freedom 0"):
        triangulate(cameras, seen_by(cameras), freedom=0)


@pytest.mark.parametrize("freedom", [3.0, 4.0, 7.5, np.inf])
def test_regions_in_space_are_those_of_the_t_distribution(freedom: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    distance = np.linspace(0, 9, 50)
    if np.isinf(freedom):
        expected = stats.chi2.cdf(distance**2, 3)
    else:
        square = UNIT**2 / (stats.f.ppf(ONE_SIGMA, 2, freedom) * 2)  # holds 68 % of the plane within UNIT
        expected = stats.f.cdf(distance**2 / (3 * square), 3, freedom)
    np.testing.assert_allclose(level_in_space(distance, freedom), expected, atol=1e-6)


def test_regions_hold_what_they_say_of_gaussian_noise() -> None:
    cameras, truth = rig(2), points(5000)
    stated = np.tile(covariances(2, 1), (1, 5000, 1, 1))
    observed = seen_by(cameras, truth) + noise(stated, np.random.default_rng(3))
    found = triangulate(cameras, observed, stated, freedom=np.inf)
    inside = found.level(truth)
    for level in (0.5, 0.9):
        assert abs((inside <= level).mean() - level) < 0.02
        assert level_in_space(found.radius(level), np.inf) == pytest.approx(level)
