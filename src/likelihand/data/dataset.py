"""What a data set is, checks of its records, and ways to join, select and split data sets."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence, Sized
from itertools import accumulate
from typing import Final, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from tqdm import tqdm

from likelihand.data.abilities import Composed, Grouped, Keyed, SampleDataset
from likelihand.geometry import box_length, box_of_points, check_box
from likelihand.structures import Record, Visibility

FAR: Final = 2.0
"""A labelled keypoint may lie this many box lengths outside its box; further out it is a wrong label."""


@runtime_checkable
class Dataset(Protocol):
    """Anything that holds labelled hands: a length and a record for each index.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> isinstance(DrawnHands(3), Dataset)
        True
    """

    def __len__(self) -> int:
        """Count the records."""
        ...

    def record(self, index: int) -> Record:
        """Return the record at `index`.

        Raises:
            IndexError: the index is not in 0..len - 1.
            OSError: what it is read from is missing.
            ValueError: a label cannot be right; one line that names the record.
        """
        ...


TrainingData: TypeAlias = Dataset | SampleDataset

SMALLEST: Final = 2.0
"""Three or more keypoints of a hand lie further apart than this, in pixels."""

D = TypeVar("D", bound=Dataset)
Part = TypeVar("Part", bound=Sized)


def check_reading(pixel_centre: float, box: str) -> None:
    """Check how a reader is told to read coordinates and boxes.

    Raises:
        ValueError: the centre is neither 0 nor 0.5, or the box neither "annotation" nor "keypoints".
    """
    if pixel_centre not in (0.0, 0.5):
        raise ValueError(f"pixel_centre {pixel_centre} is not 0 (pixels counted) or 0.5 (corner origin)")
    if box not in ("annotation", "keypoints"):
        raise ValueError(f"box {box!r} is unknown; give 'annotation' or 'keypoints'")


def check_index(index: int, length: int, name: str) -> int:
    """Return the index after checking it; a negative one is refused too.

    Raises:
        IndexError: the index is not in 0..length - 1.

    Example:
        >>> check_index(3, 3, "RHD")
        Traceback (most recent call last):
        IndexError: index 3 is outside RHD, which holds 3 records; give 0 to 2
    """
    if not 0 <= index < length:
        raise IndexError(f"index {index} is outside {name}, which holds {length} records; give 0 to {length - 1}")
    return int(index)


def record_problems(record: Record) -> list[str]:
    """List what is wrong with a record's labels, one line each; empty where nothing is."""
    if np.shape(record.points) != (21, 2) or np.shape(record.visibility) != (21,):
        shapes = f"{np.shape(record.points)} and {np.shape(record.visibility)}"
        return [f"{record.key}: points and visibility have shapes {shapes}; give (21, 2) and (21,)"]
    try:
        box = check_box(record.box)
    except ValueError as error:
        return [f"{record.key}: {error}"]
    problems = []
    if not np.isin(record.visibility, [code.value for code in Visibility]).all():
        codes = sorted(set(np.asarray(record.visibility).tolist()))
        problems.append(f"{record.key}: visibility {codes} holds other codes than 0, 1 and 2")
    labelled = np.asarray(record.visibility) != Visibility.UNLABELLED
    bad = labelled & ~np.isfinite(record.points).all(1)
    if bad.any():
        problems.append(f"{record.key}: labelled keypoints {np.flatnonzero(bad).tolist()} are not finite")
    reach = FAR * box_length(box)
    with np.errstate(invalid="ignore"):
        outside = (record.points < box[:2] - reach) | (record.points > box[2:] + reach)
    if labelled.sum() >= 3 and not bad.any() and box_length(box_of_points(record.points, labelled)) < SMALLEST:
        problems.append(
            f"{record.key}: the labelled keypoints lie within {SMALLEST:g} pixels; "
            "are they shares of the picture, from 0 to 1? Multiply them by its width and height"
        )
    far = labelled & ~bad & outside.any(1)
    if far.any():
        which = np.flatnonzero(far).tolist()
        problems.append(f"{record.key}: keypoints {which} lie over {FAR:g} box lengths outside the box")
    return problems


class LabelError(ValueError):
    """Labels that cannot be right.

    Attributes:
        record: the hand, as its reader would have given it; None where the error comes from another process.
    """

    def __init__(self, message: str, record: Record | None = None) -> None:
        super().__init__(message)
        self.record = record


