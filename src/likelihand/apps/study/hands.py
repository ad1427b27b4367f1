"""What a study trains and tests on."""

from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from likelihand.data.dataset import Dataset, Subset
from likelihand.data.drawn import DrawnHands
from likelihand.geometry import Image
from likelihand.structures import Record
from likelihand.training.describe import describe_data

TEST: Final = "held-out"
REAL: Final = "real photos"


class InMemory:
    """A data set whose pictures are decoded once and stay in memory.

    Args:
        dataset: small pictures; all of them are read at once.

    Example:
        >>> hands = InMemory(DrawnHands(2, size=48))
        >>> hands.record(1).read() is hands.record(1).read()
        True
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._records: list[Record] = []

    def __len__(self) -> int:
        """Count the records."""
        return len(self.dataset)

    def __getstate__(self) -> dict[str, Any]:
        return {"dataset": self.dataset, "_records": []}

    def record(self, index: int) -> Record:
        """Return the record at `index`; the first call reads all pictures."""
        if not self._records:
            self._records = [_decoded(self.dataset.record(i)) for i in range(len(self))]
        return self._records[index]


def _decoded(record: Record) -> Record:
    return replace(record, read=partial(_same, record.read()))


def _same(image: Image) -> Image:
    return image


@dataclass(frozen=True)
class Hands:
    """The data of a study.

    Attributes:
        train: rightly labelled training hands.
        validation: held-out hands on which learning rates are chosen, and nothing is reported.
        test: held-out hands on which nothing is chosen.
        real: photos as a further test set, kept apart in the report; None for none.
        name: in one line, for the report.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    real: Dataset | None = None
    name: str = ""

    @property
    def tests(self) -> dict[str, Dataset]:
        """The test sets by name."""
        return {TEST: self.test} | ({REAL: self.real} if self.real is not None else {})

    def first(self, pictures: int | None) -> "Hands":
        """Return the same with the first so many training hands; all where None."""
        if pictures is None or pictures >= len(self.train):
            return self
        return replace(self, train=Subset(self.train, range(pictures)))

    def to_json(self) -> dict[str, Any]:
        """Describe the data; a study that is resumed must have the same."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        kept = ("samples", "seed", "split")
        about = {name: describe_data(data) or {} for name, data in parts.items()}
        return {name: {key: one[key] for key in kept if key in one} for name, one in about.items()}


@dataclass(frozen=True)
class Pictures:
    """Pictures that the study makes for itself.

    Attributes:
        train: number of training pictures.
        validation: number of validation pictures.
        test: number of test pictures.
        size: their side in pixels.
        backgrounds: folder of photos without hands; generated clutter where None.
        full: all that the renderer can do; by default hands stand upright and alone, hold nothing and have nothing
            before them, so that small networks get past the beginning in a short training.
        drawn: draws hands of a few strokes even where hands could be rendered.
    """

    train: int = 5000
    validation: int = 500
    test: int = 1000
    size: int = 96
    backgrounds: Path | None = None
    full: bool = False
    drawn: bool = False
    _seeds: tuple[int, int, int] = field(default=(101, 303, 202), repr=False)

    @property
    def rendered(self) -> bool:
        """Whether hands are rendered; drawn where Numba is missing."""
        return not self.drawn and find_spec("numba") is not None

    def make(self, out: Path, processes: int = 1) -> Hands:
        """Render the hands, those that are missing, or draw them.

        Args:
            out: folder of the pictures.
            processes: that render at a time.

        Raises:
            ValueError: the folder was begun with other settings.
        """
        counts = {"train": self.train, "validation": self.validation, "test": self.test}
        made = {
            name: InMemory(self._part(out / f"{name}-{count}", count, seed, processes))
            for (name, count), seed in zip(counts.items(), self._seeds, strict=True)
        }
        return Hands(made["train"], made["validation"], made["test"], name=self._name())

    def _name(self) -> str:
        kind = "rendered hands" if self.full else "upright rendered hands"
        before = f"{kind} before {'photos' if self.backgrounds else 'generated clutter'}"
        what = before if self.rendered else "drawn hands"
        return f"{what}, {self.train} to train on, {self.validation} to choose on, {self.test} held out"

    def _part(self, out: Path, count: int, seed: int, processes: int) -> Dataset:
        if not self.rendered:
            return DrawnHands(count, seed=seed, size=self.size)
        from likelihand.data.shards import Shards, write_shards
        from likelihand.data.synthetic import Synthetic
        from likelihand.synth import SynthOptions

        plain = SynthOptions(viewpoints="upright", objects=False, second_hand=False)
        options = SynthOptions() if self.full else plain
        hands = Synthetic(count, seed, self.size, self.backgrounds, options)
        about = {"seed": seed, "size": self.size, "backgrounds": str(self.backgrounds or "")}
        describe: dict[str, object] = {**about, **asdict(options)}
        write_shards(hands, out, length=500, processes=processes, describe=describe)
        return Shards(out)
