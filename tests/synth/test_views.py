"""Several cameras on one hand: the points in space project onto the points of every picture."""

import numpy as np
import pytest

from likelihand.synth.scene.camera import project
from likelihand.synth.views import render_views

TURNS = ((0.0, 0.0), (0.9, 0.0), (-0.6, 0.5))


@pytest.mark.parametrize("side", ["left", "right"])
def test_points_in_space_project_onto_every_picture(side: str) -> None:
    seen = render_views(3, 1, TURNS, size=48, side=side)  # type: ignore[arg-type]
    assert len(seen.views) == 3
    for view in seen.views:
        assert view.image.shape == (48, 48, 3)
        assert view.label.side == side
        np.testing.assert_allclose(view.rotation @ view.rotation.T, np.eye(3), atol=1e-12)
        flat = project(view.matrix, seen.points @ view.rotation.T + view.translation)
        np.testing.assert_allclose(flat, view.label.points, atol=1e-6)
    palm = np.linalg.norm(seen.points[9] - seen.points[0])
    assert 0.05 < palm < 0.13  # metres


def test_cameras_stand_where_they_were_asked_to() -> None:
    first, second, _ = render_views(3, 1, TURNS, size=48).views
    turn = second.rotation @ first.rotation.T
    np.testing.assert_allclose(np.arccos((np.trace(turn) - 1) / 2), 0.9, atol=1e-9)


def test_pictures_are_a_function_of_their_numbers() -> None:
    one, same, other = (render_views(0, i, size=32) for i in (4, 4, 5))
    for a, b in zip(one.views, same.views, strict=True):
        np.testing.assert_array_equal(a.image, b.image)
    assert (one.views[0].image != other.views[0].image).any()
