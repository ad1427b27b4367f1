"""Which hand it is, in the many ways that annotation tools have to say so."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from likelihand.data.formats.keypoint_names import words_of
from likelihand.structures import Side
from likelihand.utils.validation import shown

_WORDS: Final[dict[str, Side]] = {
    "left": "left", "l": "left", "lh": "left", "lhand": "left", "lefthanded": "left",
    "right": "right", "r": "right", "rh": "right", "rhand": "right", "righthanded": "right",
}  # fmt: skip
_UNSAID: Final = frozenset(
    {"", "none", "null", "nan", "unknown", "unsure", "undefined", "unspecified", "na", "n a", "both", "other",
     "interacting", "ambiguous", "hand", "hands", "either", "any"}
)  # fmt: skip
_FIELDS: Final = frozenset(
    {"handedness", "side", "handtype", "handside", "sidehand", "whichhand", "hand", "sideofhand", "laterality",
     "chirality", "handlaterality", "handchirality", "leftright", "leftorright", "rightorleft", "rightleft",
     "handleftright", "lr", "rl", "handlr", "lorr", "rorl", "isleftorright", "handlabel", "handname", "handclass"}
)  # fmt: skip
_LABELS: Final = frozenset(
    {"label", "class", "name", "type", "category", "value", "tag", "categoryname", "displayname"}
)
"""Fields that may say the side of a hand among other things: anything else in them is not told as a mistake."""
_CONTAINERS: Final = frozenset(
    {"attributes", "attribute", "extra", "tags", "usertags", "meta", "metadata", "properties"}
)
_TRUE: Final = frozenset({"1", "1.0", "true", "yes", "y", "t"})
_FALSE: Final = frozenset({"0", "0.0", "false", "no", "n", "f"})
_DEEPEST: Final = 3
_ASKED: Final[dict[str, tuple[Side, Side]]] = {"left": ("left", "right"), "right": ("right", "left")}
"""What yes and no mean in a field like `is_right`."""


def side_of_text(text: str) -> Side | None:
    """Return the side that text names and nothing else; None where it names none, both, or more than a hand.

    Example:
        >>> [side_of_text(t) for t in ("Left hand", "R", "hand_right", "LH", "right camera", "left/right")]
        ['left', 'right', 'right', 'left', None, None]
    """
    words = [word for word in words_of(text) if word not in ("hand", "hands", "side", "handed")]
    sides = {_WORDS.get(word) for word in words}
    return sides.pop() if len(sides) == 1 else None


def side_in_text(text: str) -> Side | None:
    """Return the side that a category's name holds among other words; None where it holds none or both.

    Example:
        >>> [side_in_text(t) for t in ("Left Hand 21 keypoints", "hand-R", "RightHand", "hand")]
        ['left', 'right', 'right', None]
    """
    sides = {_WORDS[word] for word in words_of(text) if word in _WORDS}
    return sides.pop() if len(sides) == 1 else None


class Statements:
    """What an annotation says about the side, statement by statement.

    Args:
        annotation: fields of the annotation, with its attributes and tags.
        more: further statements: what makes it, and the side or None, as the category's name.

    Example:
        >>> Statements({"attributes": {"is_right": "0"}}, {"category 'hand'": None}).settled()
        ('left', None)
        >>> Statements({"handedness": "R"}, {"category 'l_hand'": "left"}).settled()
        (None, "sides that contradict each other: category 'l_hand' says left, handedness 'R' says right")
    """

    def __init__(self, annotation: Mapping[str, Any], more: Mapping[str, Side | None]) -> None:
        self.said: dict[str, Side] = {what: side for what, side in more.items() if side is not None}
        self.unread: list[str] = []
        self._fields(annotation, depth=0)

    def settled(self) -> tuple[Side | None, str | None]:
        """Return the side, and what is wrong with the statements, where something is."""
        if len(set(self.said.values())) > 1:
            told = ", ".join(f"{what} says {side}" for what, side in self.said.items())
            return None, f"sides that contradict each other: {told}"
        if self.said:
            return next(iter(self.said.values())), None
        return None, f"a side that is not understood: {self.unread[0]}" if self.unread else None

    def _fields(self, fields: Mapping[str, Any], depth: int) -> None:
        kinds = {name: kind for name in fields if (kind := _kind_of(name)) != "other"}
        if not kinds:
            return
        asked = {name: sides for name, kind in kinds.items() if (sides := _ASKED.get(kind))}
        both = len(set(asked.values())) > 1  # then "no" to one of them does not mean the other
        for name, kind in kinds.items():
            what, value = f"{name} {shown(fields[name])}", fields[name]
            if kind == "container" and depth < _DEEPEST:
                self._contained(value, depth + 1)
            elif kind in ("side", "label"):
                self._text(what, value, kind == "side", depth)
            elif name in asked and not {"top", "bottom"} & fields.keys():  # left and right of a box are pixels
                self._truth(what, value, asked[name], both)

    def _contained(self, value: object, depth: int) -> None:
        """Read attributes: a mapping, a list of tags, or a list of {name, value}."""
        if isinstance(value, dict):
            self._fields(value, depth)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, str) and (side := side_of_text(part)):
                self.said[f"tag {shown(part)}"] = side
            elif isinstance(part, dict) and isinstance(value, list):
                named = {str(part["name"]): part["value"]} if {"name", "value"} <= part.keys() else part
                self._fields(named, depth)

    def _text(self, what: str, value: object, sure: bool, depth: int) -> None:
        for text in _texts(value, depth):
            if side := side_of_text(text):
                self.said[what] = side
            elif sure and " ".join(words_of(text)) not in _UNSAID:
                self.unread.append(what)

    def _truth(self, what: str, value: object, asked: tuple[Side, Side], both: bool) -> None:
        """Read a yes or no."""
        text = str(value).strip().lower() if isinstance(value, str | int | float) else ""
        if text in _TRUE or (text in _FALSE and not both):
            self.said[what] = asked[text in _FALSE]
        elif isinstance(value, str) and text not in _UNSAID | _FALSE:
            self.unread.append(what)


@lru_cache(maxsize=1000)
def _kind_of(name: object) -> str:
    """Return what a field may say: "container", "side", "label", "left" or "right" (yes or no), or "other"."""
    plain = re.sub("[^a-z0-9]", "", str(name).lower())
    for kind, names in (("container", _CONTAINERS), ("side", _FIELDS), ("label", _LABELS)):
        if plain in names:
            return kind
    asked = re.sub("handed|hands?|is", "", plain)
    return asked if asked in _ASKED else "other"


def _texts(value: object, depth: int) -> Iterator[str]:
    """Yield the text of a value, also where a tool wraps it as {label, score} or in a list."""
    if isinstance(value, str | int | float):
        yield str(value)
    elif isinstance(value, list) and depth < _DEEPEST:
        for part in value[:4]:
            yield from _texts(part, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name, part in value.items():
            if re.sub("[^a-z]", "", str(name).lower()) in _LABELS:
                yield from _texts(part, depth + 1)
