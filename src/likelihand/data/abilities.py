"""Optional abilities of a data set beside its records.

A reader, or a data set of your own, that has such a method or attribute is asked; of any other the library finds
out what it can by going through the records.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from likelihand.structures import SceneSample

if TYPE_CHECKING:
    from likelihand.data.augment import Augmentation


@runtime_checkable
class Named(Protocol):
    """A data set with a name, by which reports call it."""

    name: str


@runtime_checkable
class Grouped(Protocol):
    """A data set that lists every record's group without making the records."""

    def groups(self) -> Sequence[str]:
        """List every record's group."""
        ...


@runtime_checkable
class Keyed(Protocol):
    """A data set that lists every record's key without making the records."""

    def keys(self) -> Sequence[str]:
        """List every record's key."""
        ...


@runtime_checkable
class Composed(Protocol):
    """A data set that is made of others."""

    def parts(self) -> Sequence[object]:
        """List the data sets it is made of."""
        ...


@runtime_checkable
class Described(Protocol):
    """A data set that describes its settings, for the description of a run."""

    def about(self) -> Mapping[str, str | int | float]:
        """Return the settings by name, as split, root, seed and size."""
        ...


@runtime_checkable
class Doubtful(Protocol):
    """A reader that could not understand part of its file.

    Attributes:
        problems: one line each.
    """

    problems: Sequence[str]


@runtime_checkable
class LeavesOut(Protocol):
    """A data set that leaves out some of its source.

    Attributes:
        left_out: how many, by reason.
    """

    left_out: Mapping[str, int]


@runtime_checkable
class Published(Protocol):
    """A data set whose number of records is known.

    Attributes:
        expected_count: that number; None where only a part of it is here.
    """

    @property
    def expected_count(self) -> int | None:
        """The published number of records; None where only a part of it is here."""
        ...


@runtime_checkable
class SampleDataset(Protocol):
    """A data set that makes its own samples for training, as whole pictures for a detector; see `SceneMix`."""

    def __len__(self) -> int:
        """Count the pictures."""
        ...

    def key(self, index: int) -> str:
        """Return a readable name of the picture at `index`."""
        ...

    def sample(
        self, index: int, size: tuple[int, int], rng: np.random.Generator, augmentation: "Augmentation | None"
    ) -> SceneSample:
        """Make a network's input of (height, width) `size` of the picture at `index`."""
        ...


def name_of(dataset: object) -> str:
    """Return a data set's name, or that of its class where it has none."""
    return (dataset.name if isinstance(dataset, Named) else "") or type(dataset).__name__
