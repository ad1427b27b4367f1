"""Densities of whole hands: they integrate to one, and conditionals are ratios."""

import numpy as np
import pytest

from likelihand.evaluation.audit.density import Densities, HandDensity, fit_density, fit_shape


def test_the_density_of_each_is_the_ratio_of_densities() -> None:
    """log p(z_k | others) = log p(z) - log p(others), the t of fewer numbers."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(8, 8))
    density = HandDensity(rng.normal(size=(4, 2)), root @ root.T + np.eye(8), 4.0)
    z, labelled = rng.normal(size=(4, 2)), np.array([True, True, False, True])
    each = density.of_each(z, labelled).log_prob(z[labelled])
    for value, k in zip(each, (0, 1, 3), strict=True):
        others = labelled & (np.arange(4) != k)
        expected = density.log_prob(z[None], labelled)[0] - density.log_prob(z[None], others)[0]
        assert value == pytest.approx(expected)


def test_densities_move_with_their_points() -> None:
    rng = np.random.default_rng(1)
    roots, matrix, offset = rng.normal(size=(5, 2, 2)), rng.normal(size=(5, 2, 2)), rng.normal(size=(5, 2))
    each = Densities(rng.normal(size=(5, 2)), roots @ roots.swapaxes(1, 2) + np.eye(2), 6.0)
    points = rng.normal(size=(5, 2))
    there = each.moved(matrix, offset).log_prob(np.einsum("kij,kj->ki", matrix, points) + offset)
    np.testing.assert_allclose(there, each.log_prob(points) - np.log(np.abs(np.linalg.det(matrix))))


def test_the_shape_is_the_same_for_every_turn_and_mirror_image_and_knows_bones() -> None:
    rng = np.random.default_rng(2)
    labelled = np.ones((60, 3), bool)
    ends = rng.normal(size=(60, 2, 2))
    bones = np.stack([ends[:, 0], ends.mean(1) + rng.normal(0, 0.02, (60, 2)), ends[:, 1]], 1)
    shape = fit_shape(bones, labelled)
    turn = np.array([[0.6, -0.8], [-0.8, -0.6]])
    np.testing.assert_allclose(
        shape.log_prob(bones[:5], labelled[0]), shape.log_prob(bones[:5] @ turn, labelled[0])
    )
    middle = shape.of_each(bones[0], labelled[0])
    assert np.abs(middle.mean[1] - ends[0].mean(0)).max() < 0.1
    assert np.sqrt(middle.scatter[1, 0, 0]) < 0.1 < np.sqrt(shape.scatter[2, 2])


def test_the_shape_is_a_covariance_where_most_labels_are_missing() -> None:
    rng = np.random.default_rng(4)
    fan = rng.normal(size=(30, 1, 2)) + 0.1 * rng.normal(size=(30, 6, 2))
    labelled = rng.random((30, 6)) < 0.4
    fan[:15] *= np.where(np.arange(6) % 2, 1.0, -1.0)[:, None]
    shape = fit_shape(fan, labelled)
    assert np.linalg.eigvalsh(shape.scatter).min() > 0
    assert np.isfinite(shape.log_prob(fan[:1], labelled[0])).all()


def test_missing_labels_cost_little_of_what_the_others_say() -> None:
    """A t of known dependence, 120 hands whole and 880 with two keypoints: the fit is a covariance near the truth.

    It foretells hands it never saw at least as well as a fit on the whole hands alone does.
    """
    rng = np.random.default_rng(0)
    root = rng.normal(size=(42, 42))
    scatter = root @ root.T / 42 + 0.3 * np.eye(42)

    def draw(count: int) -> np.ndarray:
        width = np.sqrt(4 / rng.chisquare(4, (count, 1)))
        return (width * rng.multivariate_normal(np.zeros(42), scatter, count)).reshape(count, 21, 2)

    z, unseen, everywhere = draw(1000), draw(300), np.ones(21, bool)
    labelled = np.zeros((1000, 21), bool)
    labelled[:, [4, 8]] = labelled[:120] = True

    def foretold(density: HandDensity) -> float:
        return float(np.mean([density.log_prob(one[None], everywhere) for one in unseen]))

    mixed = fit_density(np.where(labelled[..., None], z, np.nan), labelled)
    assert np.linalg.eigvalsh(mixed.scatter).min() > 0
    assert foretold(mixed) > foretold(fit_density(z[:120], labelled[:120]))
    assert foretold(mixed) > foretold(HandDensity(np.zeros((21, 2)), scatter, 4.0)) - 4.0


def test_the_joint_density_of_a_group_is_the_ratio_of_densities() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(12, 12))
    density = HandDensity(rng.normal(size=(6, 2)), root @ root.T + np.eye(12), 4.0)
    z, labelled = rng.normal(size=(6, 2)), np.array([True, True, False, True, True, True])
    groups = [(0, 3), (1, 4, 5), (3,)]
    for group, joint in zip(groups, density.of_groups(z, labelled, groups), strict=True):
        rest = labelled & ~np.isin(np.arange(6), group)
        expected = density.log_prob(z[None], labelled)[0] - density.log_prob(z[None], rest)[0]
        assert joint.log_prob(z[list(group)].reshape(1, -1))[0] == pytest.approx(expected)


def test_numbers_that_no_hand_could_have_are_refused() -> None:
    z = np.random.default_rng(0).normal(size=(40, 3, 2))
    z[5] = np.inf
    with pytest.raises(ValueError, match="impossible values"):
        fit_density(z, np.ones((40, 3), bool))


def test_the_density_integrates_to_one() -> None:
    density = HandDensity(np.array([[0.3, -0.2]]), np.array([[2.0, 0.7], [0.7, 1.0]]), 4.0)
    grid = np.linspace(-60, 60, 1201)
    points = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 1, 2)
    total = np.exp(density.log_prob(points, np.array([True]))).sum() * (grid[1] - grid[0]) ** 2
    assert total == pytest.approx(1.0, abs=0.005)


def test_the_fit_finds_dependence_and_tails() -> None:
    rng = np.random.default_rng(0)
    width = np.sqrt(5 / rng.chisquare(5, (3000, 1, 1)))
    common = rng.normal(size=(3000, 1, 2))
    z = width * (common + rng.normal(size=(3000, 3, 2)))
    density = fit_density(z, np.ones((3000, 3), bool))
    assert density.freedom in (4.0, 7.0)
    correlation = density.scatter[0, 2] / density.scatter[0, 0]
    assert correlation == pytest.approx(0.5, abs=0.06)
