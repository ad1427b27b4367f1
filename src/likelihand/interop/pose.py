"""Films as `.pose` files, the format of sign language processing (pose-format).

Left and right hands are the components `LEFT_HAND_LANDMARKS` and `RIGHT_HAND_LANDMARKS` with MediaPipe's names, as
the files have them that `video_to_pose` makes of MediaPipe Holistic; hands without a side are `HAND_LANDMARKS`.
Coordinates are pixels from the picture's corner, the confidence is ours.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from likelihand.interop.certainty import Line
from likelihand.interop.packages import needed
from likelihand.structures import BONES, FINGER_COLOURS, FINGERS, KEYPOINTS
from likelihand.utils.files import replacing

COMPONENTS: Final = {"left": "LEFT_HAND_LANDMARKS", "right": "RIGHT_HAND_LANDMARKS", None: "HAND_LANDMARKS"}
POINTS: Final = tuple(
    name.upper().replace("LITTLE", "PINKY").replace("_", "_FINGER_")
    if name.startswith(("index", "middle", "ring"))
    else name.upper().replace("LITTLE", "PINKY")
    for name in KEYPOINTS
)
"""MediaPipe's names, in our order, which is its order too."""
_LEAST: Final = 1e-3
"""Confidence below which a keypoint would count as missing, which 0 means to pose-format."""
_RATE: Final = 30.0
"""Frames a second of a film of a single frame."""


def write_pose(read: Callable[[], Iterable[Line]], path: str | Path) -> Path:
    """Write a film as a .pose file.

    Args:
        read: gives the film's lines, as `likelihand predict` writes them; it is called twice.
        path: of the file.

    Returns:
        The path. A person of the file holds one hand of each side at a time: with one signer, person 0 both of
        theirs. Frames are counted at the film's mean rate, for the format has one rate.

    Raises:
        ModuleNotFoundError: pose-format is missing.
        ValueError: the film has no frame.
    """
    pose_format = needed("pose_format", "a .pose file")
    numpy_body = needed("pose_format.numpy", "a .pose file")
    frames, times, size, tracks = _survey(read())
    if not frames:
        raise ValueError(f"{path}: the film has no frame; nothing to write")
    seats = _seats(tracks)
    sides = [side for side in COMPONENTS if side is not None or any(track[2] is None for track in tracks.values())]
    data = np.zeros((frames, 1 + max(seats.values(), default=0), 21 * len(sides), 2), np.float32)
    confidence = np.zeros(data.shape[:3], np.float32)
    for frame, line in enumerate(read()):
        for hand in line["hands"]:
            start = 21 * sides.index(tracks[hand["track"]][2])
            place = (frame, seats[hand["track"]], slice(start, start + 21))
            data[place] = hand["keypoints"]
            confidence[place] = np.maximum(hand["confidence"], _LEAST)
    mask = np.repeat(confidence[..., None] == 0, 2, -1)
    rate = (frames - 1) / (times[1] - times[0]) if times[1] > times[0] else _RATE
    body = numpy_body.NumPyPoseBody(rate, np.ma.masked_array(data, mask), confidence)
    pose = pose_format.Pose(_header([COMPONENTS[side] for side in sides], size), body)
    with replacing(path) as part, part.open("wb") as file:
        pose.write(file)
    return Path(path)


def _survey(lines: Iterable[Line]) -> tuple[int, tuple[float, float], list[int], dict[int, tuple[int, int, Any]]]:
    """Return a film's frames, first and last time, size, and tracks: first and last frame, side."""
    frames, times, size = 0, [0.0, 0.0], [0, 0]
    seen: dict[int, tuple[int, int]] = {}
    votes: dict[int, Counter[Any]] = {}
    for frame, line in enumerate(lines):
        frames, size = frame + 1, [max(a, b) for a, b in zip(size, line["size"], strict=True)]
        times[bool(frame)] = line["time"]
        for hand in line["hands"]:
            seen[hand["track"]] = (seen.get(hand["track"], (frame, frame))[0], frame)
            votes.setdefault(hand["track"], Counter())[hand["side"]] += 1
    tracks = {number: (*ends, votes[number].most_common(1)[0][0]) for number, ends in seen.items()}
    return frames, (times[0], times[1]), size, tracks


def _seats(tracks: dict[int, tuple[int, int, Any]]) -> dict[int, int]:
    """Assign each track a person, so that no two of a side share one at a time; the first that is free.

    Example:
        >>> _seats({0: (0, 9, "left"), 1: (2, 5, "left"), 2: (0, 9, "right"), 3: (6, 9, "left")})
        {0: 0, 2: 0, 1: 1, 3: 1}
    """
    given: dict[int, int] = {}
    for number, (first, last, side) in sorted(tracks.items(), key=lambda item: (item[1][0], item[0])):
        busy = {
            seat
            for other, seat in given.items()
            if tracks[other][2] == side and tracks[other][0] <= last and first <= tracks[other][1]
        }
        given[number] = next(seat for seat in range(len(tracks)) if seat not in busy)
    return given


def _header(components: list[str], size: list[int]) -> Any:  # noqa: ANN401
    module = needed("pose_format.pose_header", "a .pose file")
    colours = [FINGER_COLOURS[FINGERS[place // 4]] for place in range(len(BONES))]
    parts = [module.PoseHeaderComponent(name, list(POINTS), list(BONES), colours, "XYC") for name in components]
    return module.PoseHeader(
        version=module.VERSION, dimensions=module.PoseHeaderDimensions(size[1], size[0]), components=parts
    )
