"""What is measured: likelihand's own predictor, and MediaPipe Hands beside it where it is installed."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np

from likelihand.geometry import FloatArray, Image, box_of_points, corner_from_pixel_index
from likelihand.inference import Predictor
from likelihand.structures import Hand, Side

PEERS: Final = ("mediapipe",)


class Tool(Protocol):
    """Finds hands in pictures.

    Attributes:
        name: of the tool in tables.
        sure: whether its covariances and confidence mean something.
    """

    name: str
    sure: bool

    def __call__(self, image: Image, box: FloatArray | None, /) -> Sequence[Hand]:
        """Find the hands of a picture (height, width, 3), or the one hand in a box (4,)."""


class Own:
    """likelihand's predictor as a tool.

    Args:
        predict: as `likelihand.load` returns it.
        name: in tables.
    """

    sure = True

    def __init__(self, predict: Predictor, name: str = "likelihand") -> None:
        self.predict, self.name = predict, name

    def __call__(self, image: Image, box: FloatArray | None, /) -> Sequence[Hand]:
        """Find the hands of a picture, or the one hand in a box."""
        return self.predict(image, None if box is None else box[None])


class MediaPipe:
    """MediaPipe Hands (its full model) in static-image mode; it states no uncertainty.

    Args:
        limit: most hands of a picture.
        score: least score of a palm, as its makers set it.

    It is opened at the first picture, so that a finished measurement can be read where it is not installed.
    """

    name, sure = "MediaPipe", False

    def __init__(self, limit: int = 2, score: float = 0.5) -> None:
        self.limit, self.score = limit, score

    @cached_property
    def _hands(self) -> Any:  # noqa: ANN401
        return _solutions().hands.Hands(
            static_image_mode=True,
            max_num_hands=self.limit,
            model_complexity=1,
            min_detection_confidence=self.score,
        )

    def __call__(self, image: Image, box: FloatArray | None, /) -> Sequence[Hand]:
        """Find the hands of a picture; a box is not accepted, since MediaPipe detects hands itself.

        Raises:
            ValueError: mediapipe is not installed, or its version comes without models; or a box is given.
        """
        if box is not None:
            raise ValueError("MediaPipe detects hands itself; measure it without given boxes")
        found = self._hands.process(np.ascontiguousarray(image))
        sides = [one.classification[0].label for one in found.multi_handedness or []]
        return [
            _hand(points, side, image)
            for points, side in zip(found.multi_hand_landmarks or [], sides, strict=True)
        ]


def _hand(found: Any, label: str, image: Image) -> Hand:  # noqa: ANN401
    """Turn landmarks in shares of the picture into a hand; MediaPipe names sides as a mirror shows them.

    They are taken to count the centres of pixels: on 98 labelled hands that fits better, by 0.0014 of NME.
    """
    height, width = image.shape[:2]
    points = corner_from_pixel_index([[mark.x * width, mark.y * height] for mark in found.landmark])
    side: Side = "left" if label == "Right" else "right"
    return Hand(points=points, scale=np.zeros_like(points), box=box_of_points(points), side=side)


def _solutions() -> Any:  # noqa: ANN401
    advice = "install mediapipe==0.10.21, or leave out --peer mediapipe"
    try:
        import mediapipe
    except ModuleNotFoundError as error:
        raise ValueError(f"mediapipe is not installed; {advice}") from error
    if not hasattr(mediapipe, "solutions"):
        version = getattr(mediapipe, "__version__", "of this version")
        raise ValueError(f"mediapipe {version} comes without hand models; {advice}")
    return mediapipe.solutions


def peer(name: str) -> Tool:
    """Return the tool of a name.

    Raises:
        ValueError: the name is unknown.

    Example:
        >>> peer("openpose")
        Traceback (most recent call last):
        ValueError: peer 'openpose' is unknown; give mediapipe
    """
    if name not in PEERS:
        raise ValueError(f"peer {name!r} is unknown; give {', '.join(PEERS)}")
    return MediaPipe()
