"""Track the hands of a film, and draw them on its frames."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from likelihand.geometry import Image
from likelihand.structures import TIPS, opposite
from likelihand.tracking.filters import Smoothing
from likelihand.tracking.frames import Frame
from likelihand.tracking.reading import VideoReader
from likelihand.tracking.tracker import PredictBoxes, TrackedHand, Tracker, Tracking, whole_picture
from likelihand.visualization.drawing import draw_keypoints, label_hand, line_width

if TYPE_CHECKING:
    from likelihand.inference import Predictor


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame(Frame):
    """One frame with its hands.

    Attributes:
        hands: the oldest track first; `TrackedHand.track` is a hand's number.
    """

    hands: tuple[TrackedHand, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the frame as JSON values: its number, time in seconds and size, and its hands in image pixels."""
        return {
            "frame": self.index,
            "time": round(self.seconds, 6),
            "size": list(self.image.shape[:2]),
            "hands": [hand.to_json() for hand in self.hands],
        }


def track(
    source: str | os.PathLike[str] | Iterable[Frame | Image],
    predict: "Predictor | None" = None,
    *,
    settings: Tracking | None = None,
    smoothing: Smoothing | None = Smoothing(),  # noqa: B008
    rate: float = 30.0,
    mirrored: bool = False,
) -> Iterator[TrackedFrame]:
    """Track the hands of a film, frame by frame, as `likelihand predict` does.

    Args:
        source: a film's path or address (rtsp://, http://), frames with times (`VideoReader`, `Camera`); or
            pictures, (height, width, 3) uint8 RGB.
        predict: the model; the bundled one where None, loaded with `likelihand.inference.FILMS`. Without a
            detector the picture is taken for one hand that fills it at first.
        settings: when tracks start and end.
        smoothing: the filter's weights; None gives the model's own points.
        rate: frames a second of a source of plain pictures.
        mirrored: whether the film is a mirror image, as selfie cameras make; left and right are then swapped. A
            predictor that was loaded as `mirrored` does that by itself.

    Yields:
        Each frame with its hands, in image pixels.

    Raises:
        VideoError: the film is damaged; every frame that can be read was given before.

    Example:
        >>> import numpy as np
        >>> from likelihand.inference import Predictor
        >>> from likelihand.inference.metadata import ModelMetadata
        >>> class Model:                          # a runtime that sees a hand in the middle of its crop
        ...     metadata = ModelMetadata(size=(64, 64))
        ...     shape = np.random.default_rng(0).uniform(12, 52, (21, 2))
        ...     def __call__(self, crops):
        ...         return {"points": np.stack([self.shape] * len(crops)), "scale": np.ones((len(crops), 21, 2))}
        >>> pictures = [np.zeros((48, 64, 3), np.uint8)] * 3
        >>> for frame in track(pictures, Predictor(Model()), rate=25):
        ...     print(frame.index, frame.seconds, [(hand.track, hand.side) for hand in frame.hands])
        0 0.0 [(0, None)]
        1 0.04 [(0, None)]
        2 0.08 [(0, None)]
    """
    if predict is None:
        from likelihand.inference import FILMS, load

        predict = load(**FILMS, mirrored=mirrored)
    swapped = mirrored and not predict.mirrored
    frames = VideoReader(source) if isinstance(source, str | os.PathLike) else source
    follow = tracker_of(predict, settings, smoothing)
    for index, item in enumerate(frames):
        frame = item if isinstance(item, Frame) else Frame(index, index / rate, item)
        hands = follow(frame.image, frame.seconds)
        if swapped:
            hands = [replace(hand, side=hand.side and opposite(hand.side)) for hand in hands]
        yield TrackedFrame(frame.index, frame.seconds, frame.image, tuple(hands))


def unmirrored(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Flip the frames of a mirrored film back.

    Example:
        >>> import numpy as np
        >>> frame, = unmirrored([Frame(0, 0.0, np.arange(6, dtype=np.uint8).reshape(1, 2, 3))])
        >>> frame.image.tolist()
        [[[3, 4, 5], [0, 1, 2]]]
    """
    for frame in frames:
        yield replace(frame, image=np.ascontiguousarray(frame.image[:, ::-1]))


def tracker_of(
    predict: "Predictor",
    settings: Tracking | None = None,
    smoothing: Smoothing | None = Smoothing(),  # noqa: B008
) -> Tracker:
    """Make a tracker from a predictor and its detector; without one, a film starts with one hand that fills it.

    Example:
        >>> from likelihand.inference import load
        >>> tracker_of(load(detector=False)).settings.most
        1
    """
    look: PredictBoxes = predict
    if predict.detector is not None:
        settings = settings or Tracking()
        if settings.confidence is None:
            settings = replace(settings, confidence=predict.confidence)
        return Tracker(look, predict.detector, settings, smoothing)
    settings = settings or Tracking(most=1)  # who says that it shows one hand is believed
    start = min(settings.start, settings.presence)
    return Tracker(look, whole_picture, replace(settings, start=start, confidence=0.0), smoothing)


def draw_tracks(image: Image, hands: Sequence[TrackedHand]) -> Image:
    """Draw tracked hands on a copy of a frame, each with its side and number, and how sure its ends are.

    Args:
        image: (height, width, 3) uint8 RGB.
        hands: in its pixels; one that is not seen shows as its number alone.

    Example:
        >>> import numpy as np
        >>> hand = TrackedHand(np.full((21, 2), 8.0), np.ones((21, 2)), np.zeros(4))
        >>> draw_tracks(np.zeros((16, 16, 3), np.uint8), [hand]).max() > 0
        np.True_
    """
    canvas = image.copy()
    for hand in hands:
        if hand.seen:
            _draw_hand(canvas, hand)
        text = f"{hand.side or 'hand'} {hand.track}" if hand.seen else f"({hand.track})"
        label_hand(canvas, text, hand.points)
    return canvas


def _draw_hand(canvas: Image, hand: TrackedHand) -> None:
    """Draw a hand with the ellipses of its wrist and tips, in the part of the canvas that it covers."""
    ends = [0, *TIPS]
    covariance = np.zeros_like(hand.covariance)
    covariance[ends] = hand.covariance[ends]
    reach = 2 * np.sqrt(np.trace(covariance, axis1=1, axis2=2))[:, None] + 3 * line_width(hand.points)
    height, width = canvas.shape[:2]
    left, top = (int(v) for v in np.clip((hand.points - reach).min(0), 0, (width, height)))
    right, bottom = (int(v) for v in np.ceil(np.clip((hand.points + reach).max(0), 0, (width, height))))
    if right > left and bottom > top:
        part = np.ascontiguousarray(canvas[top:bottom, left:right])
        draw_keypoints(part, hand.points - (left, top), covariance=covariance)
        canvas[top:bottom, left:right] = part
