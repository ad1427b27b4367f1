import numpy as np

from assets.penetration import depth_inside

CUBE = np.float32(
    [
        [(0, 0, 0), (0, 1, 0), (1, 1, 0)], [(0, 0, 0), (1, 1, 0), (1, 0, 0)],
        [(0, 0, 1), (1, 0, 1), (1, 1, 1)], [(0, 0, 1), (1, 1, 1), (0, 1, 1)],
        [(0, 0, 0), (1, 0, 0), (1, 0, 1)], [(0, 0, 0), (1, 0, 1), (0, 0, 1)],
        [(0, 1, 0), (0, 1, 1), (1, 1, 1)], [(0, 1, 0), (1, 1, 1), (1, 1, 0)],
        [(0, 0, 0), (0, 0, 1), (0, 1, 1)], [(0, 0, 0), (0, 1, 1), (0, 1, 0)],
        [(1, 0, 0), (1, 1, 0), (1, 1, 1)], [(1, 0, 0), (1, 1, 1), (1, 0, 1)],
    ]
)  # fmt: skip


def test_depth_in_a_cube_is_the_distance_to_its_nearest_face():
    points = np.random.default_rng(0).uniform(-0.5, 1.5, (400, 3)).astype(np.float32)
    for point in points:
        expected = max(0.0, min(point.min(), (1 - point).min()))
        assert abs(depth_inside(point[None], CUBE) - expected) < 1e-5
