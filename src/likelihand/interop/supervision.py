"""Hands as `supervision.KeyPoints`, with covariances that its ellipse annotators draw, and back.

Coordinates stay as they are, with the picture's corner for the origin: so have them supervision's own readers of
Ultralytics' and MediaPipe's results.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from likelihand.geometry import box_of_points
from likelihand.interop.packages import needed
from likelihand.structures import Hand, Side
from likelihand.uncertainty import GAUSSIAN, Radial

if TYPE_CHECKING:
    import supervision

SIDES: Final[tuple[Side | None, ...]] = ("left", "right", None)
"""Side to class id: 0 and 1 are those that supervision gives MediaPipe's hands."""
NAMES: Final = ("left hand", "right hand", "hand")
"""Names of the classes."""


def to_supervision(hands: Sequence[Hand]) -> "supervision.KeyPoints":
    """Return the hands of a picture as key points of supervision.

    Args:
        hands: in image pixels.

    Returns:
        `xy` (hands, 21, 2) float32 image pixels, `keypoint_confidence` (hands, 21), `detection_confidence` the
        hands' scores, `class_id` and `data["class_name"]` the side, `visible` whether a keypoint lies inside the
        picture, `data["covariance"]` (hands, 21, 2, 2) square pixels, and `data["box"]`. Of tracked hands
        `data["tracker_id"]` too.

    Raises:
        ModuleNotFoundError: supervision is missing.

    Example:
        >>> import pytest
        >>> _ = pytest.importorskip("supervision")
        >>> hand = Hand(np.ones((21, 2)), np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)), "left")
        >>> key_points = to_supervision([hand])
        >>> key_points.data["covariance"].shape, key_points.data["class_name"].tolist()
        ((1, 21, 2, 2), ['left hand'])
    """
    key_points: type[supervision.KeyPoints] = needed("supervision", "to_supervision").KeyPoints
    if not hands:
        return key_points.empty()
    numbers = [SIDES.index(hand.side) for hand in hands]
    data: dict[str, Any] = {
        "covariance": np.stack([hand.covariance for hand in hands]).astype(np.float32),
        "class_name": np.array([NAMES[number] for number in numbers]),
        "box": np.stack([hand.box for hand in hands]),
    }
    if all(hasattr(hand, "track") for hand in hands):
        data["tracker_id"] = np.array([getattr(hand, "track") for hand in hands])  # noqa: B009
    return key_points(
        xy=np.stack([hand.points for hand in hands]).astype(np.float32),
        class_id=np.array(numbers),
        keypoint_confidence=np.stack([hand.confidence for hand in hands]).astype(np.float32),
        detection_confidence=np.array([hand.score for hand in hands], np.float32),
        visible=np.stack([hand.inside for hand in hands]),
        data=data,
    )


def from_supervision(
    key_points: "supervision.KeyPoints", radial: Radial = GAUSSIAN, picture: tuple[int, int] | None = None
) -> list[Hand]:
    """Return key points of supervision as hands.

    Args:
        key_points: 21 an object, in our order, which is MediaPipe's; without `data["covariance"]` nothing is known
            of how sure they are, and their covariance is 0.
        radial: how probability grows with the distance: `hand.radial` of the hands that they were.
        picture: (height, width) of the picture; None where it is not known.

    Returns:
        The hands; the side is that of the class's name, or of class 0 (left) and 1 (right) without names.

    Raises:
        ValueError: an object has another number of key points.

    Example:
        >>> import pytest
        >>> sv = pytest.importorskip("supervision")
        >>> from_supervision(sv.KeyPoints(xy=np.ones((1, 21, 2), np.float32), class_id=np.array([1])))[0].side
        'right'
    """
    xy = np.asarray(key_points.xy, np.float64)
    if not len(xy):
        return []
    if xy.shape[1:] != (21, 2):
        raise ValueError(f"key points of shape {xy.shape}; give 21 an object: (objects, 21, 2)")
    covariance = np.asarray(key_points.data.get("covariance", np.zeros((*xy.shape, 2))), np.float64)
    scores = np.ones(len(xy)) if key_points.detection_confidence is None else key_points.detection_confidence
    boxes = key_points.data.get("box", [box_of_points(points) for points in xy])
    return [
        Hand(
            points=points,
            scale=np.sqrt(spread.reshape(-1, 4)[:, ::3]),
            box=np.asarray(box, np.float64),
            covariance=spread,
            side=side,
            score=float(score),
            radial=radial,
            picture=picture,
        )
        for points, spread, score, box, side in zip(xy, covariance, scores, boxes, _sides(key_points), strict=True)
    ]


def _sides(key_points: "supervision.KeyPoints") -> list[Side | None]:
    """Return the sides that the classes' names say, or their numbers where there are no names."""
    names: Any = key_points.data.get("class_name")
    if names is not None:
        words = [str(name).lower() for name in names]
        return [next((side for side in SIDES[:2] if side and side in word), None) for word in words]
    if key_points.class_id is None:
        return [None] * len(key_points.xy)
    return [SIDES[number] if number < len(SIDES) else None for number in map(int, key_points.class_id)]
