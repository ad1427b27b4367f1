import numpy as np
import pytest

from likelihand.interop.animation import clips_of
from tests.interop.fitted import film


def test_a_track_is_a_clip_with_one_shape_and_its_wrist_in_the_picture() -> None:
    lines, tracks = film()
    clips = clips_of(lines, 0.2)
    assert [clip.name for clip in clips] == ["right_hand_0", "left_hand_1"]
    for clip, track in zip(clips, tracks, strict=True):
        assert clip.turns.shape == (3, 16, 3, 3)
        np.testing.assert_allclose(np.linalg.det(clip.turns), 1, atol=1e-4)
        # a straight middle finger of the clip's person is about as long as the hand was said to be
        straight = np.linalg.norm(clip.person.tips[2] - clip.person.heads[7]) + np.linalg.norm(
            clip.person.heads[7]
        )
        assert clip.scale * straight == pytest.approx(0.2, rel=0.06)
        found = track[1]
        expected = (found.reprojected[0] - [300, 200]) / found.length * 0.2 * [1, -1]
        np.testing.assert_allclose(clip.places[1], [*expected, 0], atol=1e-5)


def test_nothing_to_animate_is_told() -> None:
    with pytest.raises(ValueError, match="no fitted hand to animate"):
        clips_of([{"time": 0.0, "size": [4, 5], "hands": [{"track": 0}]}])