def check_record(record: Record) -> Record:
    """Return the record after checking its labels.

    Raises:
        LabelError: a label is not finite or far outside the box, the box is empty, or a shape is wrong; one
            line that begins with the sample's key.

    Example:
        >>> from dataclasses import replace
        >>> from likelihand.data.drawn import DrawnHands
        >>> check_record(replace(DrawnHands(1).record(0), box=np.zeros(4), key="a.jpg"))
        Traceback (most recent call last):
        likelihand.data.dataset.LabelError: a.jpg: box [0.0, 0.0, 0.0, 0.0] is empty; give (x0, y0, x1, y1) ...
    """
    if not _is_sound(record):
        raise LabelError(
            f"{'; '.join(record_problems(record))}; `likelihand audit` lists such hands, "
            "`likelihand train --leave-out suspects.csv` leaves them out",
            record,
        )
    return record


def key_of(dataset: TrainingData, index: int) -> str:
    """Return the key of the record or picture at `index`, also where its labels cannot be right."""
    if isinstance(dataset, SampleDataset):
        return dataset.key(index)
    try:
        return dataset.record(index).key
    except LabelError as error:
        if error.record is None:
            raise
        return error.record.key


def _is_sound(record: Record) -> bool:
    """Say quickly whether `record_problems` would find nothing: every sample of a training run passes here."""
    points, visibility, box = record.points, record.visibility, record.box
    if np.shape(points) != (21, 2) or np.shape(visibility) != (21,) or np.shape(box) != (4,):
        return False
    x0, y0, x1, y1 = box.tolist()
    reach = FAR * max(x1 - x0, y1 - y0)
    if not (x0 < x1 and y0 < y1 and reach < np.inf and visibility.min() >= 0 and visibility.max() <= 2):
        return False
    labelled = points[visibility != 0]
    if not len(labelled):
        return True
    (left, top), (right, bottom) = labelled.min(0).tolist(), labelled.max(0).tolist()
    if len(labelled) >= 3 and max(right - left, bottom - top) < SMALLEST:
        return False
    return bool(x0 - reach <= left <= right <= x1 + reach and y0 - reach <= top <= bottom <= y1 + reach)


class Joined(Generic[Part]):
    """Parts whose contents are counted through, one part after the other.

    Args:
        parts: anything with a length.
        name: of the whole, for messages.

    Raises:
        ValueError: no part is given.

    Example:
        >>> Joined(["ab", "cde"], "the whole").place(2)
        ('cde', 0)
    """

    def __init__(self, parts: Iterable[Part], name: str) -> None:
        self._parts, self._name = tuple(parts), name
        if not self._parts:
            raise ValueError(f"{name} has no part; give at least one")
        self._ends = list(accumulate(map(len, self._parts)))

    def __len__(self) -> int:
        """Count what all parts hold."""
        return self._ends[-1]

    def parts(self) -> tuple[Part, ...]:
        """List the parts."""
        return self._parts

    def place(self, index: int) -> tuple[Part, int]:
        """Return the part that an index counted through all parts falls into, and the index within it."""
        index = check_index(index, len(self), self._name)
        number = bisect_right(self._ends, index)
        return self._parts[number], index - (self._ends[number - 1] if number else 0)


class Concatenated(Joined[Dataset]):
    """Several data sets as one, in order.

    Args:
        datasets: the parts, at least one.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> both = Concatenated([DrawnHands(2), DrawnHands(3, seed=1)])
        >>> len(both), both.record(2).key
        (5, 'drawn 1/0')
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        super().__init__(datasets, "the concatenated data set")

    def record(self, index: int) -> Record:
        """Return the record at `index` counted through the parts."""
        part, inner = self.place(index)
        return part.record(inner)

    def groups(self) -> list[str]:
        """List every record's group."""
        return [f"{i}:{group}" for i, part in enumerate(self.parts()) for group in groups_of(part)]

    def keys(self) -> list[str]:
        """List every record's key."""
        return [key for part in self.parts() for key in keys_of(part)]


