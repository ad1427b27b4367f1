"""A frame, and what is said of a film that cannot be read."""

import dataclasses

import numpy as np
import pytest

from likelihand.tracking.frames import Frame, VideoError, reason


def test_a_frame_cannot_be_changed_and_is_itself_alone() -> None:
    frame = Frame(0, 0.0, np.zeros((2, 2, 3), np.uint8))
    assert frame == frame and frame != Frame(0, 0.0, frame.image)  # pixels are not compared
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.index = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(5, "Input/output error"), "Input/output error"),
        (OSError("odd"), "odd"),
        (ValueError("bad packet"), "bad packet"),
    ],
)
def test_a_reason_is_in_few_words(error: Exception, expected: str) -> None:
    assert reason(error) == expected


def test_the_command_line_prints_a_films_error_on_one_line() -> None:
    assert issubclass(VideoError, ValueError)
