"""Keypoint names of other projects, read as ours."""

import re
from collections.abc import Sequence
from typing import Final

from likelihand.hand import FINGER_KEYPOINTS

_FINGERS: Final = {
    "thumb": "thumb", "index": "index", "fore": "index", "pointer": "index", "middle": "middle",
    "ring": "ring", "little": "little", "pinky": "little", "pinkie": "little",
}  # fmt: skip
_JOINTS: Final = {"mcp": 0, "pip": 1, "dip": 2, "tip": 3, "1": 0, "2": 1, "3": 2, "4": 3}
_THUMB_JOINTS: Final = {"cmc": 0, "mcp": 1, "ip": 2, "tip": 3, "1": 0, "2": 1, "3": 2, "4": 3}


def keypoint_of_name(name: str) -> int | None:
    """Give our index of a keypoint that another project names; None where the name is not understood.

    Numbers count from the palm (1) to the tip (4).

    Example:
        >>> [keypoint_of_name(n) for n in ("WRIST", "forefinger4", "left_pinky_1", "THUMB_IP", "elbow")]
        [0, 8, 17, 3, None]
    """
    words = name.lower()
    if "wrist" in words or words.endswith("hand_root"):
        return 0
    finger = next((ours for theirs, ours in _FINGERS.items() if theirs in words), None)
    joint = re.search(r"(cmc|mcp|pip|dip|ip|tip|[1-4])$", words)
    if finger is None or joint is None:
        return None
    position = (_THUMB_JOINTS if finger == "thumb" else _JOINTS).get(joint[1])
    return None if position is None else FINGER_KEYPOINTS[finger][position]


def order_of_names(names: Sequence[str]) -> tuple[int, ...]:
    """Give `p` such that our keypoint i is theirs[p[i]].

    Raises:
        ValueError: a name is not understood, or two mean the same keypoint.

    Example:
        >>> from likelihand.hand import KEYPOINTS
        >>> order_of_names(KEYPOINTS[::-1])[:3]
        (20, 19, 18)
    """
    ours = [keypoint_of_name(str(name)) for name in names]
    if None in ours:
        raise ValueError(f"keypoint name {names[ours.index(None)]!r} is not understood; give keypoint_order")
    if sorted(i for i in ours if i is not None) != list(range(21)):
        raise ValueError(f"the {len(names)} keypoint names do not mean 21 keypoints; give keypoint_order")
    return tuple(ours.index(i) for i in range(21))
