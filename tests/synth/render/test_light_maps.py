"""What lamps at infinity see."""

import numpy as np
import pytest

from likelihand.synth.hand.skin import vertex_normals
from likelihand.synth.render.light_maps import NOTHING, frames_of, height_map, sky_light
from likelihand.synth.scene.light import SKY_DIRECTIONS, plain_light, spread_directions
from likelihand.synth.scene.objects import superellipsoid


def test_frames_are_right_handed_and_look_along_their_direction() -> None:
    frames = frames_of(spread_directions(30).astype(np.float32))
    for frame in frames:
        np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-5)
        assert np.linalg.det(frame) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(frames[:, 2], spread_directions(30), atol=1e-6)


def test_the_map_of_a_ball_is_its_upper_half() -> None:
    ball = superellipsoid((1.0, 1.0, 1.0), 1.0, 1.0)
    frame = frames_of(np.array([[0.6, 0.0, -0.8]], np.float32))[0]
    nearest = height_map(ball.vertices, ball.triangles, frame, np.zeros(3, np.float32), 2.0, 64)
    assert nearest[32, 32] == pytest.approx(1.0, abs=0.05)
    assert nearest[2, 2] == np.float32(NOTHING)
    assert (nearest > NOTHING).mean() == pytest.approx(np.pi / 16, rel=0.06)


def test_a_lone_ball_in_even_light_is_evenly_lit_and_a_roof_darkens_it() -> None:
    ball = superellipsoid((0.5, 0.5, 0.5), 1.0, 1.0)
    light = plain_light()
    frames, colours = frames_of(light.sky), np.ones((SKY_DIRECTIONS, 3), np.float32)
    normals = vertex_normals(ball.vertices, ball.triangles)
    centre = np.zeros(3, np.float32)
    lone = sky_light(ball.vertices, normals, ball.triangles, frames, colours, centre, 2.0)[:, 3]
    assert lone.std() / lone.mean() < 0.15
    roof = superellipsoid((1.5, 0.1, 1.5), 0.1, 0.1)
    vertices = np.concatenate([ball.vertices, roof.vertices + np.array([0, 0.7, 0], np.float32)])
    triangles = np.concatenate([ball.triangles, roof.triangles + len(ball.vertices)]).astype(np.int32)
    under = sky_light(vertices, vertex_normals(vertices, triangles), triangles, frames, colours, centre, 2.0)[:, 3]
    top = ball.vertices[:, 1] > 0.4
    assert under[: len(ball.vertices)][top].mean() < 0.5 * lone[top].mean()
