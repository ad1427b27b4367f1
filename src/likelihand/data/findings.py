"""What is likely wrong with one labelled hand, though it can be read."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from likelihand.geometry import box_length
from likelihand.hand import KEYPOINTS
from likelihand.structures import Record, Visibility

FAR_OUTSIDE: Final = 0.5
"""A keypoint may lie this many longer sides of the picture outside it: a hand cut off by the edge."""
LARGE: Final = 30.0
"""Box length in pixels from which on two joints are not labelled with the same pixel."""
_FINGER: Final = np.array([0, *(1 + i // 4 for i in range(20))])
_SAME_FINGER: Final = (_FINGER[:, None] == _FINGER) | (_FINGER[:, None] * _FINGER == 0)
"""(21, 21) whether two keypoints are of one finger, or one of them is the wrist."""
_CORNER: Final = 0.5
"""Where a file's (0, 0) lies, corner origin, at most."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: "unreadable", "picture", "corner", "coincident", "outside", or "reader" for what the reader left out
            or did not understand.
        text: one line that begins with the sample's key or the file's name.
        key: of the record; "" where it is none.
        index: of the record; None where it is none.
    """

    kind: str
    text: str
    key: str = ""
    index: int | None = None

    def __str__(self) -> str:
        return self.text


def label_problems(record: Record, size: tuple[int, int] | None) -> list[tuple[str, str]]:
    """List what is likely wrong with a record's labels.

    Args:
        record: a sound one, as `likelihand.data.check_record` takes it.
        size: (height, width) of its picture; keypoints outside are not checked where None.

    Returns:
        Kind and text of each: keypoints at the picture's corner, which tools write for those that are not there;
        keypoints that coincide; keypoints far outside the picture.

    Example:
        >>> from dataclasses import replace
        >>> from likelihand.data.drawn import DrawnHands
        >>> record = DrawnHands(1).record(0)
        >>> points = record.points.copy()
        >>> points[4:6] = 0.5
        >>> label_problems(replace(record, points=points), None)[0][1]
        'thumb_tip, index_mcp lie in the corner (0, 0) and count as labelled; give them visibility 0'
    """
    labelled = record.visibility != Visibility.UNLABELLED
    corner = labelled & (np.abs(record.points) <= _CORNER).all(1)
    problems = []
    if corner.any():
        problems.append(
            ("corner", f"{_names(corner)} lie in the corner (0, 0) and count as labelled; give them visibility 0")
        )
    same = _coincident(record.points, labelled & ~corner)
    if same.any() and box_length(record.box) >= LARGE:
        problems.append(("coincident", f"{_names(same)} lie on one another; move them or give visibility 0"))
    if size is not None and (far := labelled & _far_outside(record.points, size)).any():
        height, width = size
        problems.append(("outside", f"{_names(far)} lie far outside the picture of {width} x {height} pixels"))
    return problems


def _names(which: np.ndarray) -> str:
    return ", ".join(KEYPOINTS[i] for i in np.flatnonzero(which))


def _coincident(points: np.ndarray, looked_at: np.ndarray) -> np.ndarray:
    """Say of each point whether it lies where another does, which cannot be.

    Joints of two fingers may share a pixel, where places are whole numbers; three joints, or two of one finger,
    do not.
    """
    near = np.abs(points[:, None] - points[None]).max(-1) < 1e-6
    pairs = looked_at[:, None] & looked_at[None] & near & ~np.eye(len(points), dtype=bool)
    whole = (points[looked_at] * 2 % 1 == 0).all()
    doubtful = pairs & ~((pairs.sum(1) == 1)[:, None] & ~_SAME_FINGER) if whole else pairs
    return np.asarray(doubtful.any(1))


def _far_outside(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    reach = FAR_OUTSIDE * max(size)
    return np.asarray(((points < -reach) | (points > np.array(size[::-1]) + reach)).any(1))
