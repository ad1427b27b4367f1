"""What a study trains and tests on."""

from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from likelihand.data.dataset import Dataset
from likelihand.data.drawn import DrawnHands
from likelihand.training.describe import describe_data

TEST: Final = "held-out"
REAL: Final = "real photos"


@dataclass(frozen=True)
class Hands:
    """The data of a study.

    Attributes:
        train: rightly labelled training hands.
        test: held-out hands, rightly labelled.
        real: photos as a further test set, kept apart in the report; None for none.
        name: in one line, for the report.
    """

    train: Dataset
    test: Dataset
    real: Dataset | None = None
    name: str = ""

    @property
    def tests(self) -> dict[str, Dataset]:
        """The test sets by name."""
        return {TEST: self.test} | ({REAL: self.real} if self.real is not None else {})

    def to_json(self) -> dict[str, Any]:
        """Describe the data; a study that is resumed must have the same."""
        told = {"train": describe_data(self.train) or {}, "test": describe_data(self.test) or {}}
        kept = ("class", "samples", "seed", "split")
        return {name: {key: about[key] for key in kept if key in about} for name, about in told.items()}


@dataclass(frozen=True)
class Pictures:
    """Pictures that the study makes for itself.

    Attributes:
        train: number of training pictures.
        test: number of test pictures.
        size: their side in pixels.
        backgrounds: folder of photos without hands; generated clutter where None.
        full: all that the renderer can do; by default hands stand upright and alone, hold nothing and have nothing
            before them, so that small networks get past the beginning in a short training.
        drawn: draws hands of a few strokes even where hands could be rendered.
    """

    train: int = 8000
    test: int = 600
    size: int = 96
    backgrounds: Path | None = None
    full: bool = False
    drawn: bool = False
    _seeds: tuple[int, int] = field(default=(101, 202), repr=False)

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
        if not self.rendered:
            first, second = self._seeds
            name = f"drawn hands, {self.train} to train on, {self.test} held out"
            drawn = DrawnHands(self.train, seed=first, size=self.size)
            return Hands(drawn, DrawnHands(self.test, seed=second, size=self.size), name=name)
        train = self._shards(out / "train", self.train, self._seeds[0], processes)
        test = self._shards(out / "test", self.test, self._seeds[1], processes)
        photos = "photos" if self.backgrounds else "generated clutter"
        kind = "rendered hands" if self.full else "upright rendered hands"
        name = f"{kind} before {photos}, {self.train} to train on, {self.test} held out"
        return Hands(train, test, name=name)

    def _shards(self, out: Path, count: int, seed: int, processes: int) -> Dataset:
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
