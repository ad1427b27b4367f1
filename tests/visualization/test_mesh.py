import numpy as np

from likelihand.visualization.mesh import draw_mesh

BLACK = np.zeros((40, 40, 3), np.uint8)
SQUARE = np.array([[10.0, 10, 0], [10, 30, 0], [30, 30, 0], [30, 10, 0]])
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])


def test_what_is_painted_is_the_mesh_and_nothing_else():
    drawn = draw_mesh(BLACK, SQUARE, TRIANGLES).any(-1)
    inside = np.zeros((40, 40), bool)
    inside[10:30, 10:30] = True
    assert (drawn != inside).sum() <= 80  # the pixels along the edge
    assert drawn[12:28, 12:28].all()
    assert not drawn[:9].any()


def test_the_nearer_hides_the_farther():
    red, far = draw_mesh(BLACK, SQUARE, TRIANGLES, (255, 0, 0), 1.0), np.add(SQUARE, [0, 0, 50])
    both = np.concatenate([SQUARE, far * [1.2, 1, 1]])
    together = draw_mesh(BLACK, both, np.concatenate([TRIANGLES, TRIANGLES + 4]), (255, 0, 0), 1.0)
    np.testing.assert_array_equal(together[14:26, 14:26], red[14:26, 14:26])


def test_backs_are_not_painted_and_half_opacity_is_half():
    assert not draw_mesh(BLACK, SQUARE, TRIANGLES[:, ::-1]).any()
    half, whole = (draw_mesh(BLACK, SQUARE, TRIANGLES, opacity=opacity)[20, 20] for opacity in (0.5, 1.0))
    np.testing.assert_allclose(half, whole / 2, atol=1)


def test_a_mesh_outside_the_picture_leaves_it():
    np.testing.assert_array_equal(draw_mesh(BLACK, np.add(SQUARE, [100, 0, 0]), TRIANGLES), BLACK)
    assert draw_mesh(BLACK, SQUARE - [15, 15, 0], TRIANGLES)[:13, :13].any()
