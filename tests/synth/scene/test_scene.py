"""Hands, arms and things as one scene."""

import numpy as np

from likelihand.synth.options import SynthOptions
from likelihand.synth.scene.compose import compose_crop
from likelihand.synth.scene.objects import superellipsoid
from likelihand.synth.scene.scene import Assembly


def test_parts_are_counted_and_their_triangles_shifted() -> None:
    ball, assembly, row = superellipsoid((1.0, 1.0, 1.0), 1.0, 1.0), Assembly(), np.zeros(44, np.float32)
    assert [assembly.add(ball, row, np.eye(3), np.full(3, float(i)), 2.0) for i in range(2)] == [0, 1]
    vertices, attributes, triangles, part, materials = assembly.meshes()
    count = len(ball.vertices)
    assert (len(vertices), len(attributes), len(materials)) == (2 * count, 2 * count, 2)
    np.testing.assert_allclose(vertices[count:] - 1.0, 2 * ball.vertices, atol=1e-6)
    assert triangles[part == 1].min() == count and triangles[part == 0].max() == count - 1


def test_nothing_at_all_has_no_triangle() -> None:
    assert [len(array) for array in Assembly().meshes()] == [0] * 5


def test_a_mirror_twice_is_the_scene_itself() -> None:
    scene = compose_crop(1, 0, 40, SynthOptions())
    back = scene.mirrored().mirrored()
    np.testing.assert_array_equal(back.vertices, scene.vertices)
    np.testing.assert_array_equal(back.triangles, scene.triangles)
    np.testing.assert_array_equal(back.background, scene.background)
    assert [hand.side for hand in back.hands] == [hand.side for hand in scene.hands]
    assert [hand.side for hand in scene.mirrored().hands] != [hand.side for hand in scene.hands]
