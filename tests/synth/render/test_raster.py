import numpy as np
import pytest

from likelihand.synth.render.raster import corner_weights, draw_depth, first_hits, rasterise


def random_mesh(seed: int, count: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-4, 28, (3 * count, 2)).astype(np.float32)
    return (
        points,
        rng.uniform(1, 5, 3 * count).astype(np.float32),
        np.arange(3 * count, dtype=np.int32).reshape(-1, 3),
    )


def brute(points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, at: np.ndarray) -> tuple[float, int]:
    """The nearest front face over one place, by solving for the barycentric weights of every triangle."""
    best, which = 0.0, -1
    for t, corners in enumerate(triangles):
        p = points[corners].astype(np.float64)
        matrix = np.vstack([p.T, np.ones(3)])
        if np.linalg.det(matrix) >= 0:
            continue
        w = np.linalg.solve(matrix, [at[0], at[1], 1.0])
        q = float(w @ (1 / depth[corners].astype(np.float64)))
        if (w >= 0).all() and q > best:
            best, which = q, t
    return best, which


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_brute_force(seed: int) -> None:
    points, depth, triangles = random_mesh(seed)
    seen = rasterise(points, depth, triangles, (24, 24))
    truth = [brute(points, depth, triangles, (j + 0.5, i + 0.5)) for i in range(24) for j in range(24)]
    assert (seen.triangle.ravel() == [t for _, t in truth]).mean() > 0.998
    same = seen.triangle.ravel() == [t for _, t in truth]
    np.testing.assert_allclose(seen.inverse_depth.ravel()[same], np.array([q for q, _ in truth])[same], rtol=1e-5)


def test_weights_give_back_the_place_in_space() -> None:
    rng = np.random.default_rng(0)
    vertices = rng.uniform([-1, -1, 2], [1, 1, 4], (60, 3)).astype(np.float32)
    points = (vertices[:, :2] / vertices[:, 2:] * 20 + 16).astype(np.float32)
    triangles = np.arange(60, dtype=np.int32).reshape(-1, 3)
    seen = rasterise(points, np.ascontiguousarray(vertices[:, 2]), triangles, (32, 32))
    i, j = np.nonzero(seen.triangle >= 0)
    assert len(i) > 20
    rows = triangles[seen.triangle[i, j]]
    places = [(j[n] + 0.5, i[n] + 0.5, seen.inverse_depth[i[n], j[n]]) for n in range(len(i))]
    w = np.array([corner_weights(seen, tuple(rows[n].tolist()), *places[n]) for n in range(len(i))])
    corners = vertices[rows]
    place = (1 - w.sum(1))[:, None] * corners[:, 0] + w[:, :1] * corners[:, 1] + w[:, 1:] * corners[:, 2]
    back = place[:, :2] / place[:, 2:] * 20 + 16
    np.testing.assert_allclose(back, np.stack([j + 0.5, i + 0.5], 1), atol=2e-4)
    np.testing.assert_allclose(1 / place[:, 2], seen.inverse_depth[i, j], rtol=1e-5)


def test_a_closed_fan_is_covered_without_holes_and_its_area_is_right() -> None:
    angle = np.linspace(0, 2 * np.pi, 41)[:-1]
    rim = 100 + 80 * np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.vstack([[[100, 100]], rim]).astype(np.float32)
    ring = np.arange(40)
    triangles = np.stack([np.zeros(40), 1 + (ring + 1) % 40, 1 + ring], 1).astype(np.int32)
    covered = rasterise(points, np.ones(41, np.float32), triangles, (200, 200)).triangle >= 0
    area = 40 / 2 * 80**2 * np.sin(2 * np.pi / 40)
    assert covered.sum() == pytest.approx(area, rel=2e-3)
    i, j = np.mgrid[:200, :200] + 0.5
    assert covered[(j - 100) ** 2 + (i - 100) ** 2 < 78**2].all()


def test_back_faces_and_what_is_behind_the_camera_are_not_drawn() -> None:
    points = np.array([[0, 0], [8, 0], [0, 8]], np.float32)
    front, back = np.array([[0, 2, 1]], np.int32), np.array([[0, 1, 2]], np.int32)
    ahead, behind = np.ones(3, np.float32), np.array([1, 1, -1], np.float32)
    assert (rasterise(points, ahead, front, (8, 8)).triangle >= 0).any()
    assert (rasterise(points, ahead, back, (8, 8)).triangle < 0).all()
    assert (rasterise(points, behind, front, (8, 8)).triangle < 0).all()


def test_single_places_agree_with_brute_force() -> None:
    points, depth, triangles = random_mesh(7, 80)
    targets = np.random.default_rng(1).uniform(0, 24, (200, 2)).astype(np.float32)
    distance, hit = first_hits(targets, points, depth, triangles)
    for n in range(200):
        q, t = brute(points, depth, triangles, targets[n])
        assert hit[n] == t
        assert distance[n] == pytest.approx(1 / q if q else np.inf, rel=1e-4)


def test_a_map_from_above_keeps_the_highest() -> None:
    points = np.array([[0, 0], [0, 8], [8, 0], [0, 0], [0, 8], [8, 0]], np.float32)
    height = np.array([1, 1, 1, 3, 3, 3], np.float32)
    nearest = np.full((8, 8), -9, np.float32)
    draw_depth(points, height, np.array([[3, 4, 5], [0, 1, 2]], np.int32), nearest)
    assert nearest[1, 1] == 3
    assert nearest[7, 7] == -9
