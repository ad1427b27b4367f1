"""One loop over hands, conditions and tools."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from likelihand.data.dataset import Dataset
from likelihand.data.images import picture_id
from likelihand.evaluation.boxes import match_boxes
from likelihand.evaluation.loop import batches
from likelihand.evaluation.robustness.conditions import Condition
from likelihand.evaluation.robustness.tools import Tool
from likelihand.geometry import FloatArray, Image, box_length, box_of_points, points_inside, transform_points
from likelihand.structures import Hand, Record
from likelihand.uncertainty import REACH, mahalanobis, size_of_hand

BoolArray: TypeAlias = NDArray[np.bool_]
Key: TypeAlias = tuple[int, str, str]
"""Index of the hand, name of the condition, name of the tool."""

_DIGITS: Final = 5
"""Of what is written: the same on any number of threads, whose sums differ in the last bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The result of a tool for one hand under one condition.

    Attributes:
        index: of the hand in its data set.
        condition: its name.
        tool: its name.
        dataset: the hand's source.
        found: whether a hand was found whose box overlaps the labelled one; always with given boxes.
        others: hands found in the picture that no label names.
        asked: (21,) labelled keypoints that the condition left in the picture.
        cut: (21,) labelled keypoints that the condition cut away.
        error: (21,) distance in shares of the hand's true size; NaN where not found or not labelled.
        near: (21,) whether it is within 10 % of the size of the estimated hand, of which `confidence` speaks.
        confidence: (21,) what the tool says of that; NaN where it says nothing.
        level: (21,) of the smallest region that holds the truth, 0..1; NaN where the tool states none.
    """

    index: int
    condition: str
    tool: str
    dataset: str
    found: bool
    others: int
    asked: BoolArray
    cut: BoolArray
    error: FloatArray
    near: BoolArray
    confidence: FloatArray
    level: FloatArray

    @property
    def key(self) -> Key:
        """What names this outcome."""
        return self.index, self.condition, self.tool

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, null in place of NaN."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: _plain(v) if isinstance(v, np.ndarray) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Outcome":
        """Read what `to_json` returned.

        Raises:
            ValueError: a part is missing or of another kind.
        """
        try:
            arrays: dict[str, Any] = {n: np.array(values[n], bool) for n in ("asked", "cut", "near")}
            arrays |= {n: np.array(values[n], np.float64) for n in ("error", "confidence", "level")}
            plain = {n: values[n] for n in ("index", "condition", "tool", "dataset", "found", "others")}
            if any(array.shape != (21,) for array in arrays.values()):
                raise ValueError("arrays of other lengths than 21")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"no outcome of a hand ({error}); measure again") from error
        return cls(**plain, **arrays)


def _plain(array: NDArray[Any]) -> list[Any]:
    if array.dtype == bool:
        return [int(value) for value in array]
    return [None if np.isnan(value) else round(float(value), _DIGITS) for value in array]


def measure(
    tools: Sequence[Tool],
    dataset: Dataset,
    conditions: Sequence[Condition],
    *,
    seed: int = 0,
    boxes: bool = False,
    indices: Sequence[int] | None = None,
    done: Collection[Key] = (),
    progress: bool = True,
) -> Iterator[Outcome]:
    """Run every tool on every hand under every condition.

    A hand is found if the tight box of a found hand's points, of those that are labelled, overlaps that of its
    labels by an IoU of 0.3, one to one among the hands that are labelled in the picture.

    Args:
        tools: what looks.
        dataset: labelled hands; those with fewer than two labelled keypoints are passed over.
        conditions: what happens to their pictures.
        seed: of the conditions.
        boxes: whether each hand's box is given, cut to the picture; else whole pictures are searched.
        indices: which hands; all where None.
        done: what need not be measured again.
        progress: shows a bar on standard error.

    Yields:
        Outcomes, hand by hand.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> from likelihand.evaluation.robustness.conditions import chosen
        >>> class Nothing:
        ...     name, sure = "nothing", False
        ...     def __call__(self, image, box):
        ...         return []
        >>> [o.found for o in measure([Nothing()], DrawnHands(2), chosen(["grey", "dark"]), progress=False)]
        [False, False, False, False]
    """
    chosen = list(range(len(dataset)) if indices is None else indices)
    left = set(done)
    names = [(condition.name, tool.name) for condition in conditions for tool in tools]
    neighbours = {} if boxes else _neighbours(dataset, chosen)

    def load(index: int) -> _Seen | None:
        record = dataset.record(index)
        if all((index, *name) in left for name in names) or not _sized(record):
            return None
        return _Seen(index, record, record.read(), [dataset.record(i) for i in neighbours.get(index, ())])

    for loaded in batches(chosen, load, batch_size=1, progress=progress, name="robustness"):
        for seen in filter(None, loaded):
            for condition in conditions:
                asked = [tool for tool in tools if (seen.index, condition.name, tool.name) not in left]
                if asked:
                    picture = _Picture.of(condition, seen, seed)
                    yield from (_outcome(tool, picture, boxes) for tool in asked)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A hand, its picture, and the other hands that are labelled in it."""

    index: int
    record: Record
    image: Image
    beside: Sequence[Record]


