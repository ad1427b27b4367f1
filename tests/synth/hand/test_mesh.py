"""Normals of meshes."""

import numpy as np

from likelihand.synth.hand.mesh import vertex_normals
from likelihand.synth.scene.objects import superellipsoid


def test_normals_of_a_ball_point_outwards() -> None:
    ball = superellipsoid((1.0, 1.0, 1.0), 1.0, 1.0)
    normals = vertex_normals(ball.vertices, ball.triangles)
    middle = np.abs(ball.vertices[:, 1]) < 0.95
    assert (normals[middle] * ball.vertices[middle]).sum(1).min() > 0.98
