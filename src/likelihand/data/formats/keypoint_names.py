"""Map keypoint names of other projects and annotation tools to ours."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from likelihand.structures import FINGER_KEYPOINTS, Side
from likelihand.utils.validation import plain, shown

_FINGERS: Final = {
    "thumb": "thumb", "th": "thumb", "t": "thumb",
    "index": "index", "forefinger": "index", "fore": "index", "pointer": "index", "ind": "index", "i": "index",
    "middle": "middle", "mid": "middle", "m": "middle",
    "ring": "ring", "r": "ring",
    "little": "little", "pinky": "little", "pinkie": "little", "small": "little", "p": "little", "l": "little",
}  # fmt: skip
_JOINTS: Final = {
    "cmc": "cmc", "tm": "cmc", "tmc": "cmc", "metacarpal": "cmc",
    "mcp": "mcp", "knuckle": "mcp", "knuckles": "mcp", "proximal": "mcp",
    "pip": "pip", "ip": "pip", "intermediate": "pip",
    "dip": "dip", "distal": "dip",
    "tip": "tip", "fingertip": "tip", "end": "tip",
}  # fmt: skip
_SIDES: Final[dict[str, Side]] = {"left": "left", "right": "right", "l": "left", "r": "right"}
_NOISE: Final = ("finger", "hand", "joint", "wrist", "root", "phalanx")
_RANKS: Final = ("cmc", "mcp", "pip", "dip", "tip")
_THUMBS: Final = ({"cmc", "mcp", "pip", "tip"}, {"mcp", "pip", "dip", "tip"}, {"cmc", "mcp", "dip", "tip"})
"""The joints of a thumb as MediaPipe names them (ip for pip), DexYCB, and WebXR."""

_LONG: Final = sorted({w for w in [*_FINGERS, *_JOINTS, *_SIDES, *_NOISE] if len(w) > 1}, key=len, reverse=True)
_GLUED: Final = re.compile(f"(?:{'|'.join(_LONG)})+")
_INITIAL: Final = re.compile("([timrpl])(cmc|mcp|pip|dip|ip|tip)")
_HELP: Final = (
    "give keypoint_order, on the command line --keypoint-order (our keypoint i is theirs[keypoint_order[i]]; "
    "0 to 20 where they are in our order)"
)


@dataclass(frozen=True, slots=True)
class Name:
    """What a keypoint's name says.

    Attributes:
        side: of the hand, where it says so.
        finger: one of ours, or "wrist".
        joint: "cmc" to "tip", where it says so.
        number: the last number in it, where there is one.
    """

    side: Side | None
    finger: str
    joint: str | None = None
    number: int | None = None


def words_of(text: str) -> list[str]:
    """Split text into words and numbers in lower case, at changes of case and within glued words too.

    Example:
        >>> words_of("RThumb4FingerTip"), words_of("left-pinkyMCP"), words_of("ringfinger_2")
        (['r', 'thumb', '4', 'finger', 'tip'], ['left', 'pinky', 'mcp'], ['ring', 'finger', '2'])
    """
    return [
        word for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", text) for word in _unglued(part.lower())
    ]


def _unglued(word: str) -> list[str]:
    if word in _JOINTS or word in _FINGERS:
        return [word]
    if initial := _INITIAL.fullmatch(word):
        return [*initial.groups()]
    return re.findall("|".join(_LONG), word) if _GLUED.fullmatch(word) else [word]


def name_of(text: str) -> Name | None:
    """Return what a keypoint's name says; None where it is not understood.

    Example:
        >>> name_of("left_pinky_1")
        Name(side='left', finger='little', joint=None, number=1)
        >>> name_of("RThumb1CMC").joint, name_of("TMCP").finger, name_of("palm")
        ('cmc', 'thumb', None)
    """
    words = words_of(text)
    numbers = [int(word) for word in words if word.isdecimal() and len(word) < 5]
    number = numbers[-1] if numbers else None
    joint = next((_JOINTS[word] for word in reversed(words) if word in _JOINTS), None)
    finger, rest = _finger_of(words)
    side = next((_SIDES[word] for word in rest if word in _SIDES), None)
    if finger is None:
        wrist = "wrist" in words or "carpus" in words or (words[-1:] == ["root"] and joint is None)
        return Name(side, "wrist") if wrist else None
    return Name(side, finger, joint, number)


def _finger_of(words: list[str]) -> tuple[str | None, list[str]]:
    """Return the finger that words name, in full or else by its initial before the joint, and the other words."""
    long = next((i for i, word in enumerate(words) if len(word) > 1 and word in _FINGERS), None)
    if long is None:
        follows = [w in _JOINTS or w.isdecimal() for w in words[1:]]
        long = next((i for i, f in enumerate(follows) if f and words[i] in _FINGERS), None)
    if long is None:
        return None, words
    return _FINGERS[words[long]], [*words[:long], *words[long + 1 :]]


def order_of_names(names: Sequence[object]) -> tuple[int, ...]:
    """Return `p` such that our keypoint i is theirs[p[i]], for the 21 names of one hand.

    Numbers alone (1 to 21 or 0 to 20, with the same text around them) stand for our own order, which is that of
    OpenPose, MediaPipe and FreiHAND too; within a finger, numbers count from the palm.

    Raises:
        ValueError: a name is not understood, or two mean the same keypoint.

    Example:
        >>> from likelihand.structures import KEYPOINTS
        >>> order_of_names(KEYPOINTS[::-1])[:3]
        (20, 19, 18)
    """
    hands = hands_of_names(names)
    if len(hands) != 1:
        raise ValueError(f"the {len(names)} keypoint names are those of {len(hands)} hands; {_HELP}")
    return hands[0][1]


def hands_of_names(names: Sequence[object]) -> list[tuple[Side | None, tuple[int, ...]]]:
    """Return the hands whose keypoints are named: one of 21 names, two of 42.

    Each has its side, where the names say so, and `p` such that our keypoint i is theirs[p[i]].

    Raises:
        ValueError: a name is not understood, two mean the same keypoint, or they do not tell two hands apart.

    Example:
        >>> from likelihand.structures import KEYPOINTS
        >>> both = [f"{side}_{name}" for side in ("right", "left") for name in KEYPOINTS]
        >>> [(side, order[:2]) for side, order in hands_of_names(both)]
        [('right', (0, 1)), ('left', (21, 22))]
    """
    texts = [_text(name) for name in names]
    if hands := _numbered(texts):
        return hands
    read = [name_of(text) for text in texts]
    if None in read:
        place = read.index(None)
        raise ValueError(
            f"keypoint name {shown(texts[place])} (number {place} of {len(texts)}) is not understood; {_HELP}"
        )
    parts: defaultdict[Side | None, dict[int, Name]] = defaultdict(dict)
    sides = {name.side for name in read if name is not None}
    for place, name in enumerate(read):
        if name is not None:
            parts[name.side if len(texts) == 42 or len(sides) == 1 else None][place] = name
    return [(side, _order(part)) for side, part in parts.items()]


def _text(name: object) -> str:
    return plain(int(name) if isinstance(name, float) and name.is_integer() else name)


def _numbered(texts: Sequence[str]) -> list[tuple[Side | None, tuple[int, ...]]]:
    """Return the hands of names that differ by a number alone, or by a side and a number; none of others."""
    found = [re.fullmatch(r"(.*?)(\d{1,4})(\D*)", text.strip(), re.DOTALL) for text in texts]
    parts: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for place, match in enumerate(found):
        if match is None or _finger_of(words_of(match[1] + match[3]))[0] or "wrist" in words_of(match[1]):
            return []
        parts[match[1] + match[3]][int(match[2])] = place
    sides = [next((_SIDES[word] for word in words_of(text) if word in _SIDES), None) for text in parts]
    if len(parts) > 2 or len(set(sides)) != len(parts) or (len(parts) == 2 and None in sides):
        return []
    for part in parts.values():
        if sorted(part) not in ([*range(21)], [*range(1, 22)]):
            raise ValueError(f"keypoints are numbered {min(part)} to {max(part)}, not 0 to 20 or 1 to 21; {_HELP}")
    return [(side, tuple(part[i] for i in sorted(part))) for side, part in zip(sides, parts.values(), strict=True)]


def _order(names: dict[int, Name]) -> tuple[int, ...]:
    """Return the places of one hand's names in our order."""
    places: dict[int, int] = {}
    for finger in ("wrist", *FINGER_KEYPOINTS):
        group = [(place, name) for place, name in names.items() if name.finger == finger]
        ours = [0] if finger == "wrist" else FINGER_KEYPOINTS[finger]
        if len(group) != len(ours):
            raise ValueError(
                f"the keypoint names hold {len(group)} of the {finger}, expected {len(ours)}; {_HELP}"
            )
        places |= dict(zip(ours, _from_palm(finger, group), strict=True))
    return tuple(places[i] for i in range(21))