def _sized(record: Record) -> bool:
    return bool(record.labelled.any()) and box_length(box_of_points(record.points, record.labelled)) > 0


def _neighbours(dataset: Dataset, indices: Sequence[int]) -> dict[int, list[int]]:
    """Map each hand to the others that are labelled in the same picture: of one group, with the same pixels."""
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for index in range(len(dataset)):
        record = dataset.record(index)
        groups[record.dataset, record.group or record.key].append(index)
    wanted, neighbours = set(indices), {}
    for group in groups.values():
        if len(group) < 2 or wanted.isdisjoint(group):
            continue
        pictures = {i: picture_id(record := dataset.record(i), record.read()) for i in group}
        for i in wanted.intersection(group):
            neighbours[i] = [j for j in group if j != i and pictures[j] == pictures[i]]
    return neighbours


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """A changed picture and what is true of it.

    Attributes:
        condition: name of the change.
        index: of the hand.
        image: changed.
        record: the hand.
        points: (21, 2) of the hand in the changed picture.
        labelled: (21,).
        inside: (21,) false for what the change cut away.
        boxes: (1 + N, 4), the hand's tight box and those of its neighbours.
        named: (1 + N, 21), which keypoints they lie around.
        given: (4,) the hand's own box, as far as it lies in the picture.
    """

    condition: str
    index: int
    image: Image
    record: Record
    points: FloatArray
    labelled: BoolArray
    inside: BoolArray
    boxes: FloatArray
    named: BoolArray
    given: FloatArray

    @classmethod
    def of(cls, condition: Condition, seen: _Seen, seed: int) -> "_Picture":
        index, record, image = seen.index, seen.record, seen.image
        changed, matrix = condition.apply(image, record, index, seed)
        points = transform_points(matrix, record.points)
        hands = [record, *seen.beside]
        tight = [box_of_points(transform_points(matrix, r.points), r.visibility) for r in hands]
        given = transform_points(matrix, record.box.reshape(2, 2))
        if changed.shape != image.shape:
            given = np.clip(given, 0, changed.shape[1::-1])
        before, after = points_inside(record.points, image.shape[:2]), points_inside(points, changed.shape[:2])
        return cls(
            condition=condition.name,
            index=index,
            image=changed,
            record=record,
            points=points,
            labelled=record.labelled,
            inside=after | ~before,
            boxes=np.array(tight),
            named=np.array([r.labelled for r in hands]),
            given=given.reshape(4),
        )

    def match(self, found: Sequence[Hand]) -> NDArray[np.int64]:
        """Return the positions (1 + N,) of the hands in what was found, -1 for one that was not."""
        boxes = [[box_of_points(hand.points, named) for named in self.named] for hand in found]
        return match_boxes(np.array(boxes).reshape(-1, len(self.named), 4), self.boxes)


def _outcome(tool: Tool, picture: _Picture, boxes: bool) -> Outcome:
    """Run a tool on a changed picture and compare the hand that it finds with the truth."""
    found = tool(picture.image, picture.given if boxes else None)
    hand: Hand | None
    if boxes:
        hand, others = found[0], 0
    else:
        matched = picture.match(found)
        hand = found[matched[0]] if matched[0] >= 0 else None
        others = len(found) - int((matched >= 0).sum())
    return Outcome(
        index=picture.index,
        condition=picture.condition,
        tool=tool.name,
        dataset=picture.record.dataset,
        found=hand is not None,
        others=others,
        asked=picture.labelled & picture.inside,
        cut=picture.labelled & ~picture.inside,
        **_compared(hand, picture, tool.sure),
    )


def _compared(hand: Hand | None, picture: _Picture, sure: bool) -> dict[str, Any]:
    """Compare a hand's points and their stated uncertainty with the truth."""
    nothing = np.full(21, np.nan)
    if hand is None:
        return {"error": nothing, "near": np.zeros(21, bool), "confidence": nothing, "level": nothing}
    residual = np.where(picture.labelled[:, None], picture.points - hand.points, np.nan)
    away = np.linalg.norm(residual, axis=1)
    return {
        "error": away / box_length(picture.boxes[0]),
        "near": away <= REACH * size_of_hand(hand.points),
        "confidence": hand.confidence if sure else nothing,
        "level": hand.radial.level(mahalanobis(residual, hand.covariance)) if sure else nothing,
    }
