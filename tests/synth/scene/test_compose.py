"""Scenes put together from chance."""

import numpy as np
import pytest

from likelihand.synth.options import SynthOptions
from likelihand.synth.scene.compose import compose_crop, compose_scene, streams_of


def test_streams_are_functions_of_their_two_numbers() -> None:
    one, again, other = streams_of(3, 4), streams_of(3, 4), streams_of(3, 5)
    assert one.hand.integers(2**60) == again.hand.integers(2**60) != other.hand.integers(2**60)
    assert len({int(stream.integers(2**60)) for stream in (one.view, one.skin, one.light, one.things)}) == 4
    with pytest.raises(ValueError, match=r"seed -1 and index 0 must not be negative"):
        streams_of(-1, 0)


def test_an_ingredient_left_out_leaves_the_others_as_they_were() -> None:
    for index in range(6):
        whole = compose_crop(2, index, 48, SynthOptions(objects=False, second_hand=False))
        dark = compose_crop(2, index, 48, SynthOptions(objects=False, second_hand=False, light=False))
        np.testing.assert_array_equal(whole.vertices, dark.vertices)
        np.testing.assert_array_equal(whole.matrix, dark.matrix)
        np.testing.assert_array_equal(whole.materials, dark.materials)
        assert (whole.light.key != dark.light.key).any()


def test_the_second_hand_is_a_part_of_its_own() -> None:
    counts = [len(compose_crop(4, index, 48, SynthOptions(objects=False)).hands) for index in range(30)]
    assert set(counts) == {1, 2}
    scene = next(s for s in (compose_scene(1, i, (64, 80), SynthOptions()) for i in range(20)) if len(s.hands) > 2)
    assert len({hand.part for hand in scene.hands}) == len(scene.hands)
    assert scene.size == (64, 80)