def _from_palm(finger: str, group: list[tuple[int, Name]]) -> list[int]:
    """Return the places of a finger's names from the palm to the tip."""
    if finger == "wrist":
        return [group[0][0]]
    ranks = [*_ranks(finger, [name for _, name in group])]
    if len(set(ranks)) != 4:
        doubled = Counter(ranks).most_common(1)[0][0]
        raise ValueError(f"two keypoint names of the {finger} finger mean the same ({doubled:g}); {_HELP}")
    return [place for _, (place, _) in sorted(zip(ranks, group, strict=True))]


def _ranks(finger: str, names: list[Name]) -> Iterator[float]:
    """Yield how far each of a finger's four names is from the palm."""
    joints = {name.joint for name in names}
    if joints in (_THUMBS if finger == "thumb" else ({"mcp", "pip", "dip", "tip"},)):
        yield from (_RANKS.index(name.joint) for name in names if name.joint)
        return
    numbers = sorted(-1 if name.number is None else name.number for name in names if _counted(name))
    whole = numbers in ([0, 1, 2, 3], [1, 2, 3, 4]) or (numbers in ([0, 1, 2], [1, 2, 3]) and len(names) == 4)
    if not whole or joints - {None, "tip"}:
        listed = ", ".join(str(name.joint or name.number) for name in names)
        raise ValueError(f"the keypoint names of the {finger} ({listed}) are not understood; {_HELP}")
    yield from (float(name.number) if _counted(name) and name.number is not None else 9.0 for name in names)


def _counted(name: Name) -> bool:
    """Say whether a name counts its joint; of MANO's, the tip is named without a number."""
    return name.joint is None and name.number is not None
