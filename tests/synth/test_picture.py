import resource

import numpy as np
import pytest

from likelihand.synth import Occlusion, Photos, SynthOptions, render_picture, render_scene
from likelihand.synth.layers import composite, render_layers
from likelihand.synth.render.effects import developed
from likelihand.synth.scene.compose import HIDDEN, compose_crop


def test_a_mirrored_scene_gives_the_mirrored_picture() -> None:
    for index in range(4):
        scene = compose_crop(9, index, 80, SynthOptions())
        one, other = render_layers(scene), render_layers(scene.mirrored())
        assert (other.part[:, ::-1] == one.part).mean() > 0.999
        np.testing.assert_allclose(other.colour[:, ::-1, 3], one.colour[..., 3], atol=0.26)
        a = developed(composite(one, scene), None).astype(int)
        b = developed(composite(other, scene.mirrored()), None)[:, ::-1]
        assert np.abs(a - b).mean() < 0.3


def test_the_keypoints_lie_on_the_hand_that_is_drawn() -> None:
    on, count = 0, 0
    for index in range(24):
        picture = render_picture(2, index, 96, SynthOptions(backgrounds=False, objects=False, second_hand=False))
        (hand,) = picture.hands
        visible = hand.occlusion == Occlusion.VISIBLE
        x, y = np.clip(hand.points[visible].astype(int), 0, 95).T
        on, count = on + int(hand.mask[y, x].sum()), count + int(visible.sum())
    assert on / count > 0.97


def test_memory_stays_flat() -> None:
    for index in range(60):
        render_picture(5, index, 48)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for index in range(60, 400):
        render_picture(5, index, 48)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24_000


def test_scenes_hold_none_to_four_hands_of_many_sizes() -> None:
    pictures = [render_scene(1, index, (96, 128)) for index in range(40)]
    counts = {len(picture.hands) for picture in pictures}
    assert 0 in counts and max(counts) <= 4 and len(counts) >= 4
    lengths = [float((h.box[2:] - h.box[:2]).max()) for picture in pictures for h in picture.hands]
    assert max(lengths) > 4 * min(lengths)
    assert all(picture.image.shape == (96, 128, 3) for picture in pictures)
    assert {hand.side for picture in pictures for hand in picture.hands} == {"left", "right"}


def test_a_side_can_be_asked_for() -> None:
    assert {render_picture(0, i, 32, side="left").hands[0].side for i in range(12)} == {"left"}


def test_pictures_show_a_hand_at_all() -> None:
    for index in range(16):
        picture = render_picture(6, index, 64, SynthOptions(objects=False, second_hand=False))
        assert 0.02 < picture.hands[0].mask.mean() < 0.98
        assert picture.image.std() > 3


def test_the_arm_hardly_ever_hides_the_hand() -> None:
    options = SynthOptions(backgrounds=False, objects=False, second_hand=False)
    hidden = [(render_picture(7, i, 32, options).hands[0].occlusion == Occlusion.SELF).sum() for i in range(60)]
    assert np.mean(np.array(hidden) > HIDDEN) <= 0.02


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="size 8 x 8"):
        render_picture(0, 0, 8)


def test_an_empty_folder_of_backgrounds_is_refused(tmp_path: object) -> None:
    with pytest.raises(FileNotFoundError, match="no photo"):
        Photos(str(tmp_path))
