import numpy as np
import pytest

from likelihand.reconstruction import FitSettings, Weights
from likelihand.reconstruction.camera import place, rotation_of
from likelihand.reconstruction.multiview import Camera, triangulate
from likelihand.reconstruction.multiview.fitted import fit_views, load_regions, similarity, student
from likelihand.uncertainty import GAUSSIAN, ONE_SIGMA, UNIT
from tests.reconstruction.hands import RIG, hand_of, states


def test_regions_are_of_the_number_of_cameras():
    regions = load_regions()
    assert len(regions.factors) == len(regions.angle_factors) == 3
    assert [regions.of(n) for n in (2, 4, 9)] == [
        (regions.factors[i], regions.angle_factors[i]) for i in (0, 2, 2)
    ]


def test_the_region_of_one_sigma_holds_as_much_as_a_gaussian_in_space():
    assert float(load_regions().radial.radius(ONE_SIGMA)) == pytest.approx(1.878, abs=0.03)


MATRIX = np.array([[600.0, 0, 320], [0, 600.0, 240], [0, 0, 1]])
CAMERAS = [
    Camera(MATRIX, rotation_of(np.array([[0.0, turn, 0.0]]))[0], np.array([0.0, 0.0, 0.6]))
    for turn in (0.0, 0.9, -0.8)
]
"""About the world's origin, 60 cm away."""
EXACT = FitSettings(Weights(1e-4, 1e-2), model_error=1e-4)


def truth(count=4, seed=50, side="right"):
    """Return hands (count, 21, 3) of 8 cm of palm in metres, and their angles."""
    state = states(count, seed, spread=0.4, shaped=0.5)
    points = 0.08 * place(RIG, state).points
    points -= points.mean(1, keepdims=True)
    return points * [-1 if side == "left" else 1, 1, 1], state.angles


def seen(points, rng=None, pixels=0.05, side="right"):
    noise = 0.0 if rng is None else rng.normal(0, pixels, (len(CAMERAS), 21, 2))
    views = np.array([camera.project(points) for camera in CAMERAS]) + noise
    return [hand_of(view, pixels, side) for view in views]


@pytest.mark.parametrize("side", ["right", "left"])
def test_exact_views_give_the_hand_again(side):
    hands, angles = truth(side=side)
    for points, bent in zip(hands, angles, strict=True):
        found = fit_views(CAMERAS, seen(points, side=side), EXACT)
        np.testing.assert_allclose(found.joints, points, atol=3e-4)
        np.testing.assert_allclose(found.skeleton, points, atol=1e-3)
        assert np.median(np.degrees(np.abs(found.angles - bent))) < 2
        assert np.linalg.det(found.rotation) == pytest.approx(1)
        assert found.side == side


def test_a_keypoint_that_one_camera_sees_is_found_by_the_skeleton():
    hands, _ = truth()
    for points in hands:
        views = seen(points, np.random.default_rng(0), 1.0)
        for view in views[1:]:
            view.points[8] = np.nan
        alone = triangulate(CAMERAS, [v.points for v in views], [v.covariance for v in views])
        assert np.isnan(alone.points[8]).all()
        found = fit_views(CAMERAS, views)
        assert np.linalg.norm(found.joints[8] - points[8]) < 0.02
        assert np.trace(found.covariance[8]) > 2 * np.trace(found.covariance[7])


def test_noisy_views_are_nearer_than_triangulated():
    rng, errors = np.random.default_rng(1), []
    for points in truth(6)[0]:
        views = seen(points, rng, 6.0)
        alone = triangulate(CAMERAS, [v.points for v in views], [v.covariance for v in views]).points
        joints = fit_views(CAMERAS, views, FitSettings(model_error=0.01)).joints
        errors.append([np.linalg.norm(each - points, axis=1).mean() for each in (alone, joints)])
    plain, fitted = np.mean(errors, 0)
    assert fitted < 0.9 * plain


def test_a_camera_that_does_not_see_the_hand_has_no_say():
    points = truth()[0][0]
    first, second, _ = seen(points, np.random.default_rng(2), 1.0)
    np.testing.assert_allclose(
        fit_views(CAMERAS, [first, second, None]).joints, fit_views(CAMERAS[:2], [first, second]).joints
    )


def test_too_few_views_are_told():
    hand = seen(truth()[0][0])[0]
    with pytest.raises(ValueError, match="1 camera sees the hand"):
        fit_views(CAMERAS, [hand, None, None])
    with pytest.raises(ValueError, match="1 hands for 3 cameras"):
        fit_views(CAMERAS, [hand])


def test_the_tail_is_that_of_the_triangulation():
    for freedom in (2.0, 4.0, 9.0):
        tail = student(freedom)
        wide = UNIT**2 / (freedom * ((1 - ONE_SIGMA) ** (-2 / freedom) - 1))
        for distance in (0.5, 1.0, 2.0, 4.0, 50.0):
            exact = 1 - (1 + distance**2 / (freedom * wide)) ** (-freedom / 2)
            assert float(tail.level(distance)) == pytest.approx(exact, abs=0.015)
    assert student(np.inf) is GAUSSIAN


def test_regions_of_noise_of_the_stated_size_hold_what_they_say_or_more():
    """The factors were fitted where the model's errors in several views go together; here they do not."""
    rng, inside = np.random.default_rng(7), []
    for points in truth(8)[0]:
        found = fit_views(CAMERAS, seen(points, rng, 4.0))
        away = points - found.joints
        reached = np.sqrt(np.einsum("ki,kij,kj->k", away, np.linalg.inv(found.covariance), away))
        inside.append(reached <= found.radius(0.9))
    assert np.mean(inside) > 0.9


def test_a_similarity_comes_back_and_a_mirror_image_is_only_turned():
    rng = np.random.default_rng(0)
    points, turn, shift = (
        rng.normal(0, 1, (21, 3)),
        rotation_of(np.array([[0.4, -1.1, 2.0]]))[0],
        np.array([3, 1, -2]),
    )
    found = similarity(points, 1.7 * points @ turn.T + shift)
    np.testing.assert_allclose(found[0], turn, atol=1e-12)
    np.testing.assert_allclose(found[1], 1.7, atol=1e-12)
    np.testing.assert_allclose(found[2], shift, atol=1e-12)
    assert np.linalg.det(similarity(points, points * [-1, 1, 1])[0]) == pytest.approx(1.0)
