import sys
from types import SimpleNamespace

import numpy as np
import pytest

from likelihand.evaluation.robustness import MediaPipe, Own

PICTURE = np.zeros((8, 8, 3), np.uint8)


def mark(x, y):
    return SimpleNamespace(x=x, y=y)


class Hands:
    """Stands in for `mediapipe.solutions.hands.Hands`: a hand along the diagonal."""

    def __init__(self, **options):
        self.options = options

    def process(self, image):
        landmarks = SimpleNamespace(landmark=[mark(i / 20, i / 20) for i in range(21)])
        side = SimpleNamespace(classification=[SimpleNamespace(label="Right")])
        return SimpleNamespace(multi_hand_landmarks=[landmarks], multi_handedness=[side])


@pytest.fixture
def mediapipe(monkeypatch):
    module = SimpleNamespace(solutions=SimpleNamespace(hands=SimpleNamespace(Hands=Hands)))
    monkeypatch.setitem(sys.modules, "mediapipe", module)
    return module


def test_mediapipe_is_asked_about_single_pictures_and_answers_in_pixels(mediapipe):
    tool = MediaPipe()
    assert tool._hands.options["static_image_mode"] is True
    assert not tool.sure
    (hand,) = tool(np.zeros((40, 80, 3), np.uint8), None)
    np.testing.assert_allclose(hand.points[[0, 10, 20]], [[0.5, 0.5], [40.5, 20.5], [80.5, 40.5]])
    assert hand.side == "left"  # it names sides as a mirror shows them


def test_a_version_without_models_says_which_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", SimpleNamespace(__version__="1.2.2"))
    with pytest.raises(
        ValueError, match=r"mediapipe 1\.2\.2 comes without hand models; install mediapipe==0\.10\.21"
    ):
        MediaPipe()(PICTURE, None)


def test_where_it_is_missing_it_says_so_at_the_first_picture(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    tool = MediaPipe()
    with pytest.raises(
        ValueError, match=r"mediapipe is not installed; install mediapipe==0\.10\.21, or leave out"
    ):
        tool(PICTURE, None)


def test_boxes_are_refused(mediapipe):
    with pytest.raises(ValueError, match="detects hands itself"):
        MediaPipe()(PICTURE, np.array([0, 0, 4, 4.0]))


def test_own_hands_over_a_box_or_none():
    asked = []
    tool = Own(lambda image, boxes: asked.append(boxes) or [])
    tool(PICTURE, None)
    tool(PICTURE, np.array([0, 0, 4, 4.0]))
    assert asked[0] is None
    assert asked[1].shape == (1, 4)
