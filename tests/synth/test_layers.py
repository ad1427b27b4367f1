"""From a scene to light."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.synth.layers import bounds, composite, render_layers, soft_shadow
from likelihand.synth.options import SynthOptions
from likelihand.synth.scene.compose import compose_crop
from likelihand.synth.scene.scene import Assembly


@pytest.fixture(scope="module")
def scene():
    return compose_crop(3, 1, 48, SynthOptions(objects=False, second_hand=False))


def test_the_ball_of_shadows_holds_every_joint(scene) -> None:
    centre, radius = bounds(scene)
    assert np.linalg.norm(scene.hands[0].joints - centre, axis=1).max() < radius


def test_hands_are_exposed_to_the_brightness_asked_for(scene) -> None:
    layers = render_layers(scene)
    bright = replace(scene, brightness=0.3, shade=0.0)
    picture = composite(layers, bright)
    inside = (layers.part == 0) & (layers.colour[..., 3] > 0.99)
    assert (picture[inside] @ [0.2126, 0.7152, 0.0722]).mean() == pytest.approx(0.3, rel=0.01)
    outside = layers.colour[..., 3] == 0
    np.testing.assert_array_equal(picture[outside], bright.background[outside])


def test_a_scene_without_solids_is_its_background(scene) -> None:
    vertices, attributes, triangles, part, materials = Assembly().meshes()
    empty = replace(
        scene, vertices=vertices, attributes=attributes, triangles=triangles, part=part, materials=materials,
        hands=(), shade=0.0,
    )  # fmt: skip
    layers = render_layers(empty)
    assert (layers.part == -1).all()
    np.testing.assert_array_equal(composite(layers, empty), empty.background)


def test_a_shadow_is_moved_and_keeps_its_mass() -> None:
    alpha = np.zeros((80, 80), np.float32)
    alpha[30:50, 30:50] = 1.0
    still, moved = soft_shadow(alpha, (0.0, 0.0)), soft_shadow(alpha, (10.0, 0.0))
    assert still.sum() == pytest.approx(alpha.sum(), rel=0.05)
    np.testing.assert_allclose(moved[:, 10:], still[:, :-10], atol=0.02)