class Repeated:
    """A data set several times over: a way to give it more weight among `Concatenated` parts.

    Args:
        dataset: the whole.
        times: how often each record comes, at least once; each time with an index, and so an augmentation, of its
            own.

    Raises:
        ValueError: less than once.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> twice = Repeated(DrawnHands(3), times=2)
        >>> len(twice), twice.record(4).key
        (6, 'drawn 0/1')
    """

    def __init__(self, dataset: Dataset, times: int) -> None:
        if times < 1:
            raise ValueError(f"times {times}: expected 1 or more")
        self.dataset, self.times = dataset, times

    def __len__(self) -> int:
        """Count the records, each as often as it comes."""
        return len(self.dataset) * self.times

    def record(self, index: int) -> Record:
        """Return the record at `index` counted through the repetitions."""
        return self.dataset.record(check_index(index, len(self), "the repeated data set") % len(self.dataset))

    def parts(self) -> tuple[Dataset]:
        """List the whole."""
        return (self.dataset,)

    def groups(self) -> list[str]:
        """List every record's group."""
        return groups_of(self.dataset) * self.times

    def keys(self) -> list[str]:
        """List every record's key."""
        return keys_of(self.dataset) * self.times


class Subset:
    """Some records of a data set, in the given order.

    Args:
        dataset: the whole.
        indices: positions in the whole.

    Raises:
        IndexError: a position is outside the whole.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> Subset(DrawnHands(9), [7, 3]).record(1).key
        'drawn 0/3'
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = tuple(check_index(int(i), len(dataset), "the data set") for i in indices)

    def __len__(self) -> int:
        """Count the chosen records."""
        return len(self.indices)

    def record(self, index: int) -> Record:
        """Return the record at `index` of the choice."""
        return self.dataset.record(self.indices[check_index(index, len(self), "the subset")])

    def parts(self) -> tuple[Dataset]:
        """List the whole."""
        return (self.dataset,)

    def groups(self) -> list[str]:
        """List every record's group."""
        groups = groups_of(self.dataset)
        return [groups[i] for i in self.indices]

    def keys(self) -> list[str]:
        """List every record's key."""
        keys = keys_of(self.dataset)
        return [keys[i] for i in self.indices]


def groups_of(dataset: Dataset) -> list[str]:
    """List every record's group; a record without one is a group of its own.

    A data set that has a method `groups()` is asked (quick); of any other every record is made.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> groups_of(DrawnHands(2))
        ['drawn 0/0', 'drawn 0/1']
    """
    if isinstance(dataset, Grouped):
        return list(dataset.groups())
    return [dataset.record(i).inseparable for i in range(len(dataset))]


def keys_of(dataset: Dataset) -> list[str]:
    """List every record's key, by which lists of bad labels name it, as `groups_of` lists groups."""
    if isinstance(dataset, Keyed):
        return list(dataset.keys())
    total = len(dataset)
    return [key_of(dataset, i) for i in tqdm(range(total), desc="keys", unit="hand", leave=False, disable=None)]


def parts_of(dataset: object) -> list[object]:
    """List a data set and those it is made of, to the bottom.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> [type(part).__name__ for part in parts_of(Subset(Concatenated([DrawnHands(2)]), [0]))]
        ['Subset', 'Concatenated', 'DrawnHands']
    """
    inner = dataset.parts() if isinstance(dataset, Composed) else ()
    return [dataset, *(part for other in inner for part in parts_of(other))]


def split(dataset: Dataset, fraction: float, seed: int = 0) -> tuple[Subset, Subset]:
    """Split a data set in two; records of one group (pictures of one moment) stay on the same side.

    Args:
        dataset: the whole.
        fraction: share of the groups, between 0 and 1, that the second part gets; at least one group.
        seed: another seed, another split; the same seed gives the same split on any machine.

    Returns:
        The larger remainder (training) and the held-out part (validation).

    Raises:
        ValueError: the fraction is not between 0 and 1, or fewer than two groups exist.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> training, validation = split(DrawnHands(10), 0.2)
        >>> len(training), len(validation)
        (8, 2)
    """
    groups = np.array(groups_of(dataset))
    names = np.unique(groups)
    if not 0 < fraction < 1:
        raise ValueError(f"fraction {fraction} is not between 0 and 1; give the held-out share, as 0.1")
    if len(names) < 2:
        raise ValueError(f"the data set has {len(names)} group(s); a split needs two or more")
    count = min(max(round(fraction * len(names)), 1), len(names) - 1)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    held_out = np.isin(groups, rng.permutation(names)[:count])
    first, second = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    return Subset(dataset, first.tolist()), Subset(dataset, second.tolist())
