"""The 21 keypoints: names, fingers, bones, colours, and other conventions' orders as permutations.

The order is FreiHAND's and MediaPipe's: the wrist, then thumb, index, middle, ring and little finger, each
from palm to tip. An order of another convention is a tuple `p` such that `ours = theirs[p]`.

Example:
    >>> KEYPOINTS[8], INDEX["little_tip"], len(BONES)
    ('index_tip', 20, 20)
"""

from typing import Final, Literal, TypeAlias

Side: TypeAlias = Literal["left", "right"]

FINGERS: Final = ("thumb", "index", "middle", "ring", "little")
_JOINTS: Final = dict.fromkeys(FINGERS, ("mcp", "pip", "dip", "tip")) | {"thumb": ("cmc", "mcp", "ip", "tip")}

KEYPOINTS: Final[tuple[str, ...]] = ("wrist", *(f"{f}_{j}" for f in FINGERS for j in _JOINTS[f]))
"""The 21 names in order."""

INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(KEYPOINTS)}
"""Name to position."""


def index_of(name: str) -> int:
    """Return the position of a keypoint by its name.

    Raises:
        KeyError: no keypoint has this name; the message lists all.

    Example:
        >>> index_of("index_tip")
        8
    """
    if name not in INDEX:
        raise KeyError(f"{name!r} is not the name of a keypoint; give one of {', '.join(KEYPOINTS)}")
    return INDEX[name]


FINGER_KEYPOINTS: Final[dict[str, tuple[int, int, int, int]]] = {
    finger: (4 * i + 1, 4 * i + 2, 4 * i + 3, 4 * i + 4) for i, finger in enumerate(FINGERS)
}
"""The four keypoints of each finger, palm to tip."""

BONES: Final[tuple[tuple[int, int], ...]] = tuple(
    bone for f in FINGERS for bone in zip((0, *FINGER_KEYPOINTS[f][:-1]), FINGER_KEYPOINTS[f], strict=True)
)
"""Pairs (parent, child) of keypoints: the 20 segments that a drawing shows."""

TIPS: Final = tuple(FINGER_KEYPOINTS[f][3] for f in FINGERS)
PAPER_JOINTS: Final = (0, *(FINGER_KEYPOINTS[f][0] for f in FINGERS), *TIPS)
"""The paper's 11 joints (figs. 5 to 7): the root, the five finger bases and the five tips."""

DEPTHS: Final = ("depth", "depth_scale")
"""What a model says of how far away keypoints are, if it does: `likelihand.structures.Hand` has it."""

TRAITS: Final = ("side", "presence")
"""What is asked of a hand as a whole: is it a right one, and is there one at all."""

FINGER_COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "thumb": (230, 159, 0),
    "index": (86, 180, 233),
    "middle": (0, 158, 115),
    "ring": (240, 228, 66),
    "little": (204, 121, 167),
}
"""RGB, the colour-blind safe palette of Okabe and Ito."""

WRIST_COLOUR: Final = (255, 255, 255)

RHD_ORDER: Final = (0, *(i for f in FINGERS for i in reversed(FINGER_KEYPOINTS[f])))
"""RHD counts each finger from tip to palm; the permutation is its own inverse."""

INTERHAND_ORDER: Final = (
    20,
    *(i for base in (0, 4, 8, 12, 16) for i in (base + 3, base + 2, base + 1, base)),
)
"""InterHand2.6M: each finger from tip to palm, the wrist last."""


def opposite(side: Side) -> Side:
    """Return the other side: what a flipped picture of a hand shows.

    A mirrored left hand is a right hand with the same keypoint indices, so a flip permutes no keypoint.

    Example:
        >>> opposite("left")
        'right'
    """
    return "right" if side == "left" else "left"
